//! A store that counts and times its calls. The engine puts it around whatever store it is given.

use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::{
    Answer, AuditEntry, Change, Entity, Imported, Item, Key, Range, Record, Run, RunId, SealedConnection,
    Source, Tally, Tenant, Timestamp, TokenRecord,
};
use crate::metrics::{Metrics, StoreOp};
use crate::ports::{AuditQuery, Clock, Commit, ImportedQuery, Page, RunQuery, Store, StoreError};

/// Counts and times the calls of a store.
pub struct Metered {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
}

impl Metered {
    /// Puts the meter around `store`.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Self {
        Self { store, clock, metrics }
    }

    async fn timed<T>(
        &self,
        op: StoreOp,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let began = self.clock.monotonic();
        let result = call.await;
        let took = self.clock.monotonic().saturating_sub(began);
        self.metrics.stored(op, result.as_ref().err(), took.as_secs_f64());
        result
    }
}

#[async_trait]
impl Store for Metered {
    async fn load(&self, key: &Key) -> Result<Option<Arc<Record>>, StoreError> {
        self.timed(StoreOp::Load, self.store.load(key)).await
    }

    async fn scan(
        &self,
        source: &Source,
        after: Option<&Tenant>,
        limit: usize,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        self.timed(StoreOp::Scan, self.store.scan(source, after, limit)).await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Arc<Record>>, StoreError> {
        self.timed(StoreOp::Due, self.store.due(now, limit)).await
    }

    async fn next_due(&self, after: Option<Timestamp>) -> Result<Option<Timestamp>, StoreError> {
        self.timed(StoreOp::NextDue, self.store.next_due(after)).await
    }

    async fn commit(&self, changes: Vec<Change>) -> Result<Vec<Commit>, StoreError> {
        self.timed(StoreOp::Commit, self.store.commit(changes)).await
    }

    async fn version(&self) -> Result<u64, StoreError> {
        self.timed(StoreOp::Version, self.store.version()).await
    }

    async fn place(&self, source: &Source, count: u64) -> Result<u64, StoreError> {
        self.timed(StoreOp::Place, self.store.place(source, count)).await
    }

    async fn run(&self, id: &RunId) -> Result<Option<Run>, StoreError> {
        self.timed(StoreOp::Run, self.store.run(id)).await
    }

    async fn runs(&self, query: &RunQuery) -> Result<Page<Run>, StoreError> {
        self.timed(StoreOp::Runs, self.store.runs(query)).await
    }

    async fn occurrences(
        &self,
        key: &Key,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Range>, StoreError> {
        self.timed(StoreOp::Occurrences, self.store.occurrences(key, since, until)).await
    }

    async fn audit(&self, query: &AuditQuery) -> Result<Page<AuditEntry>, StoreError> {
        self.timed(StoreOp::Audit, self.store.audit(query)).await
    }

    async fn audit_count(&self, query: &AuditQuery) -> Result<u64, StoreError> {
        self.timed(StoreOp::AuditCount, self.store.audit_count(query)).await
    }

    async fn chains(&self, after: Option<&Key>, limit: usize) -> Result<Vec<Key>, StoreError> {
        self.timed(StoreOp::Chains, self.store.chains(after, limit)).await
    }

    async fn chain(&self, key: &Key, after: u64, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        self.timed(StoreOp::Chain, self.store.chain(key, after, limit)).await
    }

    async fn answer(&self, name: &str, now: Timestamp) -> Result<Option<Answer>, StoreError> {
        self.timed(StoreOp::Answer, self.store.answer(name, now)).await
    }

    async fn put_answer(&self, answer: Answer, now: Option<Timestamp>) -> Result<bool, StoreError> {
        self.timed(StoreOp::PutAnswer, self.store.put_answer(answer, now)).await
    }

    async fn import(
        &self,
        key: &Key,
        fence: u64,
        now: Timestamp,
        items: Vec<Item>,
    ) -> Result<Tally, StoreError> {
        self.timed(StoreOp::Import, self.store.import(key, fence, now, items)).await
    }

    async fn unseen(
        &self,
        key: &Key,
        entity: &Entity,
        before: Timestamp,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Imported>, StoreError> {
        self.timed(StoreOp::Unseen, self.store.unseen(key, entity, before, after, limit)).await
    }

    async fn mark_gone(
        &self,
        key: &Key,
        fence: u64,
        now: Timestamp,
        entity: &Entity,
        ids: &[Arc<str>],
    ) -> Result<u64, StoreError> {
        self.timed(StoreOp::MarkGone, self.store.mark_gone(key, fence, now, entity, ids)).await
    }

    async fn imported(&self, query: &ImportedQuery) -> Result<Page<Imported>, StoreError> {
        self.timed(StoreOp::Imported, self.store.imported(query)).await
    }

    async fn imported_one(&self, key: &Key, entity: &str, id: &str) -> Result<Option<Imported>, StoreError> {
        self.timed(StoreOp::ImportedOne, self.store.imported_one(key, entity, id)).await
    }

    async fn connection(&self, key: &Key) -> Result<Option<SealedConnection>, StoreError> {
        self.timed(StoreOp::Connection, self.store.connection(key)).await
    }

    async fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError> {
        self.timed(StoreOp::Tokens, self.store.tokens()).await
    }

    async fn token(&self, id: &str) -> Result<Option<TokenRecord>, StoreError> {
        self.timed(StoreOp::Token, self.store.token(id)).await
    }

    async fn prune(&self, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        self.timed(StoreOp::Prune, self.store.prune(before, now)).await
    }

    async fn probe(&self, now: Timestamp) -> Result<(), StoreError> {
        self.timed(StoreOp::Probe, self.store.probe(now)).await
    }
}
