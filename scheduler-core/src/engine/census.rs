//! Counts schedules as they stand, for metrics and lists.

use super::{Engine, lock};
use crate::domain::{Schedule, Timestamp};
use crate::machine::next_run;
use crate::metrics::Census;
use crate::ports::StoreError;

impl Engine {
    /// Counts every schedule of every source.
    pub async fn census(&self) -> Result<Census, StoreError> {
        let (now, mut census) = (self.clock.now(), Census::default());
        for source in self.pullers.keys() {
            let mut after = None;
            loop {
                let page = self.store.scan(source, after.as_ref(), 1000).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.key.tenant.clone());
                for record in page {
                    let Some(schedule) = &record.schedule else { continue };
                    census.states[schedule.state() as usize] += 1;
                    let due = next_run(schedule, &record.key, now);
                    if let Some(late) = due.and_then(|due| overdue(schedule, due, now)) {
                        census.overdue += 1;
                        census.worst.push((record.key.tenant.clone(), late));
                    }
                }
            }
        }
        census.worst.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        census.worst.truncate(50);
        let running = lock(&self.running);
        census.in_flight = running.len() as u64;
        let monotonic = self.clock.monotonic();
        let oldest = running.values().map(|run| run.started).min();
        census.oldest_in_flight = oldest.map_or(0.0, |oldest| monotonic.saturating_sub(oldest).as_secs_f64());
        drop(running);
        census.event_clients = self.events.listeners() as u64;
        Ok(census)
    }
}

/// How many seconds a schedule is past due, once that is more than twice its interval and a minute.
pub fn overdue(schedule: &Schedule, due: Timestamp, now: Timestamp) -> Option<f64> {
    let interval = schedule.spec.interval().map_or(60_000, |interval| interval.millis());
    let late = now.since(due);
    (late > (2 * interval).max(60_000)).then(|| late as f64 / 1000.0)
}
