//! Domain values as rows, and back. Both dialects use the same text.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use scheduler_core::domain::{Answer, AuditEntry, Change, Range, Record, Run, RunId, Timestamp, Write};
use serde::Serialize;

use crate::error::{Cause, unreadable};
use crate::state;

/// A change whose rows are made, so that a writer only has to bind them.
pub(crate) struct Prepared {
    pub(crate) expected: u64,
    pub(crate) next: Arc<Record>,
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) state: String,
    pub(crate) rows: Vec<Row>,
}

/// A row that is written with a record.
pub(crate) enum Row {
    Run {
        id: RunId,
        state: &'static str,
        trigger: &'static str,
        finished: Option<i64>,
        body: String,
        log: Option<String>,
    },
    Range {
        first: i64,
        last: i64,
        body: String,
    },
    Audit {
        id: Arc<str>,
        seq: u64,
        operation: &'static str,
        actor: Arc<str>,
        body: String,
    },
    Answer(Box<Answer>),
    Connection(Option<String>),
    Token {
        id: Arc<str>,
        body: String,
    },
    RevokeToken(Arc<str>),
}

impl Prepared {
    pub(crate) fn new(change: Change) -> Result<Self, Cause> {
        let Change { expected, next, due_at, writes } = change;
        let state = state::write(&next)?;
        let rows = writes.into_iter().map(Row::new).collect::<Result<_, _>>()?;
        Ok(Self { expected, next, due_at, state, rows })
    }
}

impl Row {
    fn new(write: Write) -> Result<Self, Cause> {
        Ok(match write {
            Write::Run(run) => Self::run(&run)?,
            Write::Occurrences(range) => Self::Range {
                first: range.first.millis(),
                last: range.last.millis(),
                body: text(&range, "range")?,
            },
            Write::Audit(entry) => Self::Audit {
                seq: entry.seq,
                operation: entry.operation.as_str(),
                body: text(&entry, "audit entry")?,
                id: entry.id.clone(),
                actor: entry.actor.clone(),
            },
            Write::Answer(answer) => Self::Answer(answer),
            Write::Connection(sealed) => {
                Self::Connection(sealed.map(|sealed| text(&sealed, "connection")).transpose()?)
            }
            Write::Token(token) => Self::Token { body: text(&token, "token")?, id: token.id },
            Write::RevokeToken(id) => Self::RevokeToken(id),
        })
    }

    fn run(run: &Run) -> Result<Self, Cause> {
        // The log lies beside the rest, which lists do without.
        let bare = match run.log.is_empty() {
            true => Cow::Borrowed(run),
            false => Cow::Owned(Run { log: Vec::new(), ..run.clone() }),
        };
        Ok(Self::Run {
            state: run.state.as_str(),
            trigger: run.trigger.as_str(),
            finished: run.finished.map(Timestamp::millis),
            body: text(&*bare, "run")?,
            log: (!run.log.is_empty()).then(|| text(&run.log, "run")).transpose()?,
            id: run.run_id.clone(),
        })
    }
}

fn text(value: &impl Serialize, what: &'static str) -> Result<String, Cause> {
    serde_json::to_string(value).map_err(|_| Cause::Unwritable(what))
}

/// Reads what `text` wrote.
pub(crate) fn read<T: serde::de::DeserializeOwned>(text: &str, what: &'static str) -> Result<T, Cause> {
    serde_json::from_str(text).map_err(unreadable(what))
}

pub(crate) fn run(body: &str, log: Option<&str>) -> Result<Run, Cause> {
    let mut run: Run = read(body, "run")?;
    if let Some(log) = log {
        run.log = read(log, "run")?;
    }
    Ok(run)
}

pub(crate) fn range(body: &str) -> Result<Range, Cause> {
    read(body, "range")
}

pub(crate) fn entry(body: &str) -> Result<AuditEntry, Cause> {
    read(body, "audit entry")
}

/// The part of a window that is left of a cursor, as bounds on ids that sort by time.
pub(crate) struct Ids {
    /// Ids from here on.
    pub(crate) from: String,
    /// Ids before this one.
    pub(crate) until: String,
}

impl Ids {
    /// Above every id.
    const END: &'static str = "~";

    pub(crate) fn within(
        since: Option<Timestamp>,
        until: Option<Timestamp>,
        cursor: Option<&str>,
    ) -> Result<Self, Cause> {
        if cursor.is_some_and(|cursor| RunId::parse(cursor).is_none()) {
            return Err(Cause::Cursor);
        }
        let until = until.map_or_else(|| Self::END.to_owned(), first_id);
        let until = match cursor {
            Some(cursor) if cursor < until.as_str() => cursor.to_owned(),
            _ => until,
        };
        Ok(Self { from: since.map_or_else(String::new, first_id), until })
    }
}

/// What every id of `time` or later is at or above, and every earlier one is below.
fn first_id(time: Timestamp) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let time = u64::try_from(time.millis()).unwrap_or(0);
    (0..10).rev().map(|place| char::from(DIGITS[(time >> (place * 5) & 31) as usize])).collect()
}

/// Where a page of imported records ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) entity: String,
    pub(crate) id: String,
}

impl Place {
    /// An entity's name has no slash, so the first one parts it from the id.
    pub(crate) fn text(entity: &str, id: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(format!("{entity}/{id}"))
    }

    pub(crate) fn read(text: &str) -> Result<Self, Cause> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| Cause::Cursor)?;
        let text = String::from_utf8(bytes).map_err(|_| Cause::Cursor)?;
        let (entity, id) = text.split_once('/').ok_or(Cause::Cursor)?;
        Ok(Self { entity: entity.to_owned(), id: id.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scheduler_core::domain::{Key, Source, Tenant};

    #[test]
    fn an_instant_parts_the_ids_before_it_from_the_others() {
        let key = Key::new(Source::parse("acculynx").unwrap(), Tenant::parse("peakpro").unwrap());
        for millis in [1_800_000_000_000, 1_799_999_999_999, 946_684_800_001, 7_258_118_400_000] {
            let time = Timestamp::from_millis(millis);
            let bound = first_id(time);
            assert!(*RunId::new(&key, 1, time).as_str() >= *bound);
            assert!(*RunId::new(&key, 1, Timestamp::from_millis(millis - 1)).as_str() < *bound);
        }
    }

    #[test]
    fn a_place_is_read_as_written_and_nothing_else_is() {
        let place = Place { entity: "jobs".into(), id: "a/b ü".into() };

        assert_eq!(Place::read(&Place::text("jobs", "a/b ü")).unwrap(), place);
        for wrong in ["", "%", "am9icw"] {
            assert!(matches!(Place::read(wrong), Err(Cause::Cursor)), "{wrong}");
        }
    }
}
