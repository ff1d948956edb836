//! The `Store` port over one table.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use scheduler_core::domain::{
    Answer, AuditEntry, Change, Entity, Imported, Item, Key, Range, Record, Run, RunId, SealedConnection,
    Source, Tally, Tenant, Timestamp, TokenRecord,
};
use scheduler_core::ports::{AuditQuery, Commit, ImportedQuery, Page, RunQuery, Store, StoreError};

use crate::item::Name;
use crate::keys;

/// What the store has to know beside how to reach DynamoDB.
#[derive(Debug, Clone)]
pub struct Options {
    /// The table's name.
    pub table: String,
    /// How long runs and ranges of occurrences are kept after their end: DynamoDB deletes them by itself
    /// some time after. 90 days unless said otherwise.
    pub retention: Duration,
}

impl Options {
    /// The table of that name, with the usual retention.
    pub fn of(table: impl Into<String>) -> Self {
        Self { table: table.into(), retention: Duration::from_secs(90 * 24 * 3600) }
    }
}

/// A store in one DynamoDB table, which any number of processes may use at the same time.
pub struct DynamoDb {
    pub(crate) client: Client,
    pub(crate) options: Options,
    /// Stretches of time that lists know of, those last used first.
    pub(crate) stretches: Mutex<Vec<Name>>,
}

impl DynamoDb {
    /// Uses the table through this client. Reaches for nothing yet: [`Store::probe`] does.
    pub fn new(client: Client, options: Options) -> Self {
        Self { client, options, stretches: Mutex::default() }
    }
}

#[async_trait]
impl Store for DynamoDb {
    async fn load(&self, key: &Key) -> Result<Option<Arc<Record>>, StoreError> {
        Ok(self.record(key).await?)
    }

    async fn scan(
        &self,
        source: &Source,
        after: Option<&Tenant>,
        limit: usize,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        Ok(self.scheduled(source, after, limit).await?)
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Arc<Record>>, StoreError> {
        Ok(self.due_records(now, limit).await?)
    }

    async fn next_due(&self, after: Option<Timestamp>) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.earliest_due(after).await?)
    }

    async fn commit(&self, changes: Vec<Change>) -> Result<Vec<Commit>, StoreError> {
        Ok(self.commit_all(changes).await?)
    }

    async fn version(&self) -> Result<u64, StoreError> {
        Ok(self.counted(keys::version()).await?)
    }

    async fn place(&self, source: &Source, count: u64) -> Result<u64, StoreError> {
        Ok(self.add(keys::places(source), count).await?.saturating_sub(count))
    }

    async fn run(&self, id: &RunId) -> Result<Option<Run>, StoreError> {
        Ok(self.one_run(id).await?)
    }

    async fn runs(&self, query: &RunQuery) -> Result<Page<Run>, StoreError> {
        Ok(self.list_runs(query).await?)
    }

    async fn occurrences(
        &self,
        key: &Key,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Range>, StoreError> {
        Ok(self.ranges(key, since, until).await?)
    }

    async fn audit(&self, query: &AuditQuery) -> Result<Page<AuditEntry>, StoreError> {
        Ok(self.list_entries(query).await?)
    }

    async fn audit_count(&self, query: &AuditQuery) -> Result<u64, StoreError> {
        Ok(self.count_entries(query).await?)
    }

    async fn chains(&self, after: Option<&Key>, limit: usize) -> Result<Vec<Key>, StoreError> {
        Ok(self.chain_keys(after, limit).await?)
    }

    async fn chain(&self, key: &Key, after: u64, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        Ok(self.chain_entries(key, after, limit).await?)
    }

    async fn answer(&self, name: &str, now: Timestamp) -> Result<Option<Answer>, StoreError> {
        Ok(self.one_answer(name, now).await?)
    }

    async fn put_answer(&self, answer: Answer, now: Option<Timestamp>) -> Result<bool, StoreError> {
        Ok(match now {
            None => self.replace_answer(&answer).await.map(|()| true)?,
            Some(now) => self.add_answer(&answer, now).await?,
        })
    }

    async fn import(
        &self,
        key: &Key,
        fence: u64,
        now: Timestamp,
        items: Vec<Item>,
    ) -> Result<Tally, StoreError> {
        Ok(self.import_all(key, fence, now, items).await?)
    }

    async fn unseen(
        &self,
        key: &Key,
        entity: &Entity,
        before: Timestamp,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Imported>, StoreError> {
        Ok(self.unseen_before(key, entity, before, after, limit).await?)
    }

    async fn mark_gone(
        &self,
        key: &Key,
        fence: u64,
        now: Timestamp,
        entity: &Entity,
        ids: &[Arc<str>],
    ) -> Result<u64, StoreError> {
        Ok(self.mark_all_gone(key, fence, now, entity, ids).await?)
    }

    async fn imported(&self, query: &ImportedQuery) -> Result<Page<Imported>, StoreError> {
        Ok(self.list_imported(query).await?)
    }

    async fn imported_one(&self, key: &Key, entity: &str, id: &str) -> Result<Option<Imported>, StoreError> {
        Ok(self.one_imported(key, entity, id).await?)
    }

    async fn connection(&self, key: &Key) -> Result<Option<SealedConnection>, StoreError> {
        Ok(self.sealed_connection(key).await?)
    }

    async fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError> {
        Ok(self.all_tokens().await?)
    }

    async fn token(&self, id: &str) -> Result<Option<TokenRecord>, StoreError> {
        Ok(self.one_token(id).await?)
    }

    async fn prune(&self, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        Ok(self.prune_all(before, now).await?)
    }

    async fn probe(&self, now: Timestamp) -> Result<(), StoreError> {
        Ok(self.write_probe(now).await?)
    }
}
