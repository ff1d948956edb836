//! Looks at schedules as they stand, for metrics and for whoever is to be told of the silent ones.

use std::ops::ControlFlow;

use super::roster::STRIDE;
use super::{Engine, lock};
use crate::domain::{Key, Record, Schedule, Scope, State, Timestamp};
use crate::machine::unserved_since;
use crate::metrics::{Census, NAMED};
use crate::ports::StoreError;

impl Engine {
    /// Counts every schedule of every source.
    pub async fn census(&self) -> Result<Census, StoreError> {
        let (now, mut census) = (self.clock.now(), Census::default());
        self.each_schedule(|record, schedule| {
            let state = schedule.state();
            census.states[state as usize] += 1;
            if let Some(late) = self.overdue(&record.key, schedule, now) {
                census.overdue += 1;
                census.worst.push((record.key.tenant.clone(), late));
            }
            if schedule.failures > 0 && state != State::Paused {
                census.failing.push((record.key.tenant.clone(), schedule.failures));
            }
        })
        .await?;
        census.worst.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        census.worst.truncate(NAMED);
        census.failing.sort_by_key(|(_, failures)| std::cmp::Reverse(*failures));
        census.failing.truncate(NAMED);
        let running = lock(&self.running);
        census.in_flight = running.len() as u64;
        let monotonic = self.clock.monotonic();
        let oldest = running.values().map(|run| run.started).min();
        census.oldest_in_flight = oldest.map_or(0.0, |oldest| monotonic.saturating_sub(oldest).as_secs_f64());
        drop(running);
        census.event_clients = self.events.listeners() as u64;
        Ok(census)
    }

    /// Walks over every schedule of every source.
    pub(crate) async fn each_schedule(
        &self,
        mut look: impl FnMut(&Record, &Schedule) + Send,
    ) -> Result<(), StoreError> {
        for source in self.pullers.keys() {
            self.walk(source, &Scope::All, None, STRIDE, &mut |record, schedule| {
                look(record, schedule);
                ControlFlow::Continue(())
            })
            .await?;
        }
        Ok(())
    }

    /// How many seconds an active schedule is past due, once that is more than twice its interval and
    /// [`EngineConfig::overdue_after`](super::EngineConfig::overdue_after).
    ///
    /// A run that hangs serves its own slot only: the ones behind it are overdue.
    pub fn overdue(&self, key: &Key, schedule: &Schedule, now: Timestamp) -> Option<f64> {
        self.is_silence(schedule, unserved_since(schedule, key)?, now)
    }

    /// The seconds since `since`, if a schedule that has not run for so long is overdue.
    pub(crate) fn is_silence(&self, schedule: &Schedule, since: Timestamp, now: Timestamp) -> Option<f64> {
        let floor = i64::try_from(self.config.overdue_after.as_millis()).unwrap_or(i64::MAX);
        let interval = schedule.spec.interval().map_or(0, |interval| interval.millis());
        let late = now.since(since);
        (late > (2 * interval).max(floor)).then(|| late as f64 / 1000.0)
    }
}
