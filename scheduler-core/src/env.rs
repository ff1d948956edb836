//! Settings out of environment variables, for hosts that have no command line.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// What a variable says, or `default` without it. `get` gives the value of a variable.
///
/// # Errors
///
/// The variable, and why its value makes no sense. The value is not shown.
pub fn or<T: FromStr>(get: impl Fn(&str) -> Option<String>, name: &str, default: T) -> Result<T, String>
where
    T::Err: Display,
{
    get(name).map_or(Ok(default), |value| value.parse().map_err(|problem| format!("{name}: {problem}")))
}

/// A whole number within `range`, or `default` without the variable.
///
/// # Errors
///
/// The variable, and the bounds that its value breaks. The value is not shown.
pub fn whole<T>(
    get: impl Fn(&str) -> Option<String>,
    name: &str,
    default: T,
    range: RangeInclusive<T>,
) -> Result<T, String>
where
    T: FromStr + PartialOrd + Display,
{
    let Some(value) = get(name) else { return Ok(default) };
    let number = value.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| format!("{name}: expected a whole number from {} to {}", range.start(), range.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_bounds() {
        let read = |value: Option<&str>| whole(|_| value.map(str::to_owned), "LEASE", 30, 5..=3600);
        assert_eq!(read(None), Ok(30));
        assert_eq!((read(Some("5")), read(Some("3600"))), (Ok(5), Ok(3600)));
        for wrong in ["4", "3601", "-5", "5.0", "five", ""] {
            assert_eq!(read(Some(wrong)), Err("LEASE: expected a whole number from 5 to 3600".into()));
        }
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let read = |value: &str| or(|_| Some(value.to_owned()), "OPEN", false);
        assert_eq!(read("true"), Ok(true));
        assert!(
            read("perhaps")
                .is_err_and(|problem| problem.starts_with("OPEN: ") && !problem.contains("perhaps"))
        );
    }
}
