//! Runs and audit entries.

use futures::stream::{self, StreamExt, TryStreamExt};
use scheduler_core::domain::{AuditEntry, Key, Run, RunId, Scope, Source};
use scheduler_core::ports::{AuditQuery, Ids, Page, RunQuery};

use crate::batch::SIDE_BY_SIDE;
use crate::commit::{ACTOR, LOGGED, OPERATION, OWNER_OF_ENTRY, SEQ};
use crate::error::Cause;
use crate::item::{Item, Name, SK, body, number, text};
use crate::keys;
use crate::reads::Rows;
use crate::store::DynamoDb;
use crate::timeline::Lane;

impl DynamoDb {
    pub(crate) async fn one_run(&self, id: &RunId) -> Result<Option<Run>, Cause> {
        let (name, log) = (keys::run(id), keys::run_log(id));
        let mut items = self.items(vec![name.clone(), log.clone()]).await?;
        let Some(item) = items.remove(&name) else { return Ok(None) };
        let mut run: Run = body(&item, "run")?;
        if item.contains_key(LOGGED)
            && let Some(log) = items.remove(&log)
        {
            run.log = body(&log, "log of a run")?;
        }
        Ok(Some(run))
    }

    pub(crate) async fn list_runs(&self, query: &RunQuery) -> Result<Page<Run>, Cause> {
        let ids = Ids::within(query.since, query.until, query.cursor.as_deref())?;
        let lanes = match &query.scope {
            Scope::All => {
                let stretches = self.stretches(keys::RUN_STRETCHES, &ids).await?;
                let lanes = |stretch: String| {
                    (0..keys::RUN_SHARDS).map(|shard| Lane::Table(keys::runs(&stretch, shard))).collect()
                };
                stretches.into_iter().map(lanes).collect()
            }
            Scope::Only(tenants) => {
                let owners = tenants.iter().map(|tenant| Key::new(query.source.clone(), tenant.clone()));
                vec![owners.map(|owner| Lane::Index(keys::owner(&owner))).collect()]
            }
        };
        let wanted = |item: &Item| Ok(query.asks_for(&body(item, "run")?));
        let found = self.newest(lanes, &ids, query.limit, wanted).await?;
        let rows = found.rows.iter().map(|item| body(item, "run")).collect::<Result<_, _>>()?;
        Ok(Page { rows, next: found.next })
    }

    /// The stretches of a list that may hold these ids, newest first.
    async fn stretches(&self, prefix: &str, ids: &Ids) -> Result<Vec<String>, Cause> {
        let rows = Rows::beginning(keys::STRETCHES, prefix).backward();
        let mut found = Vec::new();
        for item in self.all_rows(&rows, usize::MAX).await? {
            let stretch = text(&item, SK)?[prefix.len()..].to_owned();
            if keys::stretch(&ids.from) <= stretch.as_str() && stretch <= ids.until {
                found.push(stretch);
            }
        }
        Ok(found)
    }

    pub(crate) async fn list_entries(&self, query: &AuditQuery) -> Result<Page<AuditEntry>, Cause> {
        let ids = Ids::within(query.since, query.until, query.cursor.as_deref())?;
        let lanes = self.audit_lanes(query, &ids).await?;
        let found = self.newest(lanes, &ids, query.limit, |item| asked_for(query, item)).await?;
        let places = found.rows.iter().map(entry_name).collect::<Result<Vec<_>, _>>()?;
        let mut entries = self.items(places.clone()).await?;
        let rows = places.iter().map(|place| {
            let item = entries.remove(place).ok_or(Cause::Unreadable("audit entry"))?;
            body(&item, "audit entry")
        });
        Ok(Page { rows: rows.collect::<Result<_, _>>()?, next: found.next })
    }

    pub(crate) async fn count_entries(&self, query: &AuditQuery) -> Result<u64, Cause> {
        let ids = Ids::within(query.since, query.until, None)?;
        let lanes = self.audit_lanes(query, &ids).await?.into_iter().flatten();
        let counts: Vec<u64> = stream::iter(lanes)
            .map(|lane| self.count_lane(lane, query, &ids))
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect()
            .await?;
        Ok(counts.into_iter().sum())
    }

    async fn count_lane(&self, lane: Lane, query: &AuditQuery, ids: &Ids) -> Result<u64, Cause> {
        let (rows, mut start, mut count) = (lane.rows(ids), None, 0);
        loop {
            let batch = self.rows(&rows, start, 5000).await?;
            for item in &batch.items {
                count += u64::from(asked_for(query, item)?);
            }
            start = batch.next;
            if start.is_none() {
                return Ok(count);
            }
        }
    }

    async fn audit_lanes(&self, query: &AuditQuery, ids: &Ids) -> Result<Vec<Vec<Lane>>, Cause> {
        let Scope::Only(tenants) = &query.scope else {
            return self.all_audit_lanes(&query.source, ids).await;
        };
        let owners = tenants.iter().map(|tenant| Key::new(query.source.clone(), tenant.clone()));
        Ok(vec![owners.map(|owner| Lane::Own(keys::partition(&owner), keys::OWN_ENTRY)).collect()])
    }

    /// The entries of a source and those of the control plane.
    async fn all_audit_lanes(&self, source: &Source, ids: &Ids) -> Result<Vec<Vec<Lane>>, Cause> {
        let sources = [source.clone(), Key::system().source];
        let mut stretches = Vec::new();
        for source in &sources {
            stretches.extend(self.stretches(&keys::audit_stretches(source), ids).await?);
        }
        stretches.sort_unstable_by(|left, right| right.cmp(left));
        stretches.dedup();
        let lanes = |stretch: &String| {
            sources.iter().map(|source| Lane::Table(keys::audit(source, stretch))).collect()
        };
        Ok(stretches.iter().map(lanes).collect())
    }

    pub(crate) async fn chain_entries(
        &self,
        key: &Key,
        after: u64,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, Cause> {
        let Some(first) = after.checked_add(1) else { return Ok(Vec::new()) };
        let (low, high) = (keys::chain_entry(key, first), keys::chain_entry(key, u64::MAX));
        let items = self.all_rows(&Rows::between(low.pk, &low.sk, &high.sk), limit).await?;
        items.iter().map(|item| body(item, "audit entry")).collect()
    }

    /// Keys that have an audit entry.
    pub(crate) async fn chain_keys(&self, after: Option<&Key>, limit: usize) -> Result<Vec<Key>, Cause> {
        let rows = Rows::beginning(keys::DIRECTORY, "");
        let (mut found, mut start) = (Vec::new(), after.map(|key| keys::directory(key).item()));
        while found.len() < limit {
            let (keys, next) = self.directory(&rows, start, limit - found.len()).await?;
            let some: Vec<Option<Key>> = stream::iter(keys)
                .map(|key| self.with_chain(key))
                .buffered(SIDE_BY_SIDE)
                .try_collect()
                .await?;
            found.extend(some.into_iter().flatten());
            start = next;
            if start.is_none() {
                break;
            }
        }
        Ok(found)
    }

    async fn with_chain(&self, key: Key) -> Result<Option<Key>, Cause> {
        Ok((!self.chain_entries(&key, 0, 1).await?.is_empty()).then_some(key))
    }
}

/// Whether a pointer is of an entry that is asked for.
fn asked_for(query: &AuditQuery, pointer: &Item) -> Result<bool, Cause> {
    let operation = text(pointer, OPERATION)?;
    let actor = text(pointer, ACTOR)?;
    Ok(query.operation.is_none_or(|wanted| wanted.as_str() == operation)
        && query.actor.as_deref().is_none_or(|wanted| wanted == actor))
}

/// Where a pointer points.
fn entry_name(pointer: &Item) -> Result<Name, Cause> {
    let key = keys::read_owner(text(pointer, OWNER_OF_ENTRY)?)?;
    Ok(keys::chain_entry(&key, number(pointer, SEQ)?))
}
