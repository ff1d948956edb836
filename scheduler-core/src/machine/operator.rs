//! The commands of people.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::Refusal;
use super::step::{Report, Start, Step};
use super::view::just_before;
use crate::domain::{
    AuditDraft, Breaker, Bulk, Cadence, CatchUp, Disposition, ErrorKind, Operation, Pause, RunError, RunId,
    RunState, Schedule, SealedConnection, Spec, Timestamp, Trigger, Write,
};
use crate::timetable::{self, Timetable};

const YEAR: Duration = Duration::from_secs(366 * 24 * 3600);

impl Step<'_> {
    pub(super) fn put(&mut self, spec: Spec, place: u64) {
        let before = self.describe();
        match &self.record.schedule {
            None => {
                let interval = spec.interval();
                // A schedule that was deleted in this very instant keeps its slots.
                let start = self.now.max(self.record.settled + Duration::from_millis(1));
                self.record.schedule = Some(Schedule {
                    anchor: interval.map_or(Timestamp::MIN, |interval| timetable::anchor(interval, place)),
                    slot0: interval.map(|_| start),
                    created: self.now,
                    accounted: if interval.is_some() { just_before(start) } else { start },
                    spec: Arc::new(spec),
                    backlog: None,
                    tail: None,
                    pause: None,
                    run: None,
                    retry: None,
                    hold: None,
                    breaker: None,
                    failures: 0,
                    last: None,
                    cursor: None,
                });
                (self.created, self.changed) = (true, true);
            }
            Some(schedule) if *schedule.spec == spec => {}
            Some(schedule) if schedule.spec.cadence == spec.cadence => {
                self.rebound(spec);
                self.changed = true;
            }
            Some(_) => {
                self.close_timetable(Disposition::Coalesced);
                let now = self.now;
                if let Some(schedule) = self.record.schedule.as_mut() {
                    schedule.anchor = match &spec.cadence {
                        Cadence::Interval(interval) => timetable::anchor(*interval, place),
                        Cadence::Cron(_) => Timestamp::MIN,
                    };
                    schedule.slot0 = None;
                    schedule.tail = None;
                    schedule.backlog = None;
                    schedule.accounted = schedule.accounted.max(now);
                    schedule.spec = Arc::new(spec);
                }
                self.changed = true;
            }
        }
        let operation = if self.created { Operation::Schedule } else { Operation::Edit };
        let metadata = self.record.schedule.as_ref().map_or(Value::Null, |schedule| {
            let mut shown =
                json!({ "interval_sec": schedule.spec.interval().map(|interval| interval.secs()) });
            if let Cadence::Cron(cron) = &schedule.spec.cadence {
                shown = json!({ "cron": cron.text(), "timezone": cron.zone().name() });
            }
            shown
        });
        self.audit_operator(operation, metadata, before);
    }

    /// Replaces a spec whose slots are the same; what passed under the old bounds stays outside them.
    fn rebound(&mut self, spec: Spec) {
        let Some(schedule) = &self.record.schedule else { return };
        if (schedule.spec.starts_at, schedule.spec.ends_at) != (spec.starts_at, spec.ends_at) {
            let old = schedule.spec.clone();
            if let Some(start) = old.starts_at.filter(|start| *start > schedule.accounted) {
                self.account(Disposition::OutsideBounds, just_before(start).min(self.now));
            }
            if let Some(end) = old.ends_at.filter(|end| *end < self.now) {
                self.close_timetable(Disposition::Coalesced);
                debug_assert!(
                    self.record.schedule.as_ref().is_some_and(|schedule| schedule.accounted >= end)
                );
            }
        }
        if let Some(schedule) = self.record.schedule.as_mut() {
            schedule.spec = Arc::new(spec);
        }
    }

    /// Gives every slot up to now a disposition: what held it back, or else `idle`.
    fn close_timetable(&mut self, idle: Disposition) {
        let Some(schedule) = &self.record.schedule else { return };
        let disposition = if schedule.pause.is_some() {
            Disposition::Paused
        } else if schedule.breaker.is_some() {
            Disposition::Broken
        } else if schedule.hold.is_some() {
            Disposition::RateLimited
        } else if schedule.run.is_some() {
            Disposition::SkippedOverlap
        } else {
            idle
        };
        self.account(disposition, self.now);
    }

    pub(super) fn pause(
        &mut self,
        reason: Option<Arc<str>>,
        until: Option<Timestamp>,
    ) -> Result<(), Refusal> {
        let (now, actor, before) = (self.now, self.caller.actor.clone(), self.describe());
        if until.is_some_and(|until| until <= now || until > now + YEAR) {
            return Err(Refusal::UntilOutOfRange);
        }
        let schedule = self.schedule()?;
        let old = schedule.pause.take();
        let pause = match &old {
            Some(old) if reason.is_none() && until.is_none() => old.clone(),
            Some(old) => {
                let reason = reason.clone().or_else(|| old.reason.clone());
                Arc::new(Pause { since: old.since, until, reason, actor })
            }
            None => Arc::new(Pause { since: now, until, reason: reason.clone(), actor }),
        };
        let changed = old.as_ref() != Some(&pause);
        schedule.pause = Some(pause);
        if schedule.retry.as_ref().is_some_and(|retry| retry.slot.is_some()) {
            schedule.retry = None;
        }
        self.changed = changed;
        let metadata = json!({ "reason": reason, "until": until.map(Timestamp::iso), "changed": changed });
        self.audit_operator(Operation::Pause, metadata, before);
        Ok(())
    }

    pub(super) fn resume(&mut self) -> Result<(), Refusal> {
        let before = self.describe();
        let paused = self.schedule()?.pause.is_some();
        if paused {
            self.end_pause();
        }
        self.changed = paused;
        self.audit_operator(Operation::Resume, json!({ "changed": paused }), before);
        Ok(())
    }

    /// Ends a pause; slots that passed meanwhile follow the catch-up policy.
    pub(super) fn end_pause(&mut self) {
        let Some(schedule) = &self.record.schedule else { return };
        let (table, accounted) = (Timetable::of(schedule), schedule.accounted);
        let passed = self.passed(schedule);
        let runs_from = passed.and_then(|last| match schedule.spec.catch_up {
            CatchUp::Skip => None,
            CatchUp::Latest => Some(last),
            CatchUp::All(n) => table.nth_last(accounted, last, n.into()),
        });
        match (passed, runs_from) {
            (Some(_), Some(first)) => self.account(Disposition::Paused, just_before(first)),
            (Some(last), None) => self.account(Disposition::Paused, last),
            (None, _) => {}
        }
        if let Some(schedule) = self.record.schedule.as_mut() {
            schedule.pause = None;
            // What is left is run even if a run is in flight, which would otherwise pass over it.
            schedule.backlog = passed.filter(|last| *last > schedule.accounted);
        }
    }

    pub(super) fn run_now(
        &mut self,
        reason: Option<Arc<str>>,
        worker: &Arc<str>,
        ttl: Duration,
    ) -> Result<(), Refusal> {
        if let Some(run) = &self.schedule()?.run {
            return Err(Refusal::AlreadyRunning { run_id: run.run_id.clone() });
        }
        self.begin(worker, ttl, Start { trigger: Trigger::Manual, slot: None, attempt: 1, due: None });
        let run_id = self.started.as_ref().map(|lease| lease.run_id.clone());
        self.audit_operator(
            Operation::RunNow,
            json!({ "reason": reason, "run_id": run_id }),
            self.describe(),
        );
        Ok(())
    }

    pub(super) fn cancel(&mut self, run_id: &RunId) -> Result<(), Refusal> {
        if self.schedule()?.run.as_ref().is_none_or(|run| run.run_id != *run_id) {
            return Err(Refusal::NotRunning);
        }
        self.stop_run("cancelled by an operator");
        self.settle_overlap();
        self.audit_operator(Operation::Cancel, json!({ "run_id": run_id }), self.describe());
        Ok(())
    }

    pub(super) fn delete(&mut self) -> Result<(), Refusal> {
        let before = self.describe();
        self.schedule()?;
        self.close_timetable(Disposition::Deleted);
        self.stop_run("the schedule was deleted");
        if let Some(schedule) = self.record.schedule.take() {
            self.record.settled = schedule.accounted;
        }
        self.changed = true;
        self.audit_operator(Operation::Delete, json!({}), before);
        Ok(())
    }

    fn stop_run(&mut self, why: &str) {
        let error = Some(RunError::new(ErrorKind::Cancelled, why));
        let lease = self.end(RunState::Cancelled, Report { error, ..Report::default() });
        self.stopped = lease.map(|lease| lease.run_id.clone());
    }

    pub(super) fn connect(&mut self, connection: Option<Box<SealedConnection>>) {
        let metadata = json!({
            "configured": connection.is_some(),
            "fingerprint": connection.as_ref().map(|connection| connection.fingerprint.clone()),
        });
        let (now, set) = (self.now, connection.is_some());
        self.writes.push(Write::Connection(connection));
        if let Some(schedule) = self.record.schedule.as_mut()
            && let Some(open) = &schedule.breaker
            && set
        {
            // A new key is worth a try at the next slot.
            schedule.breaker = Some(Arc::new(Breaker { probe_at: now, ..(**open).clone() }));
        }
        self.audit_operator(Operation::Connection, metadata, self.describe());
    }

    pub(super) fn bulk(&mut self, bulk: Box<Bulk>, draft: Option<Box<AuditDraft>>) {
        self.record.bulk = Some(Arc::from(bulk));
        if let Some(draft) = draft {
            self.audit(*draft);
        }
    }

    pub(super) fn note(&mut self, draft: AuditDraft, writes: Vec<Write>) {
        self.writes.extend(writes);
        self.audit(draft);
    }
}
