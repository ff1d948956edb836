//! Copies everything from one store to another, so that another kind of host can go on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use puller_acculynx::content_hash;
use scheduler_core::domain::{
    Change, Imported, Item, Key, Lease, Record, RunId, Scope, Source, Timestamp, Trigger, Write,
};
use scheduler_core::machine::attention_at;
use scheduler_core::ports::{Commit, ImportedQuery, RunQuery, Store, commit_one};

use crate::Failure;
use crate::parts::acculynx;

/// Rows that are read or written at a time.
const BATCH: usize = 500;

/// How much was copied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Copied {
    /// Records of tenants, and the control plane's own.
    pub records: u64,
    /// Runs.
    pub runs: u64,
    /// Audit entries.
    pub entries: u64,
    /// Imported records.
    pub imported: u64,
}

/// Copies all that `from` holds to `to`, which must be empty. No host may work on either meanwhile.
///
/// Schedules go on where they stand. Stored answers to `Idempotency-Key`s are left behind.
///
/// # Errors
///
/// When `to` is not empty, or one of the two fails; then `to` is of no use.
pub async fn copy(from: &dyn Store, to: &dyn Store) -> Result<Copied, Failure> {
    if to.version().await? != 0 {
        return Err(Failure::config("the store to copy to is not empty"));
    }
    let source = acculynx()?;
    let mut copied = Copied::default();
    for key in keys(from, &source).await? {
        let Some(record) = from.load(&key).await? else { continue };
        let mut writes = history(from, &key, &mut copied).await?;
        if key == Key::system() {
            writes.extend(from.tokens().await?.into_iter().map(|token| Write::Token(Box::new(token))));
        }
        put(from, to, record, writes, &mut copied).await?;
    }
    let places = from.place(&source, 1).await?;
    to.place(&source, places).await?;
    Ok(copied)
}

/// Every key that has a record: those with a schedule, and those that ever were commanded.
async fn keys(store: &dyn Store, source: &Source) -> Result<BTreeSet<Key>, Failure> {
    let mut keys = BTreeSet::new();
    let mut after = None;
    loop {
        let page = store.scan(source, after.as_ref(), BATCH).await?;
        after = page.last().map(|record| record.key.tenant.clone());
        keys.extend(page.iter().map(|record| record.key.clone()));
        if page.len() < BATCH {
            break;
        }
    }
    let mut after = None;
    loop {
        let page = store.chains(after.as_ref(), BATCH).await?;
        after = page.last().cloned();
        let full = page.len() == BATCH;
        keys.extend(page);
        if !full {
            return Ok(keys);
        }
    }
}

/// What was written with a record over time.
async fn history(store: &dyn Store, key: &Key, copied: &mut Copied) -> Result<Vec<Write>, Failure> {
    let mut writes = Vec::new();
    let mut seq = 0;
    loop {
        let page = store.chain(key, seq, BATCH).await?;
        let Some(last) = page.last() else { break };
        seq = last.seq;
        copied.entries += page.len() as u64;
        writes.extend(page.into_iter().map(|entry| Write::Audit(Arc::new(entry))));
    }
    let mut query = RunQuery {
        source: key.source.clone(),
        scope: Scope::Only(BTreeSet::from([key.tenant.clone()])),
        state: None,
        trigger: None,
        since: None,
        until: None,
        cursor: None,
        limit: BATCH,
    };
    loop {
        let page = store.runs(&query).await?;
        for run in page.rows {
            // Only one run at a time comes with its log.
            writes.extend(store.run(&run.run_id).await?.map(|run| Write::Run(Arc::new(run))));
            copied.runs += 1;
        }
        query.cursor = page.next;
        if query.cursor.is_none() {
            break;
        }
    }
    let ranges = store.occurrences(key, Timestamp::MIN, Timestamp::MAX).await?;
    writes.extend(ranges.into_iter().map(|range| Write::Occurrences(Box::new(range))));
    writes.extend(store.connection(key).await?.map(|sealed| Write::Connection(Some(Box::new(sealed)))));
    Ok(writes)
}

/// Writes a record with its history, in as many commits as that takes; the last one is the record as it stands.
async fn put(
    from: &dyn Store,
    to: &dyn Store,
    record: Arc<Record>,
    mut writes: Vec<Write>,
    copied: &mut Copied,
) -> Result<(), Failure> {
    let rows = imported(from, &record.key).await?;
    let commits = 1 + (writes.len() / BATCH) as u64 + u64::from(!rows.is_empty());
    let first = record.version.checked_sub(commits - 1).filter(|first| *first > 0);
    let first = first.ok_or_else(|| Failure::other(format!("{}: more history than versions", record.key)))?;
    for version in first..=record.version {
        let last = version == record.version;
        let with_imports = version == first && !rows.is_empty();
        let next = match with_imports {
            true => leased(&record, version),
            false => Record { version, ..Record::clone(&record) },
        };
        let rest = if with_imports { 0 } else { writes.len().min(BATCH) };
        let part = if last { std::mem::take(&mut writes) } else { writes.drain(..rest).collect() };
        let due = attention_at(&next);
        let change = Change {
            expected: if version == first { 0 } else { version - 1 },
            next: Arc::new(next),
            due_at: due.filter(|_| last),
            writes: part,
        };
        if commit_one(to, change).await? == Commit::Conflict {
            return Err(Failure::other(format!("{}: someone else writes to the store", record.key)));
        }
        if with_imports {
            copied.imported += rows.len() as u64;
            import(to, &record.key, &rows).await?;
        }
    }
    copied.records += 1;
    Ok(())
}

/// The number of the lease under which imported records are copied.
const FENCE: u64 = u64::MAX >> 1;

/// The record with a lease, for a store takes imported records from nobody else.
fn leased(record: &Record, version: u64) -> Record {
    let mut leased = Record { version, ..Record::clone(record) };
    let instant = Timestamp::MIN;
    let lease = Lease {
        run_id: RunId::new(&record.key, FENCE, instant),
        fence: FENCE,
        worker: "migrate".into(),
        until: instant,
        trigger: Trigger::Manual,
        slot: None,
        attempt: 1,
        started: instant,
        lateness_ms: None,
    };
    if let Some(schedule) = &mut leased.schedule {
        schedule.run = Some(Arc::new(lease));
    }
    leased
}

async fn imported(store: &dyn Store, key: &Key) -> Result<Vec<Imported>, Failure> {
    let mut rows = Vec::new();
    let mut query =
        ImportedQuery { key: key.clone(), entity: None, changed_since: None, cursor: None, limit: BATCH };
    loop {
        let page = store.imported(&query).await?;
        rows.extend(page.rows);
        query.cursor = page.next;
        if query.cursor.is_none() {
            return Ok(rows);
        }
    }
}

/// Imports records as of when their content last changed, and sees them again when they were last seen.
async fn import(store: &dyn Store, key: &Key, rows: &[Imported]) -> Result<(), Failure> {
    let (mut changed, mut seen, mut gone) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for row in rows {
        // Going away is a change, too: then it was last seen before it changed.
        let first = if row.gone { row.seen_at } else { row.imported_at };
        let item = || item(row);
        changed.entry(first).or_insert_with(Vec::new).push(item()?);
        if row.gone {
            let ids = gone.entry((row.imported_at, row.entity.clone())).or_insert_with(Vec::new);
            ids.push(row.external_id.clone());
        } else if row.seen_at != row.imported_at {
            seen.entry(row.seen_at).or_insert_with(Vec::new).push(item()?);
        }
    }
    for (now, items) in changed.into_iter().chain(seen) {
        let mut items = items.into_iter().peekable();
        while items.peek().is_some() {
            store.import(key, FENCE, now, items.by_ref().take(BATCH).collect()).await?;
        }
    }
    for ((now, entity), ids) in gone {
        store.mark_gone(key, FENCE, now, &entity, &ids).await?;
    }
    Ok(())
}

fn item(row: &Imported) -> Result<Item, Failure> {
    let hash = content_hash(&row.data)
        .map_err(|error| Failure::other(format!("{} {}: {error}", row.entity, row.external_id)))?;
    Ok(Item {
        entity: row.entity.clone(),
        external_id: row.external_id.clone(),
        modified: row.modified,
        hash,
        data: row.data.clone(),
    })
}
