//! One attempt to pull a tenant's data, and how it went.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Key, Timestamp};

/// Names a run. Sorts by start, is unique by the key and its fencing number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct RunId(Arc<str>);

impl RunId {
    /// Names the run that holds `fence` on `key` and starts at `started`.
    pub fn new(key: &Key, fence: u64, started: Timestamp) -> Self {
        let mut hash = Sha256::new();
        hash.update(key.source.as_str());
        hash.update([0]);
        hash.update(key.tenant.as_str());
        hash.update(fence.to_be_bytes());
        hash.update(started.millis().to_be_bytes());
        Self(sortable(started, fence, &hash.finalize()))
    }

    /// Accepts the text form: 26 lower-case base-32 digits.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 26 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
            .then(|| Self(text.into()))
    }

    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the ids of `time` and later are at or above, and earlier ones below: ids of audit entries, too.
    pub fn floor(time: Timestamp) -> String {
        sortable(time, 0, &[])[..10].to_owned()
    }
}

impl TryFrom<String> for RunId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a run id")
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text of 26 base-32 digits that sorts by time and then by number: ten digits of the time in milliseconds,
/// eight of the number, eight of the hash.
pub(crate) fn sortable(time: Timestamp, number: u64, hash: &[u8]) -> Arc<str> {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let time = u64::try_from(time.millis()).unwrap_or(0);
    let hash = hash.iter().take(5).fold(0, |bits, byte| bits << 8 | u64::from(*byte));
    let mut text = String::with_capacity(26);
    for (bits, digits) in [(time, 10), (number, 8), (hash, 8)] {
        text.extend((0..digits).rev().map(|place| char::from(DIGITS[(bits >> (place * 5) & 31) as usize])));
    }
    text.into()
}

/// Why a run was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// A slot was due.
    Schedule,
    /// An operator asked.
    Manual,
    /// An earlier attempt failed or was abandoned.
    Retry,
}

impl Trigger {
    /// The name as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Manual => "manual",
            Self::Retry => "retry",
        }
    }
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// In flight.
    Running,
    /// Everything was pulled.
    Succeeded,
    /// The puller gave up.
    Failed,
    /// An operator stopped it, or deleted the schedule.
    Cancelled,
    /// It took longer than the schedule allows.
    TimedOut,
    /// Its worker fell silent and the lease ran out.
    Abandoned,
}

impl RunState {
    /// The name as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
            Self::Abandoned => "abandoned",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Running, Self::Succeeded, Self::Failed, Self::Cancelled, Self::TimedOut, Self::Abandoned]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// What kind of failure ended a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// May pass by itself: time-outs, 5xx, broken connections.
    Transient,
    /// The upstream asks to wait.
    RateLimited,
    /// The upstream refuses the key.
    Auth,
    /// The tenant's settings can not work: no connection, a wrong address.
    Config,
    /// The upstream broke its own contract.
    Protocol,
    /// The run took longer than allowed.
    Timeout,
    /// Stopped by an operator.
    Cancelled,
    /// Its worker fell silent.
    Abandoned,
    /// A fault of ours, such as a panic in the puller.
    Internal,
}

impl ErrorKind {
    /// The name as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::RateLimited => "rate_limited",
            Self::Auth => "auth",
            Self::Config => "config",
            Self::Protocol => "protocol",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::Abandoned => "abandoned",
            Self::Internal => "internal",
        }
    }

    /// Whether another attempt within the slot makes sense.
    pub fn retryable(self) -> bool {
        matches!(self, Self::Transient | Self::RateLimited | Self::Timeout | Self::Abandoned)
    }
}

/// A failure, in words fit for an operator: no key, no customer's data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunError {
    /// Its class.
    pub kind: ErrorKind,
    /// What happened, at most 300 characters.
    pub message: Arc<str>,
    /// Whether the slot is tried again.
    pub retryable: bool,
}

impl RunError {
    /// Makes a failure; the message is cut to 300 characters and freed of control characters.
    pub fn new(kind: ErrorKind, message: &str) -> Self {
        let clean =
            message.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect::<String>();
        Self { kind, message: clean.into(), retryable: kind.retryable() }
    }
}

/// What a run brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stats {
    /// Records created or changed.
    pub imported: u64,
    /// Records seen unchanged.
    pub skipped: u64,
    /// Records seen for the first time.
    pub created: u64,
    /// Records whose content changed.
    pub updated: u64,
    /// Records that the upstream no longer has.
    pub gone: u64,
    /// Records that could not be read.
    pub failed: u64,
    /// Requests sent upstream.
    pub requests: u64,
}

/// How grave a remark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// All is as it should be.
    Info,
    /// Something is left out or done in another way.
    Warn,
}

/// What a run noted on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// When it was noted.
    pub at: Timestamp,
    /// How grave it is.
    pub level: Level,
    /// In words, at most 300 characters: no key, no customer's data.
    pub message: Arc<str>,
    /// The part of the run that ended then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
}

/// A part of a run, such as one page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// Its name.
    pub name: Arc<str>,
    /// When it began.
    pub started: Timestamp,
    /// How long it took.
    pub duration_ms: u64,
    /// Requests sent upstream.
    pub requests: u64,
    /// Records received.
    pub records: u64,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its name.
    pub run_id: RunId,
    /// Whose it is.
    pub key: Key,
    /// Why it was started.
    pub trigger: Trigger,
    /// The slot that it serves; none when an operator asked.
    pub slot: Option<Timestamp>,
    /// 1 for the first attempt at a slot.
    pub attempt: u16,
    /// Where it stands.
    pub state: RunState,
    /// When it was claimed.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// How long it took, by the monotonic clock.
    pub duration_ms: Option<u64>,
    /// How long after its due instant it was claimed.
    pub lateness_ms: Option<u64>,
    /// What it brought.
    pub stats: Stats,
    /// What it says of itself.
    pub message: Option<Arc<str>>,
    /// How it failed.
    pub error: Option<RunError>,
    /// Who ran it.
    pub worker: Arc<str>,
    /// What it noted on the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<Remark>,
}
