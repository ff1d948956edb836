//! What is read of the map.

use std::sync::Arc;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::bucket::Bucket;
use super::log::Fault;
use super::tables::{Name, Table, instant, read, text, unreadable};
use super::tree::Snapshot;
use super::writes::{Known, Stored};
use crate::domain::{
    Answer, AuditEntry, Imported, Key, Range, Record, Run, RunId, Scope, Source, Tenant, Timestamp,
};
use crate::memory::cursor;
use crate::ports::{AuditQuery, ImportedQuery, Page, Place, RunQuery, StoreError};

impl<B: Bucket> Snapshot<B> {
    /// One value of a table.
    pub(super) async fn one<T: DeserializeOwned>(&self, name: Name) -> Result<Option<T>, Fault> {
        Ok(self.get(name.as_ref()).await?.map(|bytes| read(&bytes)).transpose()?)
    }

    /// A value that another one refers to.
    async fn there<T: DeserializeOwned>(&self, name: Name) -> Result<T, Fault> {
        self.one(name).await?.ok_or_else(|| StoreError::Corrupt("an index points nowhere".into()).into())
    }

    pub(super) async fn record(&self, key: &Key) -> Result<Option<Arc<Record>>, Fault> {
        let stored = self.one(Table::Record.name().key(key)).await?;
        Ok(stored.map(|Stored(record, _)| record))
    }

    /// Records of a source with a schedule, after a tenant.
    pub(super) async fn scan(
        &self,
        source: &Source,
        after: Option<&Tenant>,
        limit: usize,
    ) -> Result<Vec<Arc<Record>>, Fault> {
        let front = Table::Record.name().source(source);
        let from = after.map_or(front.clone(), |tenant| front.clone().text(tenant.as_str()).end());
        let mut walk = self.seek(from.as_ref()).await?;
        let mut found = Vec::new();
        while found.len() < limit
            && let Some((key, value)) = walk.next().await?
            && front.rest(&key).is_some()
        {
            let Stored(record, _) = read(&value)?;
            if record.schedule.is_some() {
                found.push(record);
            }
        }
        Ok(found)
    }

    /// Records that are due, earliest first.
    pub(super) async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Arc<Record>>, Fault> {
        let front = Table::Due.name();
        let mut walk = self.seek(front.as_ref()).await?;
        let mut found = Vec::new();
        while found.len() < limit
            && let Some((key, _)) = walk.next().await?
            && let Some(mut rest) = front.rest(&key)
        {
            if instant(&mut rest).ok_or_else(unreadable)? > now {
                break;
            }
            let Stored(record, _) = self.there(Table::Record.name().key(&key_in(&mut rest)?)).await?;
            found.push(record);
        }
        Ok(found)
    }

    /// The earliest due instant later than `after`.
    pub(super) async fn next_due(&self, after: Option<Timestamp>) -> Result<Option<Timestamp>, Fault> {
        let front = Table::Due.name();
        let from = after.map_or(front.clone(), |after| front.clone().instant(after).end());
        let entry = self.seek(from.as_ref()).await?.next().await?;
        let Some(mut rest) = entry.as_ref().and_then(|(key, _)| front.rest(key)) else { return Ok(None) };
        Ok(Some(instant(&mut rest).ok_or_else(unreadable)?))
    }

    pub(super) async fn run(&self, id: &RunId) -> Result<Option<Run>, Fault> {
        let Some(run) = self.one::<Run>(Table::Run.name().text(id.as_str())).await? else { return Ok(None) };
        let log = self.one(Table::Log.name().text(id.as_str())).await?.unwrap_or_default();
        Ok(Some(Run { log, ..run }))
    }

    pub(super) async fn runs(&self, query: &RunQuery) -> Result<Page<Run>, Fault> {
        let after = cursor(query.cursor.as_deref())?;
        let tables = (Table::Run, Table::RunOf);
        let lists = Lists { tables, source: &query.source, scope: &query.scope, after: after.as_ref() };
        // Ids sort by start: nothing earlier follows.
        let early = |run: &Run| query.since.is_some_and(|since| run.started < since);
        let found = self.newest(lists, query.limit, early, |run| query.asks_for(run)).await?;
        Ok(page(found, query.limit))
    }

    pub(super) async fn audit(&self, query: &AuditQuery) -> Result<Page<AuditEntry>, Fault> {
        let after = cursor(query.cursor.as_deref())?;
        let tables = (Table::Audit, Table::AuditOf);
        let lists = Lists { tables, source: &query.source, scope: &query.scope, after: after.as_ref() };
        let early = |entry: &AuditEntry| query.since.is_some_and(|since| entry.ts < since);
        let found = self.newest(lists, query.limit, early, |entry| query.asks_for(entry)).await?;
        Ok(page(found, query.limit))
    }

    pub(super) async fn audit_count(&self, query: &AuditQuery) -> Result<u64, Fault> {
        let whole = AuditQuery { cursor: None, limit: usize::MAX, ..query.clone() };
        Ok(self.audit(&whole).await?.rows.len() as u64)
    }

    /// Wanted rows by their ids, newest first, and one more than the limit. Ends at a row that is too early.
    async fn newest<T: DeserializeOwned>(
        &self,
        lists: Lists<'_>,
        limit: usize,
        early: impl Fn(&T) -> bool,
        wanted: impl Fn(&T) -> bool,
    ) -> Result<Vec<(String, T)>, Fault> {
        let (all, of) = lists.tables;
        let limit = limit.saturating_add(1);
        let until = |front: Name| match lists.after {
            Some(id) => front.text(id.as_str()),
            None => front.end(),
        };
        let mut found = Vec::new();
        let Scope::Only(tenants) = lists.scope else {
            let front = all.name();
            let mut walk = self.seek(until(front.clone()).as_ref()).await?;
            while found.len() < limit
                && let Some((key, value)) = walk.back().await?
                && let Some(mut rest) = front.rest(&key)
            {
                let row = read(&value)?;
                if early(&row) {
                    break;
                }
                if wanted(&row) {
                    found.push((text(&mut rest).ok_or_else(unreadable)?, row));
                }
            }
            return Ok(found);
        };
        for tenant in tenants {
            let front = of.name().key(&Key::new(lists.source.clone(), tenant.clone()));
            let mut walk = self.seek(until(front.clone()).as_ref()).await?;
            let most = found.len().saturating_add(limit);
            while found.len() < most
                && let Some((key, _)) = walk.back().await?
                && let Some(mut rest) = front.rest(&key)
            {
                let id = text(&mut rest).ok_or_else(unreadable)?;
                let row = self.there(all.name().text(&id)).await?;
                if early(&row) {
                    break;
                }
                if wanted(&row) {
                    found.push((id, row));
                }
            }
        }
        found.sort_unstable_by(|(left, _), (right, _)| right.cmp(left));
        found.truncate(limit);
        Ok(found)
    }

    pub(super) async fn occurrences(
        &self,
        key: &Key,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Range>, Fault> {
        let front = Table::Range.name().key(key);
        let mut walk = self.seek(front.as_ref()).await?;
        let mut found = Vec::new();
        while let Some((key, value)) = walk.next().await?
            && front.rest(&key).is_some()
        {
            let range: Range = read(&value)?;
            if range.first >= until {
                break;
            }
            if since <= range.last {
                found.push(range);
            }
        }
        Ok(found)
    }

    /// The keys of chains, each found by what follows the one before.
    pub(super) async fn chains(&self, after: Option<&Key>, limit: usize) -> Result<Vec<Key>, Fault> {
        let front = Table::Chain.name();
        let mut from = after.map_or(front.clone(), |key| front.clone().key(key).end());
        let mut found = Vec::new();
        while found.len() < limit
            && let Some((key, _)) = self.seek(from.as_ref()).await?.next().await?
            && let Some(mut rest) = front.rest(&key)
        {
            let key = key_in(&mut rest)?;
            from = front.clone().key(&key).end();
            found.push(key);
        }
        Ok(found)
    }

    pub(super) async fn chain(&self, key: &Key, after: u64, limit: usize) -> Result<Vec<AuditEntry>, Fault> {
        let front = Table::Chain.name().key(key);
        let mut walk = self.seek(front.clone().number(after).end().as_ref()).await?;
        let mut found = Vec::new();
        while found.len() < limit
            && let Some((key, id)) = walk.next().await?
            && front.rest(&key).is_some()
        {
            let id = std::str::from_utf8(&id).map_err(|_| unreadable())?;
            found.push(self.there(Table::Audit.name().text(id)).await?);
        }
        Ok(found)
    }

    pub(super) async fn answer(&self, name: &str, now: Timestamp) -> Result<Option<Answer>, Fault> {
        let answer = self.one::<Answer>(Table::Answer.name().text(name)).await?;
        Ok(answer.filter(|answer| now < answer.expires))
    }

    /// All values of a table.
    pub(super) async fn all<T: DeserializeOwned>(&self, table: Table) -> Result<Vec<T>, Fault> {
        let front = table.name();
        let mut walk = self.seek(front.as_ref()).await?;
        let mut found = Vec::new();
        while let Some((key, value)) = walk.next().await?
            && front.rest(&key).is_some()
        {
            found.push(read(&value)?);
        }
        Ok(found)
    }

    pub(super) async fn imported(&self, query: &ImportedQuery) -> Result<Page<Imported>, Fault> {
        let place = query.cursor.as_deref().map(Place::read).transpose()?;
        let (of, entity) = (Table::Imported.name().key(&query.key), query.entity.as_deref());
        let front = entity.map_or(of.clone(), |entity| of.clone().text(entity));
        let from = match &place {
            Some(place) => of.clone().text(&place.entity).text(&place.id).end().max(front.clone()),
            None => front.clone(),
        };
        let since = query.changed_since;
        let wanted = |known: &Known| since.is_none_or(|since| since <= known.imported_at);
        let mut rows = self.known(&query.key, from, &front, query.limit.saturating_add(1), wanted).await?;
        let more = rows.len() > query.limit;
        rows.truncate(query.limit);
        let next = rows.last().filter(|_| more).map(|row| Place::text(&row.entity, &row.external_id));
        Ok(Page { rows, next })
    }

    pub(super) async fn unseen(
        &self,
        key: &Key,
        entity: &str,
        before: Timestamp,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Imported>, Fault> {
        let front = Table::Imported.name().key(key).text(entity);
        let from = after.map_or(front.clone(), |id| front.clone().text(id).end());
        self.known(key, from, &front, limit, |known| !known.gone && known.seen_at < before).await
    }

    /// Imported records from `from` on whose names begin like `front`.
    async fn known(
        &self,
        key: &Key,
        from: Name,
        front: &Name,
        limit: usize,
        wanted: impl Fn(&Known) -> bool,
    ) -> Result<Vec<Imported>, Fault> {
        let of = Table::Imported.name().key(key);
        let mut walk = self.seek(from.as_ref()).await?;
        let mut found = Vec::new();
        while found.len() < limit
            && let Some((name, value)) = walk.next().await?
            && front.rest(&name).is_some()
        {
            let known: Known = read(&value)?;
            if wanted(&known) {
                let mut rest = of.rest(&name).ok_or_else(unreadable)?;
                let mut part = || text(&mut rest).ok_or_else(unreadable);
                let (entity, id) = (part()?, part()?);
                found.push(self.with_content(key, entity, id, known).await?);
            }
        }
        Ok(found)
    }

    pub(super) async fn imported_one(
        &self,
        key: &Key,
        entity: &str,
        id: &str,
    ) -> Result<Option<Imported>, Fault> {
        match self.one(Table::Imported.name().key(key).text(entity).text(id)).await? {
            Some(known) => Ok(Some(self.with_content(key, entity.into(), id.into(), known).await?)),
            None => Ok(None),
        }
    }

    async fn with_content(
        &self,
        key: &Key,
        entity: String,
        id: String,
        known: Known,
    ) -> Result<Imported, Fault> {
        let data: Box<RawValue> = self.there(Table::Content.name().key(key).text(&entity).text(&id)).await?;
        let Known { modified, imported_at, seen_at, gone, .. } = known;
        let (entity, external_id) = (entity.into(), id.into());
        Ok(Imported { entity, external_id, modified, imported_at, seen_at, gone, data })
    }

    /// At most `limit` names of answers that have expired.
    pub(super) async fn expired(&self, now: Timestamp, limit: usize) -> Result<Vec<(Bytes, String)>, Fault> {
        let front = Table::Expiry.name();
        let mut walk = self.seek(front.as_ref()).await?;
        let mut found = Vec::new();
        while found.len() < limit
            && let Some((key, _)) = walk.next().await?
            && let Some(mut rest) = front.rest(&key)
            && instant(&mut rest).ok_or_else(unreadable)? <= now
        {
            let name = text(&mut rest).ok_or_else(unreadable)?;
            found.push((key, name));
        }
        Ok(found)
    }

    /// At most `limit` runs that ended before an instant, oldest first.
    pub(super) async fn ended(&self, before: Timestamp, limit: usize) -> Result<Vec<Run>, Fault> {
        let front = Table::Run.name();
        let mut walk = self.seek(front.as_ref()).await?;
        let mut found = Vec::new();
        while found.len() < limit
            && let Some((key, value)) = walk.next().await?
            && front.rest(&key).is_some()
        {
            let run: Run = read(&value)?;
            // They are in the order of their starts, and none ends before it starts.
            if run.started >= before {
                break;
            }
            if run.finished.is_some_and(|finished| finished < before) {
                found.push(run);
            }
        }
        Ok(found)
    }

    /// At most `limit` keys of ranges that ended before an instant.
    pub(super) async fn past_ranges(&self, before: Timestamp, limit: usize) -> Result<Vec<Bytes>, Fault> {
        let front = Table::Range.name();
        let mut walk = self.seek(front.as_ref()).await?;
        let mut found = Vec::new();
        while found.len() < limit
            && let Some((key, value)) = walk.next().await?
            && front.rest(&key).is_some()
        {
            let range: Range = read(&value)?;
            if range.last < before {
                found.push(key);
            }
        }
        Ok(found)
    }
}

/// The two lists of rows that have an id: of all, and of each tenant.
struct Lists<'a> {
    tables: (Table, Table),
    source: &'a Source,
    scope: &'a Scope,
    after: Option<&'a RunId>,
}

fn page<T>(mut found: Vec<(String, T)>, limit: usize) -> Page<T> {
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|(id, _)| id.clone());
    Page { rows: found.into_iter().map(|(_, row)| row).collect(), next }
}

fn key_in(rest: &mut &[u8]) -> Result<Key, StoreError> {
    let (source, tenant) = (text(rest), text(rest));
    let source = source.and_then(|source| Source::parse(&source).ok()).ok_or_else(unreadable)?;
    let tenant = tenant.and_then(|tenant| Tenant::parse(&tenant).ok()).ok_or_else(unreadable)?;
    Ok(Key::new(source, tenant))
}
