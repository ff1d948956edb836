//! Where records and history are kept.

use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::{
    Answer, AuditEntry, Change, Entity, Imported, Item, Key, Operation, Range, Record, Run, RunId, RunState,
    Scope, SealedConnection, Source, Tally, Tenant, Timestamp, TokenRecord, Trigger,
};

/// Why a store could not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// It can not be reached, is full, or is busy beyond patience; nothing was changed.
    #[error("the store is unavailable: {0}")]
    Unavailable(Arc<str>),
    /// What it holds can not be read.
    #[error("the store is damaged: {0}")]
    Corrupt(Arc<str>),
    /// The run named no longer holds its lease; nothing was changed.
    #[error("the lease is lost")]
    LeaseLost,
    /// The place that a query names is none of ours.
    #[error("the cursor is not one of ours")]
    Cursor,
}

impl StoreError {
    /// The stable code of the problem, as the REST surface names it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "store_unavailable",
            Self::Corrupt(_) => "store_damaged",
            Self::LeaseLost => "lease_lost",
            Self::Cursor => "cursor_invalid",
        }
    }

    /// What to tell people: nothing of the inside.
    pub(crate) fn public(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "the store can not be reached; try again",
            Self::Corrupt(_) => "something went wrong on our side",
            Self::LeaseLost => "the lease is lost",
            Self::Cursor => "the cursor does not belong to this list",
        }
    }
}

/// What became of one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// It is durable. Holds the store's version after it, which grows with every change.
    Done(u64),
    /// Someone else wrote the record since it was read; nothing of the change was made.
    Conflict,
    /// The request that asks for the change was answered before; nothing of the change was made.
    Answered,
}

/// One page of a list, in a total and stable order.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next page starts; none at the end, even of a full page.
    pub next: Option<String>,
}

/// Which runs are wanted; newest first.
#[derive(Debug, Clone)]
pub struct RunQuery {
    /// Of this source.
    pub source: Source,
    /// Of tenants within.
    pub scope: Scope,
    /// In this state.
    pub state: Option<RunState>,
    /// Started for this reason.
    pub trigger: Option<Trigger>,
    /// Started at or after.
    pub since: Option<Timestamp>,
    /// Started before.
    pub until: Option<Timestamp>,
    /// After this place: a page's `next`, or any run id.
    pub cursor: Option<String>,
    /// At most so many.
    pub limit: usize,
}

impl RunQuery {
    /// Whether a run is one of those, its tenant, the cursor and the limit aside.
    pub fn asks_for(&self, run: &Run) -> bool {
        run.key.source == self.source
            && self.state.is_none_or(|state| state == run.state)
            && self.trigger.is_none_or(|trigger| trigger == run.trigger)
            && self.since.is_none_or(|since| since <= run.started)
            && self.until.is_none_or(|until| run.started < until)
    }
}

/// Which audit entries are wanted; newest first.
#[derive(Debug, Clone)]
pub struct AuditQuery {
    /// Of this source's chains.
    pub source: Source,
    /// Of tenants within. With [`Scope::All`] the system chain is included.
    pub scope: Scope,
    /// Of this operation.
    pub operation: Option<Operation>,
    /// By this actor.
    pub actor: Option<String>,
    /// At or after.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// After this place: a page's `next`, or any entry's id.
    pub cursor: Option<String>,
    /// At most so many.
    pub limit: usize,
}

impl AuditQuery {
    /// Whether an entry is one of those, its tenant, the cursor and the limit aside.
    pub fn asks_for(&self, entry: &AuditEntry) -> bool {
        (entry.key.source == self.source || entry.key.is_system())
            && self.operation.is_none_or(|operation| operation == entry.operation)
            && self.actor.as_deref().is_none_or(|actor| *actor == *entry.actor)
            && self.since.is_none_or(|since| since <= entry.ts)
            && self.until.is_none_or(|until| entry.ts < until)
    }
}

/// Which imported records are wanted; in the order of their entity and external id.
#[derive(Debug, Clone)]
pub struct ImportedQuery {
    /// Of this tenant.
    pub key: Key,
    /// Of this kind.
    pub entity: Option<Entity>,
    /// Whose content changed here at or after.
    pub changed_since: Option<Timestamp>,
    /// After this place: a page's `next`.
    pub cursor: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// Keeps records, history, imported data, connections and tokens.
///
/// A store compares versions and saves. It knows neither what "paused" means nor when a slot falls.
/// Every promise below has a case in the conformance suite.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// The record as it was last committed.
    async fn load(&self, key: &Key) -> Result<Option<Arc<Record>>, StoreError>;

    /// Records of a source that have a schedule, in the order of their tenants, after `after`.
    ///
    /// A walk over pages neither repeats nor skips a record that is untouched meanwhile.
    async fn scan(
        &self,
        source: &Source,
        after: Option<&Tenant>,
        limit: usize,
    ) -> Result<Vec<Arc<Record>>, StoreError>;

    /// Records whose `due_at` is at or before `now`, earliest first. May hold stale ones: commit tells.
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Arc<Record>>, StoreError>;

    /// The earliest `due_at` that is later than `after`, or of all.
    async fn next_due(&self, after: Option<Timestamp>) -> Result<Option<Timestamp>, StoreError>;

    /// Makes each change whole or not at all; once it answers `Done`, the change is durable.
    ///
    /// A change whose `expected` is not the stored version is a [`Commit::Conflict`] and touches nothing;
    /// the others are made all the same. Two changes of one record in a batch are made in order.
    /// Of changes that carry an answer of one name, one is made, whichever process they come from: the
    /// others are [`Commit::Answered`], unless that answer has expired, or [`Commit::Conflict`].
    /// On an error none of the batch may be relied upon: read again.
    async fn commit(&self, changes: Vec<Change>) -> Result<Vec<Commit>, StoreError>;

    /// The store's version: differs from an earlier answer whenever a commit was answered in between.
    ///
    /// A change whose writer died before it could answer may show in records before it shows here.
    async fn version(&self) -> Result<u64, StoreError>;

    /// Takes `count` places from the source's placement counter, and returns the first.
    ///
    /// Places may be left out or, after a crash, be given twice: they only spread load.
    async fn place(&self, source: &Source, count: u64) -> Result<u64, StoreError>;

    /// One run.
    async fn run(&self, id: &RunId) -> Result<Option<Run>, StoreError>;

    /// Runs without their log lines, newest first.
    async fn runs(&self, query: &RunQuery) -> Result<Page<Run>, StoreError>;

    /// Ranges that touch the window, oldest first: those with a slot at or after `since` and one before `until`.
    async fn occurrences(
        &self,
        key: &Key,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Range>, StoreError>;

    /// Audit entries, newest first.
    async fn audit(&self, query: &AuditQuery) -> Result<Page<AuditEntry>, StoreError>;

    /// How many entries the query matches, whatever its cursor and limit.
    async fn audit_count(&self, query: &AuditQuery) -> Result<u64, StoreError>;

    /// The keys of all audit chains, in order, after `after`.
    async fn chains(&self, after: Option<&Key>, limit: usize) -> Result<Vec<Key>, StoreError>;

    /// Entries of one chain with a `seq` above `after`, oldest first.
    async fn chain(&self, key: &Key, after: u64, limit: usize) -> Result<Vec<AuditEntry>, StoreError>;

    /// The answer of that name, unless it has expired by `now`.
    async fn answer(&self, name: &str, now: Timestamp) -> Result<Option<Answer>, StoreError>;

    /// Stores an answer that belongs to no change; says whether it did.
    ///
    /// It replaces the one of its name, but with `now` only if that has expired by then.
    async fn put_answer(&self, answer: Answer, now: Option<Timestamp>) -> Result<bool, StoreError>;

    /// Upserts imported records while `fence` holds the record's lease, each whole.
    ///
    /// A large batch may be made in parts. Each makes sure of the lease in its own transaction, so that
    /// nothing is written once that is lost; what an error leaves half made is made by the next attempt.
    ///
    /// # Errors
    ///
    /// [`StoreError::LeaseLost`] when the record's lease is another's or gone; nothing more is written.
    async fn import(
        &self,
        key: &Key,
        fence: u64,
        now: Timestamp,
        items: Vec<Item>,
    ) -> Result<Tally, StoreError>;

    /// See [`RecordSink::unseen`](super::RecordSink::unseen).
    async fn unseen(
        &self,
        key: &Key,
        entity: &Entity,
        before: Timestamp,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Imported>, StoreError>;

    /// Marks imported records as gone while `fence` holds the lease; says how many were not yet.
    ///
    /// Going away is a change: it sets their `imported_at` to `now`.
    async fn mark_gone(
        &self,
        key: &Key,
        fence: u64,
        now: Timestamp,
        entity: &Entity,
        ids: &[Arc<str>],
    ) -> Result<u64, StoreError>;

    /// Imported records.
    async fn imported(&self, query: &ImportedQuery) -> Result<Page<Imported>, StoreError>;

    /// One imported record.
    async fn imported_one(&self, key: &Key, entity: &str, id: &str) -> Result<Option<Imported>, StoreError>;

    /// The tenant's connection.
    async fn connection(&self, key: &Key) -> Result<Option<SealedConnection>, StoreError>;

    /// All tokens, by id.
    async fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError>;

    /// One token.
    async fn token(&self, id: &str) -> Result<Option<TokenRecord>, StoreError>;

    /// Forgets runs and ranges that ended before `before`, and expired answers; says how many rows.
    ///
    /// Audit entries and imported records are not touched. Runs in flight stay.
    async fn prune(&self, before: Timestamp, now: Timestamp) -> Result<u64, StoreError>;

    /// Makes sure, with a real write, that the store can be written.
    async fn probe(&self, now: Timestamp) -> Result<(), StoreError>;
}

/// Commits one change.
pub async fn commit_one(store: &dyn Store, change: Change) -> Result<Commit, StoreError> {
    let done = store.commit(vec![change]).await?;
    Ok(done.first().copied().unwrap_or(Commit::Conflict))
}
