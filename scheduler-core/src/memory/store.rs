//! The memory store: the `Store` port over ordered maps.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use async_trait::async_trait;

use super::contents::{Capacity, Contents};
use crate::domain::{
    Answer, AuditEntry, Change, Entity, Imported, Item, Key, Range, Record, Run, RunId, SealedConnection,
    Source, Tally, Tenant, Timestamp, TokenRecord,
};
use crate::ports::{AuditQuery, Commit, ImportedQuery, Page, RunQuery, Store, StoreError};

/// A store that is gone with its process: for demos, tests and simulation.
///
/// It keeps every promise of [`Store`] but durability.
///
/// ```
/// use scheduler_core::domain::{Key, Timestamp};
/// use scheduler_core::memory::MemoryStore;
/// use scheduler_core::ports::Store;
///
/// # futures::executor::block_on(async {
/// let store = MemoryStore::new();
///
/// assert!(store.load(&Key::system()).await?.is_none());
/// assert!(store.due(Timestamp::MAX, 10).await?.is_empty());
/// # Ok::<(), scheduler_core::ports::StoreError>(())
/// # }).unwrap();
/// ```
#[derive(Default)]
pub struct MemoryStore {
    capacity: Capacity,
    contents: RwLock<Contents>,
}

impl MemoryStore {
    /// Holds nothing, and at most the usual amount of history.
    pub fn new() -> Self {
        Self::default()
    }

    /// Holds nothing, and at most so much history.
    pub fn with_capacity(capacity: Capacity) -> Self {
        Self { capacity, ..Self::default() }
    }

    fn read(&self) -> RwLockReadGuard<'_, Contents> {
        self.contents.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Contents> {
        self.contents.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs and audit entries have ids of one form, which are their cursors.
pub(crate) fn cursor(text: Option<&str>) -> Result<Option<RunId>, StoreError> {
    text.map(|text| RunId::parse(text).ok_or(StoreError::Cursor)).transpose()
}

#[async_trait]
impl Store for MemoryStore {
    async fn load(&self, key: &Key) -> Result<Option<Arc<Record>>, StoreError> {
        Ok(self.read().records.get(key).cloned())
    }

    async fn scan(
        &self,
        source: &Source,
        after: Option<&Tenant>,
        limit: usize,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        Ok(self.read().records.scan(source, after, limit))
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Arc<Record>>, StoreError> {
        Ok(self.read().records.due(now, limit))
    }

    async fn next_due(&self, after: Option<Timestamp>) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.read().records.next_due(after))
    }

    async fn commit(&self, changes: Vec<Change>) -> Result<Vec<Commit>, StoreError> {
        let mut contents = self.write();
        Ok(changes.into_iter().map(|change| contents.commit(change, &self.capacity)).collect())
    }

    async fn version(&self) -> Result<u64, StoreError> {
        Ok(self.read().records.version())
    }

    async fn place(&self, source: &Source, count: u64) -> Result<u64, StoreError> {
        Ok(self.write().records.place(source, count))
    }

    async fn run(&self, id: &RunId) -> Result<Option<Run>, StoreError> {
        Ok(self.read().runs.get(id).cloned())
    }

    async fn runs(&self, query: &RunQuery) -> Result<Page<Run>, StoreError> {
        let after = cursor(query.cursor.as_deref())?;
        let place = (&query.source, &query.scope);
        let mut page = self.read().runs.page(place, after.as_ref(), query.limit, |run| query.asks_for(run));
        page.rows.iter_mut().for_each(|run| run.log.clear());
        Ok(page)
    }

    async fn occurrences(
        &self,
        key: &Key,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Range>, StoreError> {
        let contents = self.read();
        let ranges = contents.occurrences.get(key).into_iter().flat_map(BTreeMap::values);
        Ok(ranges.filter(|range| since <= range.last && range.first < until).cloned().collect())
    }

    async fn audit(&self, query: &AuditQuery) -> Result<Page<AuditEntry>, StoreError> {
        let after = cursor(query.cursor.as_deref())?.map(|id| Arc::from(id.as_str()));
        let place = (&query.source, &query.scope);
        Ok(self.read().audit.page(place, after.as_ref(), query.limit, |entry| query.asks_for(entry)))
    }

    async fn audit_count(&self, query: &AuditQuery) -> Result<u64, StoreError> {
        let contents = self.read();
        let wanted = |entry: &AuditEntry| query.asks_for(entry);
        Ok(contents.audit.newest(&query.source, &query.scope, None, usize::MAX, wanted).len() as u64)
    }

    async fn chains(&self, after: Option<&Key>, limit: usize) -> Result<Vec<Key>, StoreError> {
        let contents = self.read();
        let next = |key: Option<&Key>| {
            let from = key.map(|key| (key.clone(), u64::MAX, Arc::from("")));
            let from = from.map_or(Bound::Unbounded, Bound::Excluded);
            contents.chains.range((from, Bound::Unbounded)).next().map(|(key, ..)| key.clone())
        };
        Ok(std::iter::successors(next(after), |key| next(Some(key))).take(limit).collect())
    }

    async fn chain(&self, key: &Key, after: u64, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        let contents = self.read();
        let from = (key.clone(), after.saturating_add(1), Arc::from(""));
        let ids = contents.chains.range(from..).take_while(|(chain, ..)| chain == key).take(limit);
        Ok(ids.filter_map(|(.., id)| contents.audit.get(id)).cloned().collect())
    }

    async fn answer(&self, name: &str, now: Timestamp) -> Result<Option<Answer>, StoreError> {
        Ok(self.read().answers.get(name, now).cloned())
    }

    async fn put_answer(&self, answer: Answer, now: Option<Timestamp>) -> Result<bool, StoreError> {
        let answers = &mut self.write().answers;
        if now.is_some_and(|now| answers.get(&answer.name, now).is_some()) {
            return Ok(false);
        }
        answers.put(answer, self.capacity.answers);
        Ok(true)
    }

    async fn import(
        &self,
        key: &Key,
        fence: u64,
        now: Timestamp,
        items: Vec<Item>,
    ) -> Result<Tally, StoreError> {
        let mut contents = self.write();
        contents.leased(key, fence)?;
        Ok(contents.imports.write(key, now, items))
    }

    async fn unseen(
        &self,
        key: &Key,
        entity: &Entity,
        before: Timestamp,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Imported>, StoreError> {
        Ok(self.read().imports.unseen(key, entity, before, after, limit))
    }

    async fn mark_gone(
        &self,
        key: &Key,
        fence: u64,
        now: Timestamp,
        entity: &Entity,
        ids: &[Arc<str>],
    ) -> Result<u64, StoreError> {
        let mut contents = self.write();
        contents.leased(key, fence)?;
        Ok(contents.imports.mark_gone(key, now, entity, ids))
    }

    async fn imported(&self, query: &ImportedQuery) -> Result<Page<Imported>, StoreError> {
        self.read().imports.page(query)
    }

    async fn imported_one(&self, key: &Key, entity: &str, id: &str) -> Result<Option<Imported>, StoreError> {
        Ok(self.read().imports.get(key, entity, id).cloned())
    }

    async fn connection(&self, key: &Key) -> Result<Option<SealedConnection>, StoreError> {
        Ok(self.read().connections.get(key).cloned())
    }

    async fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError> {
        Ok(self.read().tokens.values().cloned().collect())
    }

    async fn token(&self, id: &str) -> Result<Option<TokenRecord>, StoreError> {
        Ok(self.read().tokens.get(id).cloned())
    }

    async fn prune(&self, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        Ok(self.write().prune(before, now) as u64)
    }

    async fn probe(&self, _now: Timestamp) -> Result<(), StoreError> {
        drop(self.write());
        Ok(())
    }
}
