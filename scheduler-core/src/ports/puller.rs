//! What brings a tenant's data in.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::value::RawValue;

use super::{Clock, StoreError};
use crate::domain::{
    Connection, Entity, ErrorKind, Imported, Item, Key, Level, Phase, Remark, RunError, RunId, Stats, Tally,
    Timestamp,
};

/// Brings one tenant's data in from one kind of upstream.
///
/// A puller sends what it finds to [`PullContext::sink`] as it goes. It may be dropped at any await,
/// when a run is cancelled or takes too long; what it has sent by then stays.
#[async_trait]
pub trait Puller: Send + Sync + 'static {
    /// Runs once for a tenant.
    async fn pull(&self, context: PullContext) -> Result<Pulled, PullFailure>;

    /// Checks a connection with one cheap live call; says what answered, such as the company's name.
    async fn test(&self, _connection: &Connection, _clock: Arc<dyn Clock>) -> Result<String, RunError> {
        Err(RunError::new(ErrorKind::Config, "this source has no live check"))
    }

    /// Whether a run needs a connection; without one it fails as `config` before it is started.
    fn needs_connection(&self) -> bool {
        true
    }
}

/// What a run is given.
#[derive(Clone)]
pub struct PullContext {
    /// Whose data to bring in.
    pub key: Key,
    /// The run's name.
    pub run_id: RunId,
    /// Which attempt at the slot this is, from 1.
    pub attempt: u16,
    /// The tenant's access to the upstream; present when [`Puller::needs_connection`].
    pub connection: Option<Connection>,
    /// The note that the last run left.
    pub cursor: Option<Arc<RawValue>>,
    /// On the monotonic clock: stop at a page edge before this, the run is cut off then.
    pub deadline: Duration,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Takes records.
    pub sink: Arc<dyn RecordSink>,
    /// Takes remarks for the run's log.
    pub log: RunLog,
}

/// A run's remarks: at most 100 lines and 100 phases, each of 300 characters. What comes later is dropped.
///
/// Never a key, never a customer's data.
#[derive(Clone)]
pub struct RunLog {
    clock: Arc<dyn Clock>,
    remarks: Arc<Mutex<Vec<Remark>>>,
}

impl RunLog {
    /// An empty one.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, remarks: Arc::default() }
    }

    /// Notes what is as it should be.
    pub fn info(&self, message: impl AsRef<str>) {
        self.note(Level::Info, message.as_ref(), None);
    }

    /// Notes what is left out or done in another way.
    pub fn warn(&self, message: impl AsRef<str>) {
        self.note(Level::Warn, message.as_ref(), None);
    }

    /// Notes the end of a part of the run that began at `started`.
    pub fn phase(&self, name: &str, started: Timestamp, requests: u64, records: u64) {
        let duration = self.clock.now().duration_since(started);
        let phase = Phase {
            name: name.chars().take(100).collect::<String>().into(),
            started,
            duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            requests,
            records,
        };
        let message = format!("{name}: {records} records, {requests} requests");
        self.note(Level::Info, &message, Some(phase));
    }

    /// Takes the remarks out.
    pub fn take(&self) -> Vec<Remark> {
        std::mem::take(&mut self.remarks.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, level: Level, message: &str, phase: Option<Phase>) {
        let mut remarks = self.remarks.lock().unwrap_or_else(PoisonError::into_inner);
        let alike = remarks.iter().filter(|remark| remark.phase.is_some() == phase.is_some()).count();
        if alike < 100 {
            let message = message.chars().take(300).collect::<String>().into();
            remarks.push(Remark { at: self.clock.now(), level, message, phase });
        }
    }
}

/// A run that went well.
#[derive(Debug, Clone, Default)]
pub struct Pulled {
    /// What it brought.
    pub stats: Stats,
    /// The note for the next run; none leaves the last one.
    pub cursor: Option<Box<RawValue>>,
    /// In words, for people.
    pub message: Option<String>,
    /// Whether it stopped at a page edge for want of time: the next run goes on at once.
    pub more: bool,
}

/// A run that failed.
#[derive(Debug, Clone)]
pub struct PullFailure {
    /// How, in words fit for an operator.
    pub error: RunError,
    /// When the upstream wants to be asked again.
    pub retry_at: Option<Timestamp>,
    /// What it brought until then.
    pub stats: Stats,
    /// The note for the next run (where to resume); none leaves the last one.
    pub cursor: Option<Box<RawValue>>,
}

impl PullFailure {
    /// A failure of that kind, with nothing brought.
    pub fn new(kind: ErrorKind, message: &str) -> Self {
        Self { error: RunError::new(kind, message), retry_at: None, stats: Stats::default(), cursor: None }
    }
}

/// Why records were not taken.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SinkError {
    /// The run no longer holds its lease: nothing of the batch was written.
    #[error("the run no longer holds its lease")]
    LeaseLost,
    /// The store failed: nothing of the batch was written.
    #[error(transparent)]
    Store(StoreError),
}

impl From<SinkError> for PullFailure {
    fn from(error: SinkError) -> Self {
        match error {
            SinkError::LeaseLost => Self::new(ErrorKind::Cancelled, "the run lost its lease"),
            SinkError::Store(_) => Self::new(ErrorKind::Transient, "the store did not take the records"),
        }
    }
}

/// Takes records while the run holds its lease, which is checked in the same transaction.
#[async_trait]
pub trait RecordSink: Send + Sync {
    /// Upserts a batch by (tenant, entity, external id); an equal hash counts as unchanged.
    async fn write(&self, items: Vec<Item>) -> Result<Tally, SinkError>;

    /// The records of an entity that no run has seen since `before` and that are not marked gone,
    /// in the order of their ids, after `after`.
    async fn unseen(
        &self,
        entity: &Entity,
        before: Timestamp,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Imported>, SinkError>;

    /// Marks records as gone upstream; says how many were not yet.
    async fn mark_gone(&self, entity: &Entity, ids: &[Arc<str>]) -> Result<u64, SinkError>;
}
