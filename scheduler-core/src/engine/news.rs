//! What befell tenants since somebody last asked: kept small, for notifications.

use std::sync::Arc;

use serde::Serialize;

use super::{Engine, lock};
use crate::domain::{AuditEntry, Disposition, Key, Operation, Record, Schedule, Source, Tenant, Timestamp};
use crate::machine::{Missed, unserved_since};
use crate::ports::StoreError;

/// How many tenants are named of each kind; the others are counted.
const LISTED: usize = 100;

/// What befell tenants.
#[derive(Debug, Default)]
pub struct News {
    /// Their breaker opened.
    pub paused: NewsItem,
    /// They were not run for too long.
    pub missed: NewsItem,
    /// A run succeeded after the breaker had opened, or they are run again.
    pub recovered: NewsItem,
}

/// Tenants that the same befell.
#[derive(Debug, Default, Serialize)]
pub struct NewsItem {
    /// How many.
    pub count: u64,
    /// The first hundred.
    pub tenants: Vec<Affected>,
}

impl NewsItem {
    /// Adds a tenant.
    pub fn add(&mut self, affected: Affected) {
        self.count += 1;
        if self.tenants.len() < LISTED {
            self.tenants.push(affected);
        }
    }
}

/// What befell one tenant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Affected {
    /// Who.
    pub tenant: Tenant,
    /// Where from.
    pub source: Source,
    /// Since when, in ISO 8601.
    pub since: String,
    /// Why, in a word or a few.
    pub cause: Arc<str>,
}

impl Affected {
    pub(crate) fn new(key: &Key, since: Timestamp, cause: &str) -> Self {
        Self {
            tenant: key.tenant.clone(),
            source: key.source.clone(),
            since: since.iso(),
            cause: cause.into(),
        }
    }
}

impl Engine {
    /// Takes what befell tenants since the last call.
    pub fn take_news(&self) -> News {
        std::mem::take(&mut *lock(&self.news))
    }

    /// The schedules that are overdue, each with the slot that is waiting.
    pub async fn silent(&self) -> Result<Vec<(Key, Timestamp)>, StoreError> {
        let (now, mut silent) = (self.clock.now(), Vec::new());
        self.each_schedule(|record, schedule| {
            if self.overdue(&record.key, schedule, now).is_some() {
                let since = unserved_since(schedule, &record.key);
                silent.push((record.key.clone(), since.unwrap_or(now)));
            }
        })
        .await?;
        Ok(silent)
    }

    pub(super) fn note_news(&self, record: &Record, audit: &[Arc<AuditEntry>], missed: &[Missed]) {
        for entry in audit {
            let metadata = || entry.metadata.value();
            let affected =
                || Affected::new(&entry.key, entry.ts, metadata()["cause"].as_str().unwrap_or("unknown"));
            match entry.operation {
                Operation::AutoPause => lock(&self.news).paused.add(affected()),
                // A pause that ended by itself had no trouble to recover from.
                Operation::AutoResume if metadata()["run_id"].is_string() => {
                    lock(&self.news).recovered.add(affected());
                }
                _ => {}
            }
        }
        if let (Some(missed), Some(schedule)) = (missed.first(), &record.schedule)
            && self.was_silent(schedule, missed)
        {
            let cause = format!("{} slots passed without a run", missed.slots);
            lock(&self.news).missed.add(Affected::new(&record.key, missed.since, &cause));
        }
    }

    /// Whether nobody served the slots, for so long that they count as overdue. A run that was in flight meanwhile
    /// is another matter: [`Engine::silent`] sees it while it hangs.
    fn was_silent(&self, schedule: &Schedule, missed: &Missed) -> bool {
        missed.disposition != Disposition::SkippedOverlap
            && self.is_silence(schedule, missed.since, self.clock.now()).is_some()
    }
}
