//! Records in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use scheduler_core::domain::{Entity, Imported, Item, Tally, Timestamp};
use scheduler_core::ports::{Clock, ManualClock, RecordSink, SinkError};

#[derive(Default)]
pub(crate) struct MemorySink(Mutex<Records>);

#[derive(Default)]
struct Records {
    clock: Option<ManualClock>,
    kept: BTreeMap<(String, String), (Imported, [u8; 32])>,
    written: Vec<(String, String)>,
    refuse: bool,
}

impl MemorySink {
    pub(crate) fn start_run(&self, clock: ManualClock) {
        let mut records = self.lock();
        records.clock = Some(clock);
        records.written.clear();
    }

    /// From now on, the run has lost its lease.
    pub(crate) fn refuse(&self) {
        self.lock().refuse = true;
    }

    /// Ids of a kind that are kept and not gone, sorted.
    pub(crate) fn ids(&self, entity: &str) -> Vec<String> {
        let records = self.lock();
        let here = records.kept.iter().filter(|((kind, _), (record, _))| kind == entity && !record.gone);
        here.map(|((_, id), _)| id.clone()).collect()
    }

    /// What is kept of a record.
    pub(crate) fn data(&self, entity: &str, id: &str) -> Option<serde_json::Value> {
        let records = self.lock();
        let (record, _) = records.kept.get(&(entity.to_owned(), id.to_owned()))?;
        serde_json::from_str(record.data.get()).ok()
    }

    /// Whether the last run wrote a record twice.
    pub(crate) fn wrote_twice(&self) -> bool {
        let mut written = self.lock().written.clone();
        let all = written.len();
        written.sort();
        written.dedup();
        written.len() != all
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl RecordSink for MemorySink {
    async fn write(&self, items: Vec<Item>) -> Result<Tally, SinkError> {
        let mut records = self.lock();
        if records.refuse {
            return Err(SinkError::LeaseLost);
        }
        let now = records.clock.as_ref().unwrap().now();
        let mut tally = Tally::default();
        for item in items {
            let key = (item.entity.to_string(), item.external_id.to_string());
            records.written.push(key.clone());
            let known = records.kept.get(&key).filter(|(record, _)| !record.gone);
            let imported_at = match known {
                None => now,
                Some((_, hash)) if *hash != item.hash => now,
                Some((record, _)) => record.imported_at,
            };
            match known {
                None => tally.created += 1,
                Some((_, hash)) if *hash != item.hash => tally.updated += 1,
                Some(_) => tally.unchanged += 1,
            }
            let Item { entity, external_id, modified, hash, data } = item;
            let record =
                Imported { entity, external_id, modified, imported_at, seen_at: now, gone: false, data };
            records.kept.insert(key, (record, hash));
        }
        Ok(tally)
    }

    async fn unseen(
        &self,
        entity: &Entity,
        before: Timestamp,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Imported>, SinkError> {
        let records = self.lock();
        let of_kind =
            records.kept.values().map(|(record, _)| record).filter(|record| record.entity == *entity);
        let unseen = of_kind.filter(|record| !record.gone && record.seen_at < before);
        let after = |record: &&Imported| after.is_none_or(|after| &*record.external_id > after);
        Ok(unseen.filter(after).take(limit).cloned().collect())
    }

    async fn mark_gone(&self, entity: &Entity, ids: &[Arc<str>]) -> Result<u64, SinkError> {
        let mut records = self.lock();
        let mut marked = 0;
        for id in ids {
            if let Some((record, _)) = records.kept.get_mut(&(entity.to_string(), id.to_string()))
                && !record.gone
            {
                record.gone = true;
                marked += 1;
            }
        }
        Ok(marked)
    }
}
