//! The `Store` port: current records from memory, the rest from the database.

use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use rusqlite::params;
use scheduler_core::domain::{
    Answer, AuditEntry, Change, Entity, Imported, Item, Key, Range, Record, Run, RunId, SealedConnection,
    Source, Tally, Tenant, Timestamp, TokenRecord,
};
use scheduler_core::ports::{AuditQuery, Commit, ImportedQuery, Page, RunQuery, Store, StoreError};

use super::prune::Stage;
use super::{Sqlite, batch, history, reads};
use crate::rows::Prepared;

#[async_trait]
impl Store for Sqlite {
    async fn load(&self, key: &Key) -> Result<Option<Arc<Record>>, StoreError> {
        Ok(self.records().get(key).cloned())
    }

    async fn scan(
        &self,
        source: &Source,
        after: Option<&Tenant>,
        limit: usize,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        Ok(self.records().scan(source, after, limit))
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Arc<Record>>, StoreError> {
        Ok(self.records().due(now, limit))
    }

    async fn next_due(&self, after: Option<Timestamp>) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.records().next_due(after))
    }

    async fn commit(&self, changes: Vec<Change>) -> Result<Vec<Commit>, StoreError> {
        let changes = changes.into_iter().map(Prepared::new).collect::<Result<Vec<_>, _>>()?;
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let rows = changes.iter().map(|change| 1 + change.rows.len()).sum();
        self.writer.make(rows, move |batch| changes.iter().map(|change| batch.commit(change)).collect()).await
    }

    async fn version(&self) -> Result<u64, StoreError> {
        Ok(self.records().version())
    }

    async fn place(&self, source: &Source, count: u64) -> Result<u64, StoreError> {
        Ok(self.shared.cache.write().unwrap_or_else(PoisonError::into_inner).place(source, count))
    }

    async fn run(&self, id: &RunId) -> Result<Option<Run>, StoreError> {
        let id = id.clone();
        self.readers.ask(move |conn| reads::run(conn, &id)).await
    }

    async fn runs(&self, query: &RunQuery) -> Result<Page<Run>, StoreError> {
        let query = query.clone();
        self.readers.ask(move |conn| history::runs(conn, &query)).await
    }

    async fn occurrences(
        &self,
        key: &Key,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Range>, StoreError> {
        let key = key.clone();
        self.readers.ask(move |conn| reads::occurrences(conn, &key, since, until)).await
    }

    async fn audit(&self, query: &AuditQuery) -> Result<Page<AuditEntry>, StoreError> {
        let query = query.clone();
        self.readers.ask(move |conn| history::audit(conn, &query)).await
    }

    async fn audit_count(&self, query: &AuditQuery) -> Result<u64, StoreError> {
        let query = query.clone();
        self.readers.ask(move |conn| history::audit_count(conn, &query)).await
    }

    async fn chains(&self, after: Option<&Key>, limit: usize) -> Result<Vec<Key>, StoreError> {
        let after = after.cloned();
        self.readers.ask(move |conn| history::chains(conn, after.as_ref(), limit)).await
    }

    async fn chain(&self, key: &Key, after: u64, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        let key = key.clone();
        self.readers.ask(move |conn| history::chain(conn, &key, after, limit)).await
    }

    async fn answer(&self, name: &str, now: Timestamp) -> Result<Option<Answer>, StoreError> {
        let name = name.to_owned();
        self.readers.ask(move |conn| reads::answer(conn, &name, now)).await
    }

    async fn put_answer(&self, answer: Answer, now: Option<Timestamp>) -> Result<bool, StoreError> {
        self.writer.make(1, move |batch| batch::put_answer(batch.conn, &answer, now)).await
    }

    async fn import(
        &self,
        key: &Key,
        fence: u64,
        now: Timestamp,
        items: Vec<Item>,
    ) -> Result<Tally, StoreError> {
        let key = key.clone();
        let tally = self.writer.make(items.len(), move |batch| batch.import(&key, fence, now, &items));
        tally.await?.ok_or(StoreError::LeaseLost)
    }

    async fn unseen(
        &self,
        key: &Key,
        entity: &Entity,
        before: Timestamp,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Imported>, StoreError> {
        let (key, entity, after) = (key.clone(), Arc::clone(entity), after.map(str::to_owned));
        self.readers
            .ask(move |conn| reads::unseen(conn, &key, &entity, before, after.as_deref(), limit))
            .await
    }

    async fn mark_gone(
        &self,
        key: &Key,
        fence: u64,
        now: Timestamp,
        entity: &Entity,
        ids: &[Arc<str>],
    ) -> Result<u64, StoreError> {
        let (key, entity, ids) = (key.clone(), Arc::clone(entity), ids.to_vec());
        let marked =
            self.writer.make(ids.len(), move |batch| batch.mark_gone(&key, fence, now, &entity, &ids));
        marked.await?.ok_or(StoreError::LeaseLost)
    }

    async fn imported(&self, query: &ImportedQuery) -> Result<Page<Imported>, StoreError> {
        let query = query.clone();
        self.readers.ask(move |conn| reads::imported(conn, &query)).await
    }

    async fn imported_one(&self, key: &Key, entity: &str, id: &str) -> Result<Option<Imported>, StoreError> {
        let (key, entity, id) = (key.clone(), entity.to_owned(), id.to_owned());
        self.readers.ask(move |conn| reads::imported_one(conn, &key, &entity, &id)).await
    }

    async fn connection(&self, key: &Key) -> Result<Option<SealedConnection>, StoreError> {
        let key = key.clone();
        self.readers.ask(move |conn| reads::connection(conn, &key)).await
    }

    async fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError> {
        self.readers.ask(reads::tokens).await
    }

    async fn token(&self, id: &str) -> Result<Option<TokenRecord>, StoreError> {
        let id = id.to_owned();
        self.readers.ask(move |conn| reads::token(conn, &id)).await
    }

    async fn prune(&self, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        let mut gone = 0;
        let mut stage = Stage::START;
        while stage != Stage::Done {
            let (rows, next) = self.writer.make(1, move |batch| batch.prune(&stage, before, now)).await?;
            gone += rows;
            stage = next;
        }
        Ok(gone)
    }

    async fn probe(&self, now: Timestamp) -> Result<(), StoreError> {
        let probe = self.writer.make(1, move |batch| {
            let mut write =
                batch.conn.prepare_cached("REPLACE INTO meta (name, value) VALUES ('probe', ?1)")?;
            Ok(write.execute(params![now.millis()]).map(drop)?)
        });
        probe.await
    }
}
