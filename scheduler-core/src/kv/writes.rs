//! Transactions: what they change of the map.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::bucket::Bucket;
use super::log::Fault;
use super::tables::{Table, read, write};
use super::tree::{Edits, Snapshot};
use crate::domain::{
    Answer, AuditEntry, Change, Entity, Item, Key, Record, Run, Source, Tally, Timestamp, Write,
};
use crate::ports::{Commit, StoreError};

/// A record and when it is due.
#[derive(Serialize, Deserialize)]
pub(super) struct Stored(pub(super) Arc<Record>, pub(super) Option<Timestamp>);

/// What is known of an imported record beside its content.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Known {
    #[serde(with = "crate::domain::hex")]
    pub(super) hash: [u8; 32],
    pub(super) modified: Option<Timestamp>,
    pub(super) imported_at: Timestamp,
    pub(super) seen_at: Timestamp,
    pub(super) gone: bool,
}

/// Changes to the map, to be made in one commit.
pub(super) struct Transaction<B> {
    pub(super) snapshot: Snapshot<B>,
    pub(super) version: u64,
    pub(super) edits: Edits,
}

impl<B: Bucket> Transaction<B> {
    pub(super) fn on(snapshot: Snapshot<B>) -> Self {
        Self { version: snapshot.end().header.version, snapshot, edits: Edits::new() }
    }

    async fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Fault> {
        match self.edits.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.snapshot.get(key).await,
        }
    }

    pub(super) fn put(&mut self, key: impl Into<Bytes>, value: Bytes) {
        self.edits.insert(key.into(), Some(value));
    }

    pub(super) fn remove(&mut self, key: impl Into<Bytes>) {
        self.edits.insert(key.into(), None);
    }

    async fn record(&self, key: &Key) -> Result<Option<Stored>, Fault> {
        let stored = self.get(Table::Record.name().key(key).as_ref()).await?;
        Ok(stored.map(|bytes| read(&bytes)).transpose()?)
    }

    /// Makes a change, unless it is stale.
    pub(super) async fn change(&mut self, change: &Change) -> Result<Commit, Fault> {
        let key = &change.next.key;
        let stored = self.record(key).await?;
        if stored.as_ref().map_or(0, |Stored(record, _)| record.version) != change.expected {
            return Ok(Commit::Conflict);
        }
        for write in &change.writes {
            if let Write::Answer { answer, now } = write
                && self.answered(&answer.name, *now).await?
            {
                return Ok(Commit::Answered);
            }
        }
        if let Some(Stored(_, Some(due))) = stored {
            self.remove(Table::Due.name().instant(due).key(key).bytes());
        }
        if let Some(due) = change.due_at {
            self.put(Table::Due.name().instant(due).key(key).bytes(), Bytes::new());
        }
        let next = Stored(Arc::clone(&change.next), change.due_at);
        self.put(Table::Record.name().key(key).bytes(), write(&next)?);
        for write in &change.writes {
            self.apply(key, write).await?;
        }
        self.version += 1;
        Ok(Commit::Done(self.version))
    }

    async fn apply(&mut self, key: &Key, change: &Write) -> Result<(), Fault> {
        match change {
            Write::Run(run) => self.run(run)?,
            Write::Audit(entry) => self.entry(entry)?,
            Write::Answer { answer, .. } => self.answer(answer).await?,
            Write::Occurrences(range) => {
                self.put(Table::Range.name().key(key).instant(range.first).bytes(), write(range)?);
            }
            Write::Connection(Some(sealed)) => {
                self.put(Table::Connection.name().key(key).bytes(), write(sealed)?);
            }
            Write::Connection(None) => self.remove(Table::Connection.name().key(key).bytes()),
            Write::Token(token) => self.put(Table::Token.name().text(&token.id).bytes(), write(token)?),
            Write::RevokeToken(id) => self.remove(Table::Token.name().text(id).bytes()),
        }
        Ok(())
    }

    fn run(&mut self, run: &Run) -> Result<(), StoreError> {
        let id = run.run_id.as_str();
        if run.log.is_empty() {
            self.remove(Table::Log.name().text(id).bytes());
        } else {
            self.put(Table::Log.name().text(id).bytes(), write(&run.log)?);
        }
        let short = Run { log: Vec::new(), ..run.clone() };
        self.put(Table::Run.name().text(id).bytes(), write(&short)?);
        self.put(Table::RunOf.name().key(&run.key).text(id).bytes(), Bytes::new());
        Ok(())
    }

    fn entry(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        let id = Bytes::copy_from_slice(entry.id.as_bytes());
        self.put(Table::Audit.name().text(&entry.id).bytes(), write(entry)?);
        self.put(Table::AuditOf.name().key(&entry.key).text(&entry.id).bytes(), Bytes::new());
        self.put(Table::Chain.name().key(&entry.key).number(entry.seq).bytes(), id);
        Ok(())
    }

    /// Whether there is an answer of that name that has not expired.
    pub(super) async fn answered(&self, name: &str, now: Timestamp) -> Result<bool, Fault> {
        let stored = self.get(Table::Answer.name().text(name).bytes().as_ref()).await?;
        let stored: Option<Answer> = stored.map(|bytes| read(&bytes)).transpose()?;
        Ok(stored.is_some_and(|answer| now < answer.expires))
    }

    /// Stores an answer in place of the one of its name.
    pub(super) async fn answer(&mut self, answer: &Answer) -> Result<(), Fault> {
        let name = Table::Answer.name().text(&answer.name).bytes();
        if let Some(before) = self.get(&name).await? {
            let before: Answer = read(&before)?;
            self.remove(Table::Expiry.name().instant(before.expires).text(&before.name).bytes());
        }
        self.put(name, write(answer)?);
        self.put(Table::Expiry.name().instant(answer.expires).text(&answer.name).bytes(), Bytes::new());
        Ok(())
    }

    /// Takes places from a source's counter.
    pub(super) async fn place(&mut self, source: &Source, count: u64) -> Result<u64, Fault> {
        let name = Table::Place.name().source(source).bytes();
        let first = self.get(&name).await?.map(|bytes| read(&bytes)).transpose()?.unwrap_or(0);
        self.put(name, write(&(first + count))?);
        Ok(first)
    }

    /// Makes sure that `fence` holds the record's lease.
    pub(super) async fn leased(&self, key: &Key, fence: u64) -> Result<(), Fault> {
        let stored = self.record(key).await?;
        let schedule = stored.as_ref().and_then(|Stored(record, _)| record.schedule.as_ref());
        let held = schedule.and_then(|schedule| schedule.run.as_ref()).is_some_and(|run| run.fence == fence);
        if held { Ok(()) } else { Err(Fault::Store(StoreError::LeaseLost)) }
    }

    /// Upserts imported records.
    pub(super) async fn import(&mut self, key: &Key, now: Timestamp, items: &[Item]) -> Result<Tally, Fault> {
        let mut tally = Tally::default();
        for item in items {
            let name =
                |table: Table| table.name().key(key).text(&item.entity).text(&item.external_id).bytes();
            let known: Option<Known> =
                self.get(&name(Table::Imported)).await?.map(|bytes| read(&bytes)).transpose()?;
            let same = known.as_ref().filter(|known| known.hash == item.hash && !known.gone);
            match (&known, same) {
                (_, Some(_)) => tally.unchanged += 1,
                (Some(known), None) if !known.gone => tally.updated += 1,
                _ => tally.created += 1,
            }
            let next = Known {
                hash: item.hash,
                modified: item.modified,
                imported_at: same.map_or(now, |known| known.imported_at),
                seen_at: now,
                gone: false,
            };
            if same.is_none() {
                self.put(name(Table::Content), Bytes::copy_from_slice(item.data.get().as_bytes()));
            }
            self.put(name(Table::Imported), write(&next)?);
        }
        Ok(tally)
    }

    /// Marks imported records as gone, and counts those that were not yet.
    pub(super) async fn mark_gone(
        &mut self,
        key: &Key,
        now: Timestamp,
        entity: &Entity,
        ids: &[Arc<str>],
    ) -> Result<u64, Fault> {
        let mut marked = 0;
        for id in ids {
            let name = Table::Imported.name().key(key).text(entity).text(id).bytes();
            let Some(bytes) = self.get(&name).await? else { continue };
            let known: Known = read(&bytes)?;
            if !known.gone {
                self.put(name, write(&Known { gone: true, imported_at: now, ..known })?);
                marked += 1;
            }
        }
        Ok(marked)
    }

    /// Forgets at most `limit` rows that are out of date, and counts them.
    pub(super) async fn prune(
        &mut self,
        before: Timestamp,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize, Fault> {
        let expired = self.snapshot.expired(now, limit).await?;
        let runs = self.snapshot.ended(before, limit - expired.len()).await?;
        let count = expired.len() + runs.len();
        let ranges = self.snapshot.past_ranges(before, limit - count).await?;
        let count = count + ranges.len();
        for (expiry, name) in expired {
            self.remove(expiry);
            self.remove(Table::Answer.name().text(&name).bytes());
        }
        for run in runs {
            let id = run.run_id.as_str();
            self.remove(Table::Log.name().text(id).bytes());
            self.remove(Table::Run.name().text(id).bytes());
            self.remove(Table::RunOf.name().key(&run.key).text(id).bytes());
        }
        ranges.into_iter().for_each(|range| self.remove(range));
        Ok(count)
    }
}
