//! Domain values as rows, and back. Both dialects use the same text.

use std::borrow::Cow;
use std::sync::Arc;

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
    Answer {
        answer: Box<Answer>,
        now: Timestamp,
    },
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
            Write::Answer { answer, now } => Self::Answer { answer, now },
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
