//! How long an answer asks its caller to stay away.

use std::time::Duration;

use chrono::DateTime;
use scheduler_core::domain::Timestamp;
use scheduler_core::ports::HttpResponse;

/// Longer waits are cut to this.
const LONGEST: Duration = Duration::from_secs(3600);

/// Reads `Retry-After` (seconds or a date), else `RateLimit-Reset` in either spelling.
pub(crate) fn asked_to_wait(answer: &HttpResponse, now: Timestamp) -> Option<Duration> {
    let spelled = ["retry-after", "ratelimit-reset", "x-ratelimit-reset"];
    let wait = spelled.into_iter().find_map(|name| read(answer.header(name)?.trim(), now))?;
    Some(wait.clamp(Duration::from_secs(1), LONGEST))
}

/// Seconds from now, seconds since the epoch, or an HTTP date.
fn read(text: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = serde_json::from_slice::<f64>(text.as_bytes()) {
        return match seconds {
            epoch if (1e9..1e10).contains(&epoch) => {
                Some(Timestamp::from_secs(epoch as i64).duration_since(now))
            }
            seconds if (0.0..1e9).contains(&seconds) => Some(Duration::from_secs_f64(seconds)),
            _ => None,
        };
    }
    let date = DateTime::parse_from_rfc2822(text).ok()?;
    Some(Timestamp::from_millis(date.timestamp_millis()).duration_since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_ask_for_a_wait_is_understood() {
        type Headers<'a> = &'a [(&'a str, &'a str)];
        let cases: [(Headers<'_>, Option<u64>); 13] = [
            (&[("retry-after", "20")], Some(20)),
            (&[("retry-after", "0")], Some(1)),
            (&[("retry-after", "Sun, 01 Mar 2026 00:01:00 GMT")], Some(60)),
            (&[("retry-after", "Sat, 28 Feb 2026 00:01:00 GMT")], Some(1)),
            (&[("retry-after", "999999")], Some(3600)),
            (&[("retry-after", "soon"), ("ratelimit-reset", "7")], Some(7)),
            (&[("ratelimit-reset", "7")], Some(7)),
            (&[("x-ratelimit-reset", "1772323230")], Some(30)),
            (&[("x-ratelimit-reset", "8.5")], Some(8)),
            (&[("retry-after", "-4")], None),
            (&[("retry-after", "NaN")], None),
            (&[("retry-after", "")], None),
            (&[], None),
        ];
        let now = Timestamp::parse("2026-03-01T00:00:00Z").unwrap();
        for (headers, expected) in cases {
            let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
            let answer = HttpResponse { status: 429, headers, body: Default::default() };
            assert_eq!(asked_to_wait(&answer, now).map(|wait| wait.as_secs()), expected, "{answer:?}");
        }
    }
}
