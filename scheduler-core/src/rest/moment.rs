//! Instants as the contract writes them: once as epoch seconds, once as ISO 8601 text.

use serde::{Serialize, Serializer};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{RefOr, schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::Timestamp;

/// An instant as seconds since the epoch, with the milliseconds as fraction.
#[derive(Clone, Copy)]
pub(super) struct Epoch(pub(super) Timestamp);

/// An instant as ISO 8601 text in UTC with `Z`.
#[derive(Clone, Copy)]
pub(super) struct Iso(pub(super) Timestamp);

impl Serialize for Epoch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.epoch_secs())
    }
}

impl Serialize for Iso {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut buffer = [0; 24];
        serializer.serialize_str(write(self.0, &mut buffer))
    }
}

/// Writes what [`Timestamp::iso`] would, without allocating.
fn write(instant: Timestamp, buffer: &mut [u8; 24]) -> &str {
    let (days, millis) = (instant.millis().div_euclid(86_400_000), instant.millis().rem_euclid(86_400_000));
    let (year, month, day) = civil(days);
    let (seconds, fraction) = (millis / 1000, millis % 1000);
    buffer.copy_from_slice(b"0000-00-00T00:00:00.000Z");
    digits(&mut buffer[0..4], year);
    digits(&mut buffer[5..7], month);
    digits(&mut buffer[8..10], day);
    digits(&mut buffer[11..13], seconds / 3600);
    digits(&mut buffer[14..16], seconds / 60 % 60);
    digits(&mut buffer[17..19], seconds % 60);
    let length = if fraction == 0 {
        buffer[19] = b'Z';
        20
    } else {
        digits(&mut buffer[20..23], fraction);
        24
    };
    std::str::from_utf8(&buffer[..length]).unwrap_or_default()
}

fn digits(place: &mut [u8], mut number: i64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number.rem_euclid(10)).unwrap_or(0);
        number /= 10;
    }
}

/// The Gregorian date of a day since 1970-01-01: eras of 400 years that begin in March.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

impl PartialSchema for Epoch {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::Number))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Double)))
            .description(Some("Seconds since the Unix epoch, with the milliseconds as fraction."))
            .into()
    }
}

impl ToSchema for Epoch {}

impl PartialSchema for Iso {
    fn schema() -> RefOr<schema::Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("The same instant as ISO 8601 text in UTC with `Z`."))
            .into()
    }
}

impl ToSchema for Iso {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_the_same_as_that_of_the_domain() {
        let start = Timestamp::MIN.millis();
        for step in 0..20_000 {
            let instant = Timestamp::from_millis(start + step * 315_569_261 + step % 3);
            assert_eq!(write(instant, &mut [0; 24]), instant.iso());
        }
        assert_eq!(write(Timestamp::MAX, &mut [0; 24]), Timestamp::MAX.iso());
    }
}
