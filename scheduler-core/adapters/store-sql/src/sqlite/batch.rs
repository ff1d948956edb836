//! One transaction and what it means to the records in memory.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rusqlite::{Connection, params};
use scheduler_core::domain::{Answer, Key, Record, Source, Timestamp};
use scheduler_core::memory::Records;
use scheduler_core::ports::Commit;

use super::load::Numbers;
use super::reads;
use crate::error::Cause;
use crate::rows::{Prepared, Row};

/// What an open transaction has changed so far.
pub(super) struct Batch<'a> {
    pub(super) conn: &'a Connection,
    cache: &'a RwLock<Records>,
    numbers: &'a mut Numbers,
    version: u64,
    made: Vec<(Arc<Record>, Option<Timestamp>)>,
    latest: HashMap<Key, usize>,
    new_keys: Vec<Key>,
    new_sources: Vec<Source>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(conn: &'a Connection, cache: &'a RwLock<Records>, numbers: &'a mut Numbers) -> Self {
        let version = cache.read().unwrap_or_else(PoisonError::into_inner).version();
        Self {
            conn,
            cache,
            numbers,
            version,
            made: Vec::new(),
            latest: HashMap::new(),
            new_keys: Vec::new(),
            new_sources: Vec::new(),
        }
    }

    /// Tells memory what is now durable.
    pub(super) fn publish(self) {
        if self.made.is_empty() {
            return;
        }
        let mut records = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        for (record, due_at) in self.made {
            records.put(record, due_at);
        }
        records.set_version(self.version);
    }

    /// Forgets numbers that were given to what is not there after all.
    pub(super) fn forget(self) {
        for key in &self.new_keys {
            self.numbers.records.remove(key);
        }
        for source in &self.new_sources {
            self.numbers.sources.remove(source);
        }
    }

    /// The record as it stands within this transaction.
    fn record(&self, key: &Key) -> Option<Arc<Record>> {
        match self.latest.get(key) {
            Some(at) => self.made.get(*at).map(|(record, _)| Arc::clone(record)),
            None => self.cache.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned(),
        }
    }

    /// The number of the record whose lease `fence` holds; none when the lease is another's or gone.
    pub(super) fn leased(&self, key: &Key, fence: u64) -> Option<i64> {
        let record = self.record(key)?;
        let lease = record.schedule.as_ref()?.run.as_deref()?;
        (lease.fence == fence).then(|| self.numbers.records.get(key).copied()).flatten()
    }

    fn version_of(&self, key: &Key) -> u64 {
        match self.latest.get(key).and_then(|at| self.made.get(*at)) {
            Some((record, _)) => record.version,
            None => self.cache.read().unwrap_or_else(PoisonError::into_inner).version_of(key),
        }
    }

    /// Makes a change, unless the record was written since the change was read.
    pub(super) fn commit(&mut self, change: &Prepared) -> Result<Commit, Cause> {
        let key = &change.next.key;
        if self.version_of(key) != change.expected {
            return Ok(Commit::Conflict);
        }
        for row in &change.rows {
            if let Row::Answer { answer, now } = row
                && reads::answer(self.conn, &answer.name, *now)?.is_some()
            {
                return Ok(Commit::Answered);
            }
        }
        let record = self.put_record(change)?;
        for row in &change.rows {
            self.put_row(&key.source, record, row)?;
        }
        self.latest.insert(key.clone(), self.made.len());
        self.made.push((Arc::clone(&change.next), change.due_at));
        Ok(Commit::Done(self.version))
    }

    fn put_record(&mut self, change: &Prepared) -> Result<i64, Cause> {
        let next = &change.next;
        let version = next.version.cast_signed();
        let global = (self.version + 1).cast_signed();
        let due_at = change.due_at.map(Timestamp::millis);
        let scheduled = next.schedule.is_some();
        let number = if let Some(number) = self.numbers.records.get(&next.key) {
            self.conn
                .prepare_cached(
                    "UPDATE records SET version = ?2, global_version = ?3, due_at = ?4, has_schedule = ?5,
                     state = ?6 WHERE id = ?1",
                )?
                .execute(params![number, version, global, due_at, scheduled, change.state])?;
            *number
        } else {
            let Key { source, tenant } = &next.key;
            self.conn
                .prepare_cached(
                    "INSERT INTO records (source, tenant, version, global_version, due_at, has_schedule, state)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![
                    source.as_str(),
                    tenant.as_str(),
                    version,
                    global,
                    due_at,
                    scheduled,
                    change.state
                ])?;
            let number = self.conn.last_insert_rowid();
            self.numbers.records.insert(next.key.clone(), number);
            self.new_keys.push(next.key.clone());
            number
        };
        self.version += 1;
        Ok(number)
    }

    fn put_row(&mut self, source: &Source, record: i64, row: &Row) -> Result<(), Cause> {
        let conn = self.conn;
        match row {
            Row::Run { id, state, trigger, finished, body, log } => conn
                .prepare_cached(
                    "INSERT INTO runs (source, run_id, record, state, trigger, finished, body, log)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                     ON CONFLICT DO UPDATE SET state = excluded.state, trigger = excluded.trigger,
                     finished = excluded.finished, body = excluded.body, log = excluded.log",
                )?
                .execute(params![
                    self.source(source)?,
                    id.as_str(),
                    record,
                    state,
                    trigger,
                    finished,
                    body,
                    log
                ])?,
            Row::Range { first, last, body } => conn
                .prepare_cached(
                    "INSERT INTO occurrences (record, first, last, body) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT DO UPDATE SET last = excluded.last, body = excluded.body",
                )?
                .execute(params![record, first, last, body])?,
            Row::Audit { id, seq, operation, actor, body } => conn
                .prepare_cached(
                    "INSERT INTO audit (source, id, record, seq, operation, actor, body)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
                )?
                .execute(params![
                    self.source(source)?,
                    id,
                    record,
                    seq.cast_signed(),
                    operation,
                    actor,
                    body
                ])?,
            Row::Answer { answer, .. } => return put_answer(conn, answer, None).map(drop),
            Row::Connection(Some(body)) => conn
                .prepare_cached("REPLACE INTO connections (record, body) VALUES (?1, ?2)")?
                .execute(params![record, body])?,
            Row::Connection(None) => {
                conn.prepare_cached("DELETE FROM connections WHERE record = ?1")?.execute(params![record])?
            }
            Row::Token { id, body } => conn
                .prepare_cached("REPLACE INTO tokens (id, body) VALUES (?1, ?2)")?
                .execute(params![id, body])?,
            Row::RevokeToken(id) => {
                conn.prepare_cached("DELETE FROM tokens WHERE id = ?1")?.execute(params![id])?
            }
        };
        Ok(())
    }

    /// The number of a source, which it is given if it has none.
    fn source(&mut self, source: &Source) -> Result<i64, Cause> {
        if let Some(number) = self.numbers.sources.get(source) {
            return Ok(*number);
        }
        self.conn.prepare_cached("INSERT INTO sources (name) VALUES (?1)")?.execute([source.as_str()])?;
        let number = self.conn.last_insert_rowid();
        self.numbers.sources.insert(source.clone(), number);
        self.new_sources.push(source.clone());
        Ok(number)
    }
}

/// Stores an answer, or replaces one: with `now` only one that has expired by then.
pub(super) fn put_answer(conn: &Connection, answer: &Answer, now: Option<Timestamp>) -> Result<bool, Cause> {
    if let Some(now) = now
        && reads::answer(conn, &answer.name, now)?.is_some()
    {
        return Ok(false);
    }
    conn.prepare_cached(
        "REPLACE INTO answers (name, request, status, expires, body) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        answer.name,
        answer.request,
        answer.status,
        answer.expires.millis(),
        answer.body
    ])?;
    Ok(true)
}
