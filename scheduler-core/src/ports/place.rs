//! Places in lists, as stores give them out and take them back.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::StoreError;
use crate::domain::{RunId, Timestamp};

/// The part of a list of runs or audit entries that is left: bounds on ids, which sort by time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ids {
    /// Ids from here on.
    pub from: String,
    /// Ids before this one.
    pub until: String,
}

impl Ids {
    /// Above every id.
    const END: &'static str = "~";

    /// Ids of instants from `since` on and before `until` that are below the cursor.
    ///
    /// # Errors
    ///
    /// [`StoreError::Cursor`] when the cursor is no id.
    pub fn within(
        since: Option<Timestamp>,
        until: Option<Timestamp>,
        cursor: Option<&str>,
    ) -> Result<Self, StoreError> {
        if cursor.is_some_and(|cursor| RunId::parse(cursor).is_none()) {
            return Err(StoreError::Cursor);
        }
        let until = until.map_or_else(|| Self::END.to_owned(), RunId::floor);
        let until = match cursor {
            Some(cursor) if cursor < until.as_str() => cursor.to_owned(),
            _ => until,
        };
        Ok(Self { from: since.map_or_else(String::new, RunId::floor), until })
    }
}

/// Where a page of imported records ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The last record's kind.
    pub entity: String,
    /// The last record's name at the upstream.
    pub id: String,
}

impl Place {
    /// The cursor. An entity's name has no slash, so the first one parts it from the id.
    pub fn text(entity: &str, id: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(format!("{entity}/{id}"))
    }

    /// Reads a cursor.
    ///
    /// # Errors
    ///
    /// [`StoreError::Cursor`] when it is none.
    pub fn read(text: &str) -> Result<Self, StoreError> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| StoreError::Cursor)?;
        let text = String::from_utf8(bytes).map_err(|_| StoreError::Cursor)?;
        let (entity, id) = text.split_once('/').ok_or(StoreError::Cursor)?;
        Ok(Self { entity: entity.to_owned(), id: id.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Key, Source, Tenant};

    #[test]
    fn an_instant_parts_the_ids_before_it_from_the_others() {
        let key = Key::new(Source::parse("acculynx").unwrap(), Tenant::parse("peakpro").unwrap());
        for millis in [1_800_000_000_000, 1_799_999_999_999, 946_684_800_001, 7_258_118_400_000] {
            let time = Timestamp::from_millis(millis);
            let bound = RunId::floor(time);
            assert!(*RunId::new(&key, 1, time).as_str() >= *bound);
            assert!(*RunId::new(&key, 1, Timestamp::from_millis(millis - 1)).as_str() < *bound);
        }
    }

    #[test]
    fn a_place_is_read_as_written_and_nothing_else_is() {
        let place = Place { entity: "jobs".into(), id: "a/b ü".into() };

        assert_eq!(Place::read(&Place::text("jobs", "a/b ü")).unwrap(), place);
        for wrong in ["", "%", "am9icw"] {
            assert!(matches!(Place::read(wrong), Err(StoreError::Cursor)), "{wrong}");
        }
    }
}
