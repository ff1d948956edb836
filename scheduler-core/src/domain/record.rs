//! What is versioned: a tenant's record at a source, and the changes made to it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    AuditEntry, AuditHead, Bulk, Disposition, ErrorKind, Json, Key, Range, Run, RunId, RunState,
    SealedConnection, Spec, Stats, Timestamp, TokenRecord, Trigger,
};

/// A tenant's record at a source.
///
/// It outlives its schedule, so that revisions, fencing numbers and the audit chain never restart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Whose it is.
    pub key: Key,
    /// Counts every change: what a store compares. Zero is "not stored yet".
    pub version: u64,
    /// Counts the changes that an operator sees: what `If-Match` compares.
    pub revision: u64,
    /// The last fencing number given out.
    pub fence: u64,
    /// The end of the audit chain.
    pub audit: AuditHead,
    /// Slots up to here belong to schedules that were deleted.
    #[serde(default)]
    pub settled: Timestamp,
    /// The schedule; none once deleted.
    pub schedule: Option<Schedule>,
    /// The bulk command that is kept here, in a record of the control plane's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bulk: Option<Arc<Bulk>>,
}

impl Record {
    /// The record that a key has before anything was stored.
    pub fn new(key: Key) -> Self {
        Self {
            key,
            version: 0,
            revision: 0,
            fence: 0,
            audit: AuditHead::default(),
            settled: Timestamp::default(),
            schedule: None,
            bulk: None,
        }
    }
}

/// A tenant's schedule and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// What the operator asked for.
    pub spec: Arc<Spec>,
    /// When it was created.
    pub created: Timestamp,
    /// Slots of an interval schedule fall at `anchor + k * interval`.
    pub anchor: Timestamp,
    /// The slot at which it was created, which runs at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot0: Option<Timestamp>,
    /// Every slot up to here has its disposition.
    pub accounted: Timestamp,
    /// Slots after `accounted` up to here are run one by one, oldest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backlog: Option<Timestamp>,
    /// The last range that was stored, so that it can grow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<Tail>,
    /// Set while paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<Arc<Pause>>,
    /// Set while a run is in flight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Arc<Lease>>,
    /// A run to be started again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Arc<Retry>>,
    /// The upstream asked to wait until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Timestamp>,
    /// Set while the breaker is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breaker: Option<Arc<Breaker>>,
    /// Failed slots in a row.
    #[serde(default)]
    pub failures: u32,
    /// How the last run went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Arc<LastRun>>,
    /// What the puller wants to be told next time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Json>,
}

/// The one word that says how a schedule stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The last run succeeded.
    Ok,
    /// The last run failed.
    Error,
    /// An operator paused it.
    Paused,
    /// A run is in flight.
    Running,
    /// A failed run is about to be tried again, or the upstream asked to wait.
    Backoff,
    /// The breaker is open.
    Broken,
    /// Nothing ran yet.
    Never,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 7] =
        [Self::Ok, Self::Error, Self::Paused, Self::Running, Self::Backoff, Self::Broken, Self::Never];

    /// The name as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Broken => "broken",
            Self::Backoff => "backoff",
            Self::Error => "error",
            Self::Ok => "ok",
            Self::Never => "never",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

impl Schedule {
    /// The one word that says how it stands.
    pub fn state(&self) -> State {
        if self.run.is_some() {
            State::Running
        } else if self.pause.is_some() {
            State::Paused
        } else if self.breaker.is_some() {
            State::Broken
        } else if self.retry.is_some() || self.hold.is_some() {
            State::Backoff
        } else {
            match &self.last {
                None => State::Never,
                Some(last) if last.state == RunState::Succeeded => State::Ok,
                Some(_) => State::Error,
            }
        }
    }
}

/// The range that grows while slots keep ending alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tail {
    /// How they ended.
    pub disposition: Disposition,
    /// The first slot.
    pub first: Timestamp,
    /// How many slots there are.
    pub count: u64,
}

/// Why and since when a schedule is paused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Since when.
    pub since: Timestamp,
    /// It resumes by itself then.
    pub until: Option<Timestamp>,
    /// In the operator's words.
    pub reason: Option<Arc<str>>,
    /// Who paused it.
    pub actor: Arc<str>,
}

/// The right to run, until it expires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The run that holds it.
    pub run_id: RunId,
    /// Orders the holders; a store refuses what comes under an older number.
    pub fence: u64,
    /// Who runs it: `<instance>/<boot>`.
    pub worker: Arc<str>,
    /// When it ends unless it is renewed.
    pub until: Timestamp,
    /// Why the run was started.
    pub trigger: Trigger,
    /// The slot that it serves.
    pub slot: Option<Timestamp>,
    /// 1 for the first attempt at a slot.
    pub attempt: u16,
    /// When it was claimed.
    pub started: Timestamp,
    /// How long after its due instant it was claimed.
    pub lateness_ms: Option<u64>,
}

/// A run to be started again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// When, at the earliest.
    pub at: Timestamp,
    /// The slot that it serves; none for one that an operator had asked for.
    pub slot: Option<Timestamp>,
    /// Which attempt it will be.
    pub attempt: u16,
}

/// Why slots do not run, and when one is let through to try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    /// Since when.
    pub since: Timestamp,
    /// The failure that opened it.
    pub kind: ErrorKind,
    /// The first slot from here on is run to try.
    pub probe_at: Timestamp,
    /// Probes that have failed.
    pub probes: u32,
}

/// How the last run went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRun {
    /// Its name.
    pub run_id: RunId,
    /// How it ended.
    pub state: RunState,
    /// When it was claimed.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Timestamp,
    /// How long it took.
    pub duration_ms: u64,
    /// What it brought.
    pub stats: Stats,
    /// In words.
    pub message: Arc<str>,
    /// The class of its failure.
    pub error: Option<ErrorKind>,
}

/// The first answer to a request that carried an `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The principal and its key.
    pub name: Arc<str>,
    /// SHA-256 of the request.
    #[serde(with = "super::audit::hex")]
    pub request: [u8; 32],
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Arc<str>,
    /// When it may be forgotten.
    pub expires: Timestamp,
}

/// Something that is written together with a record's next state.
///
/// Each but an answer is an upsert by its own name, so that writing it twice is writing it once.
#[derive(Debug, Clone)]
pub enum Write {
    /// A run, by its id.
    Run(Arc<Run>),
    /// A range of occurrences, by key and first slot.
    Occurrences(Box<Range>),
    /// An audit entry, by its id.
    Audit(Arc<AuditEntry>),
    /// The answer to a request, by its name: the whole change is refused if that was answered before.
    Answer {
        /// The answer.
        answer: Box<Answer>,
        /// An earlier one counts unless it has expired by then.
        now: Timestamp,
    },
    /// The tenant's connection, or its removal.
    Connection(Option<Box<SealedConnection>>),
    /// An access token, by its id.
    Token(Box<TokenRecord>),
    /// The removal of a token.
    RevokeToken(Arc<str>),
}

/// One step of one record, made whole or not at all.
#[derive(Debug, Clone)]
pub struct Change {
    /// The version that was read; zero when there was no record.
    pub expected: u64,
    /// The record's next state; its version is `expected + 1`.
    pub next: Arc<Record>,
    /// When the record next wants attention: what a store's index of due records holds.
    pub due_at: Option<Timestamp>,
    /// What is written with it.
    pub writes: Vec<Write>,
}
