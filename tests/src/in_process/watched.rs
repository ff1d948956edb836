//! A clock and a store that tell whether anything happens, so that time moves only when all else is still.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use scheduler_core::domain::{
    Answer, AuditEntry, Change, Entity, Imported, Item, Key, Range, Record, Run, RunId, SealedConnection,
    Source, Tally, Tenant, Timestamp, TokenRecord,
};
use scheduler_core::ports::{
    AuditQuery, Clock, Commit, ImportedQuery, ManualClock, Page, RunQuery, Store, StoreError,
};

/// Counts what happens.
#[derive(Default)]
pub(super) struct Pulse {
    moves: AtomicU64,
    under_way: AtomicUsize,
}

impl Pulse {
    pub(super) fn moved(&self) {
        self.moves.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn moves(&self) -> u64 {
        self.moves.load(Ordering::Acquire)
    }

    pub(super) fn is_busy(&self) -> bool {
        self.under_way.load(Ordering::Acquire) > 0
    }

    fn begin(&self) -> Busy<'_> {
        self.under_way.fetch_add(1, Ordering::AcqRel);
        Busy(self)
    }
}

/// A call of the store that is under way.
struct Busy<'a>(&'a Pulse);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::AcqRel);
        self.0.moved();
    }
}

pub(super) struct WatchedClock {
    clock: ManualClock,
    pulse: Arc<Pulse>,
}

impl WatchedClock {
    pub(super) fn new(clock: ManualClock, pulse: Arc<Pulse>) -> Self {
        Self { clock, pulse }
    }
}

#[async_trait]
impl Clock for WatchedClock {
    fn now(&self) -> Timestamp {
        self.pulse.moved();
        self.clock.now()
    }

    fn monotonic(&self) -> Duration {
        self.pulse.moved();
        self.clock.monotonic()
    }

    async fn sleep(&self, span: Duration) {
        self.clock.sleep(span).await;
        self.pulse.moved();
    }
}

pub(super) struct WatchedStore {
    store: Arc<dyn Store>,
    pulse: Arc<Pulse>,
}

impl WatchedStore {
    pub(super) fn new(store: Arc<dyn Store>, pulse: Arc<Pulse>) -> Self {
        Self { store, pulse }
    }
}

macro_rules! watched {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl Store for WatchedStore {
            $(async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                let _busy = self.pulse.begin();
                self.store.$name($($argument),*).await
            })*
        }
    };
}

watched! {
    fn load(key: &Key) -> Option<Arc<Record>>;
    fn scan(source: &Source, after: Option<&Tenant>, limit: usize) -> Vec<Arc<Record>>;
    fn due(now: Timestamp, limit: usize) -> Vec<Arc<Record>>;
    fn next_due(after: Option<Timestamp>) -> Option<Timestamp>;
    fn commit(changes: Vec<Change>) -> Vec<Commit>;
    fn version() -> u64;
    fn place(source: &Source, count: u64) -> u64;
    fn run(id: &RunId) -> Option<Run>;
    fn runs(query: &RunQuery) -> Page<Run>;
    fn occurrences(key: &Key, since: Timestamp, until: Timestamp) -> Vec<Range>;
    fn audit(query: &AuditQuery) -> Page<AuditEntry>;
    fn audit_count(query: &AuditQuery) -> u64;
    fn chains(after: Option<&Key>, limit: usize) -> Vec<Key>;
    fn chain(key: &Key, after: u64, limit: usize) -> Vec<AuditEntry>;
    fn answer(name: &str, now: Timestamp) -> Option<Answer>;
    fn put_answer(answer: Answer, now: Option<Timestamp>) -> bool;
    fn import(key: &Key, fence: u64, now: Timestamp, items: Vec<Item>) -> Tally;
    fn unseen(key: &Key, entity: &Entity, before: Timestamp, after: Option<&str>, limit: usize) -> Vec<Imported>;
    fn mark_gone(key: &Key, fence: u64, now: Timestamp, entity: &Entity, ids: &[Arc<str>]) -> u64;
    fn imported(query: &ImportedQuery) -> Page<Imported>;
    fn imported_one(key: &Key, entity: &str, id: &str) -> Option<Imported>;
    fn connection(key: &Key) -> Option<SealedConnection>;
    fn tokens() -> Vec<TokenRecord>;
    fn token(id: &str) -> Option<TokenRecord>;
    fn prune(before: Timestamp, now: Timestamp) -> u64;
    fn probe(now: Timestamp) -> ();
}
