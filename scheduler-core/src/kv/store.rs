//! The key-value store: the `Store` port over one ordered map.

use std::sync::Arc;

use async_trait::async_trait;

use super::bucket::Bucket;
use super::log::{Fault, Log, Pack, SLOTS};
use super::sweep::sweep;
use super::tables::Table;
use super::tree::Snapshot;
use super::writes::Transaction;
use crate::domain::{
    Answer, AuditEntry, Change, Entity, Imported, Item, Key, Range, Record, Run, RunId, SealedConnection,
    Source, Tally, Tenant, Timestamp, TokenRecord,
};
use crate::ports::{AuditQuery, Commit, ImportedQuery, Page, RunQuery, Store, StoreError};

/// How often something is tried again when others keep being faster.
const PATIENCE: usize = 10_000;
/// Rows that one commit forgets.
const BATCH: usize = 500;

/// A store in a [`Bucket`], for any number of processes at a time and with nothing resident.
///
/// ```
/// use scheduler_core::domain::Key;
/// use scheduler_core::kv::{KvStore, MemoryBucket};
/// use scheduler_core::ports::Store;
///
/// # futures::executor::block_on(async {
/// let store = KvStore::new(MemoryBucket::new());
///
/// assert!(store.load(&Key::system()).await?.is_none());
/// assert_eq!(store.version().await?, 0);
/// # Ok::<(), scheduler_core::ports::StoreError>(())
/// # }).unwrap();
/// ```
pub struct KvStore<B> {
    log: Arc<Log<B>>,
    /// Writers of this process take turns, instead of spoiling each other's commits.
    turn: futures::lock::Mutex<()>,
}

impl<B: Bucket> KvStore<B> {
    /// Works on what is in the bucket; an empty one is an empty store.
    pub fn new(bucket: B) -> Self {
        Self { log: Arc::new(Log::new(bucket)), turn: futures::lock::Mutex::default() }
    }

    /// The bucket.
    pub fn bucket(&self) -> &B {
        self.log.bucket()
    }

    /// Reads of one commit, and of a later one if that is dropped meanwhile.
    async fn read<T, F>(&self, query: impl Fn(Snapshot<B>) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        for _ in 0..PATIENCE {
            match settled(async { query(Snapshot::now(&self.log).await?).await }.await)? {
                Some(answer) => return Ok(answer),
                None => continue,
            }
        }
        Err(StoreError::Unavailable("the store changes faster than it can be read".into()))
    }

    /// Makes changes in one commit, from the start again if someone else commits meanwhile.
    async fn write<T, F>(&self, change: impl Fn(Transaction<B>) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<(Transaction<B>, T), Fault>>,
    {
        let _turn = self.turn.lock().await;
        for _ in 0..PATIENCE {
            let attempt = async {
                let snapshot = Snapshot::now(&self.log).await?;
                let (transaction, answer) = change(Transaction::on(snapshot)).await?;
                Ok(self.commit(transaction).await?.then_some(answer))
            };
            if let Some(Some(answer)) = settled(attempt.await)? {
                return Ok(answer);
            }
        }
        Err(StoreError::Unavailable("others keep being faster".into()))
    }

    /// Publishes what a transaction changes, if anything; whether nobody was faster.
    async fn commit(&self, transaction: Transaction<B>) -> Result<bool, Fault> {
        let Transaction { snapshot, version, edits } = transaction;
        if edits.is_empty() {
            return Ok(true);
        }
        let end = snapshot.end();
        let place = end.next();
        let mut pack = Pack::at(place);
        let root = snapshot.edited(edits, &mut pack).await?;
        let made = self.log.append(end, pack, version, root).await?;
        if made && place.slot + 1 == SLOTS {
            self.tidy().await;
        }
        Ok(made)
    }

    /// Sweeps, as well as it can be done now.
    async fn tidy(&self) {
        if let Err(Fault::Store(error)) = sweep(&self.log).await {
            tracing::warn!(target: "acculynx-scheduler", %error, "old commits could not be swept");
        }
    }
}

/// An answer, or none when the log has moved on.
fn settled<T>(result: Result<T, Fault>) -> Result<Option<T>, StoreError> {
    match result {
        Ok(answer) => Ok(Some(answer)),
        Err(Fault::Moved) => Ok(None),
        Err(Fault::Store(error)) => Err(error),
    }
}

#[async_trait]
impl<B: Bucket> Store for KvStore<B> {
    async fn load(&self, key: &Key) -> Result<Option<Arc<Record>>, StoreError> {
        self.read(|map| async move { map.record(key).await }).await
    }

    async fn scan(
        &self,
        source: &Source,
        after: Option<&Tenant>,
        limit: usize,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        self.read(|map| async move { map.scan(source, after, limit).await }).await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Arc<Record>>, StoreError> {
        self.read(|map| async move { map.due(now, limit).await }).await
    }

    async fn next_due(&self, after: Option<Timestamp>) -> Result<Option<Timestamp>, StoreError> {
        self.read(|map| async move { map.next_due(after).await }).await
    }

    async fn commit(&self, changes: Vec<Change>) -> Result<Vec<Commit>, StoreError> {
        let changes = &changes;
        self.write(|mut transaction| async move {
            let mut commits = Vec::with_capacity(changes.len());
            for change in changes {
                commits.push(transaction.change(change).await?);
            }
            Ok((transaction, commits))
        })
        .await
    }

    async fn version(&self) -> Result<u64, StoreError> {
        Ok(self.log.end().await?.header.version)
    }

    async fn place(&self, source: &Source, count: u64) -> Result<u64, StoreError> {
        self.write(|mut transaction| async move {
            let first = transaction.place(source, count).await?;
            Ok((transaction, first))
        })
        .await
    }

    async fn run(&self, id: &RunId) -> Result<Option<Run>, StoreError> {
        self.read(|map| async move { map.run(id).await }).await
    }

    async fn runs(&self, query: &RunQuery) -> Result<Page<Run>, StoreError> {
        self.read(|map| async move { map.runs(query).await }).await
    }

    async fn occurrences(
        &self,
        key: &Key,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Range>, StoreError> {
        self.read(|map| async move { map.occurrences(key, since, until).await }).await
    }

    async fn audit(&self, query: &AuditQuery) -> Result<Page<AuditEntry>, StoreError> {
        self.read(|map| async move { map.audit(query).await }).await
    }

    async fn audit_count(&self, query: &AuditQuery) -> Result<u64, StoreError> {
        self.read(|map| async move { map.audit_count(query).await }).await
    }

    async fn chains(&self, after: Option<&Key>, limit: usize) -> Result<Vec<Key>, StoreError> {
        self.read(|map| async move { map.chains(after, limit).await }).await
    }

    async fn chain(&self, key: &Key, after: u64, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        self.read(|map| async move { map.chain(key, after, limit).await }).await
    }

    async fn answer(&self, name: &str, now: Timestamp) -> Result<Option<Answer>, StoreError> {
        self.read(|map| async move { map.answer(name, now).await }).await
    }

    async fn put_answer(&self, answer: Answer, now: Option<Timestamp>) -> Result<bool, StoreError> {
        let answer = &answer;
        self.write(|mut transaction| async move {
            if let Some(now) = now
                && transaction.answered(&answer.name, now).await?
            {
                return Ok((transaction, false));
            }
            transaction.answer(answer).await?;
            Ok((transaction, true))
        })
        .await
    }

    async fn import(
        &self,
        key: &Key,
        fence: u64,
        now: Timestamp,
        items: Vec<Item>,
    ) -> Result<Tally, StoreError> {
        let items = &items;
        self.write(|mut transaction| async move {
            transaction.leased(key, fence).await?;
            let tally = transaction.import(key, now, items).await?;
            Ok((transaction, tally))
        })
        .await
    }

    async fn unseen(
        &self,
        key: &Key,
        entity: &Entity,
        before: Timestamp,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Imported>, StoreError> {
        self.read(|map| async move { map.unseen(key, entity, before, after, limit).await }).await
    }

    async fn mark_gone(
        &self,
        key: &Key,
        fence: u64,
        now: Timestamp,
        entity: &Entity,
        ids: &[Arc<str>],
    ) -> Result<u64, StoreError> {
        self.write(|mut transaction| async move {
            transaction.leased(key, fence).await?;
            let marked = transaction.mark_gone(key, now, entity, ids).await?;
            Ok((transaction, marked))
        })
        .await
    }

    async fn imported(&self, query: &ImportedQuery) -> Result<Page<Imported>, StoreError> {
        self.read(|map| async move { map.imported(query).await }).await
    }

    async fn imported_one(&self, key: &Key, entity: &str, id: &str) -> Result<Option<Imported>, StoreError> {
        self.read(|map| async move { map.imported_one(key, entity, id).await }).await
    }

    async fn connection(&self, key: &Key) -> Result<Option<SealedConnection>, StoreError> {
        self.read(|map| async move { map.one(Table::Connection.name().key(key)).await }).await
    }

    async fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError> {
        self.read(|map| async move { map.all(Table::Token).await }).await
    }

    async fn token(&self, id: &str) -> Result<Option<TokenRecord>, StoreError> {
        self.read(|map| async move { map.one(Table::Token.name().text(id)).await }).await
    }

    async fn prune(&self, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        loop {
            let count = self
                .write(|mut transaction| async move {
                    let count = transaction.prune(before, now, BATCH).await?;
                    Ok((transaction, count))
                })
                .await?;
            forgotten += count as u64;
            if count < BATCH {
                break;
            }
        }
        self.tidy().await;
        Ok(forgotten)
    }

    async fn probe(&self, _now: Timestamp) -> Result<(), StoreError> {
        self.log.bucket().probe().await
    }
}
