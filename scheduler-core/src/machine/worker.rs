//! The commands of the engine.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::step::{Report, Start, Step, is_late};
use super::view::just_before;
use super::{Ending, Refusal};
use crate::domain::{
    CatchUp, Disposition, ErrorKind, Json, Lease, Operation, Overlap, Retry, RunError, RunState, Timestamp,
    Trigger,
};
use crate::timetable::{self, Timetable};
use crate::{backoff, breaker};

/// A slot whose worker fell silent is tried at least so often, whatever the retry policy says.
const ABANDONED_ATTEMPTS: u16 = 5;
/// How long to hold back when the upstream asks to wait and does not say how long.
const HOLD: Duration = Duration::from_secs(30);
/// The longest time that an upstream may make a schedule wait.
const LONGEST_HOLD: Duration = Duration::from_secs(3600);

impl Step<'_> {
    pub(super) fn claim(&mut self, worker: &Arc<str>, ttl: Duration) -> Result<(), Refusal> {
        let now = self.now;
        let schedule = self.schedule()?;
        let mut moved = false;
        if let Some(run) = &schedule.run {
            if now < run.until {
                return Err(Refusal::NotDue);
            }
            self.abandon();
            moved = true;
        }
        if self.schedule()?.pause.as_ref().is_some_and(|pause| pause.until.is_some_and(|until| until <= now))
        {
            self.end_pause();
            self.changed = true;
            self.audit_system(Operation::AutoResume, json!({ "cause": "the pause ended" }));
            moved = true;
        }
        match self.choose() {
            Some(start) => self.begin(worker, ttl, start),
            None if moved || !self.writes.is_empty() => {}
            None => return Err(Refusal::NotDue),
        }
        Ok(())
    }

    /// Picks what is to run, and gives the slots that it leaves behind their dispositions.
    fn choose(&mut self) -> Option<Start> {
        let now = self.now;
        let schedule = self.record.schedule.as_ref()?;
        if let Some(retry) = schedule.retry.clone()
            && retry.at <= now
            && (schedule.pause.is_none() || retry.slot.is_none())
        {
            if let Some(until) = schedule.hold {
                self.account(Disposition::RateLimited, just_before(until));
            }
            return Some(Start {
                trigger: Trigger::Retry,
                slot: retry.slot,
                attempt: retry.attempt,
                due: Some(retry.at),
            });
        }
        if schedule.pause.is_some() {
            return None;
        }
        if let Some(until) = schedule.hold {
            if now < until {
                return None;
            }
            self.account(Disposition::RateLimited, just_before(until));
            self.record.schedule.as_mut()?.hold = None;
        }
        let schedule = self.record.schedule.as_ref()?;
        let last = self.passed(schedule)?;
        let last = match schedule.spec.ends_at.filter(|end| *end < last) {
            Some(end) => Timetable::of(schedule).last(schedule.accounted, end)?,
            None => last,
        };
        if schedule.spec.starts_at.is_some_and(|start| last < start) {
            return None;
        }
        if let Some(open) = &schedule.breaker {
            if last < open.probe_at {
                return None;
            }
            self.account(Disposition::Broken, just_before(last));
            return self.run_slot(last);
        }
        if schedule.backlog.is_some() {
            let table = Timetable::of(schedule);
            let from = schedule
                .spec
                .starts_at
                .map_or(schedule.accounted, |start| schedule.accounted.max(just_before(start)));
            let first = table.next_after(from)?;
            return self.run_slot(first.min(last));
        }
        match schedule.spec.catch_up {
            CatchUp::Latest => self.account(Disposition::Coalesced, just_before(last)),
            CatchUp::Skip => {
                self.account(Disposition::SkippedCatchUp, just_before(last));
                if is_late(now, self.due(self.record.schedule.as_ref()?, last)) {
                    self.account(Disposition::SkippedCatchUp, last);
                    return None;
                }
            }
            CatchUp::All(n) => {
                let first = Timetable::of(schedule).nth_last(schedule.accounted, last, n.into())?;
                self.account(Disposition::SkippedCatchUp, just_before(first));
                let schedule = self.record.schedule.as_mut()?;
                schedule.backlog = (first < last).then_some(last);
                let first = first.max(schedule.accounted);
                let first = Timetable::of(schedule).next_after(just_before(first).max(schedule.accounted))?;
                return self.run_slot(first);
            }
        }
        self.run_slot(last)
    }

    /// Marks `slot` as run, on time or late.
    fn run_slot(&mut self, slot: Timestamp) -> Option<Start> {
        let due = self.due(self.record.schedule.as_ref()?, slot);
        let late = is_late(self.now, due);
        self.account(if late { Disposition::RanLate } else { Disposition::Ran }, slot);
        Some(Start { trigger: Trigger::Schedule, slot: Some(slot), attempt: 1, due: Some(due) })
    }

    pub(super) fn heartbeat(&mut self, fence: u64, ttl: Duration) -> Result<(), Refusal> {
        let until = self.now + ttl;
        let run = self.held(fence)?;
        let renewed = Lease { until: until.max(run.until), ..(*run).clone() };
        self.schedule()?.run = Some(Arc::new(renewed));
        Ok(())
    }

    /// The lease, if `fence` holds it.
    fn held(&self, fence: u64) -> Result<Arc<Lease>, Refusal> {
        let run = self.record.schedule.as_ref().and_then(|schedule| schedule.run.clone());
        run.filter(|run| run.fence == fence).ok_or(Refusal::LeaseLost)
    }

    pub(super) fn expire_now(&mut self, fence: u64) -> Result<(), Refusal> {
        self.held(fence)?;
        self.abandon();
        Ok(())
    }

    /// Ends a run whose worker fell silent; its slot is due again.
    fn abandon(&mut self) {
        let error = Some(RunError::new(ErrorKind::Abandoned, "the worker fell silent"));
        let Some(lease) = self.end(RunState::Abandoned, Report { error, ..Report::default() }) else {
            return;
        };
        self.stopped = Some(lease.run_id.clone());
        let now = self.now;
        let Some(schedule) = self.record.schedule.as_ref() else { return };
        let attempts = schedule.spec.retry.max_attempts.max(ABANDONED_ATTEMPTS);
        if lease.attempt >= attempts || (schedule.pause.is_some() && lease.slot.is_some()) {
            return self.slot_failed(&lease, ErrorKind::Abandoned);
        }
        // Slots that passed meanwhile are served by the run that is started again.
        if schedule.pause.is_none()
            && schedule.breaker.is_none()
            && schedule.backlog.is_none()
            && let Some(last) = self.passed(schedule)
        {
            let table = Timetable::of(schedule);
            match schedule.spec.catch_up {
                CatchUp::Latest => self.account(Disposition::Coalesced, last),
                CatchUp::Skip => self.account(Disposition::SkippedCatchUp, last),
                CatchUp::All(n) => {
                    if let Some(first) = table.nth_last(schedule.accounted, last, n.into()) {
                        self.account(Disposition::SkippedCatchUp, just_before(first));
                    }
                    if let Some(schedule) = self.record.schedule.as_mut() {
                        schedule.backlog = Some(last).filter(|last| *last > schedule.accounted);
                    }
                }
            }
        }
        if let Some(schedule) = self.record.schedule.as_mut() {
            schedule.retry = Some(Arc::new(Retry { at: now, slot: lease.slot, attempt: lease.attempt + 1 }));
        }
    }

    pub(super) fn finish(&mut self, fence: u64, ending: Ending) -> Result<(), Refusal> {
        self.held(fence)?;
        let state = match ending.error.as_ref().map(|error| error.kind) {
            None => RunState::Succeeded,
            Some(ErrorKind::Timeout) => RunState::TimedOut,
            Some(ErrorKind::Cancelled) => RunState::Cancelled,
            Some(_) => RunState::Failed,
        };
        if let (Some(cursor), Some(schedule)) = (ending.cursor, self.record.schedule.as_mut()) {
            schedule.cursor = Some(Json(cursor));
        }
        let kind = ending.error.as_ref().map(|error| error.kind);
        let report = Report {
            error: ending.error,
            stats: ending.stats,
            message: ending.message,
            duration: Some(ending.duration),
            log: ending.log,
        };
        let Some(lease) = self.end(state, report) else { return Err(Refusal::LeaseLost) };
        match kind {
            None => self.succeeded(&lease, ending.more),
            Some(ErrorKind::Cancelled) => {}
            Some(kind) => self.failed(&lease, kind, ending.retry_at),
        }
        self.settle_overlap();
        Ok(())
    }

    fn succeeded(&mut self, lease: &Lease, more: bool) {
        let now = self.now;
        let Some(schedule) = self.record.schedule.as_mut() else { return };
        schedule.failures = 0;
        schedule.hold = None;
        if more {
            let attempt = lease.attempt.saturating_add(1);
            schedule.retry = Some(Arc::new(Retry { at: now, slot: lease.slot, attempt }));
        }
        if let Some(open) = schedule.breaker.take() {
            self.close_broken_slots();
            self.changed = true;
            self.audit_system(
                Operation::AutoResume,
                json!({ "cause": "a run succeeded", "run_id": lease.run_id, "open_since": open.since.iso() }),
            );
        }
    }

    /// Slots that came while the breaker was open stay broken, though it closes.
    fn close_broken_slots(&mut self) {
        if let Some(schedule) = &self.record.schedule
            && schedule.pause.is_none()
            && let Some(last) = self.passed(schedule)
        {
            self.account(Disposition::Broken, last);
        }
    }

    fn failed(&mut self, lease: &Lease, kind: ErrorKind, retry_at: Option<Timestamp>) {
        let now = self.now;
        let key = self.record.key.clone();
        let Some(schedule) = self.record.schedule.as_mut() else { return };
        let retries = kind.retryable()
            && lease.trigger != Trigger::Manual
            && lease.attempt < schedule.spec.retry.max_attempts
            && schedule.breaker.is_none();
        if kind == ErrorKind::RateLimited {
            let asked = retry_at.unwrap_or(now + HOLD);
            let until = asked.clamp(now + Duration::from_secs(1), now + LONGEST_HOLD);
            schedule.hold = Some(until);
            if retries && schedule.pause.is_none() {
                schedule.retry =
                    Some(Arc::new(Retry { at: until, slot: lease.slot, attempt: lease.attempt + 1 }));
                return;
            }
        } else if retries && schedule.pause.is_none() {
            let seed = timetable::draw(&key, lease.fence);
            let at = now + backoff::wait(schedule.spec.retry, lease.attempt, seed);
            let next = Timetable::of(schedule).next_after(schedule.accounted.max(now));
            if next.is_none_or(|next| at < next) {
                schedule.retry = Some(Arc::new(Retry { at, slot: lease.slot, attempt: lease.attempt + 1 }));
                return;
            }
        }
        self.slot_failed(lease, kind);
    }

    /// Counts a slot whose last attempt failed; opens the breaker or keeps it open.
    fn slot_failed(&mut self, lease: &Lease, kind: ErrorKind) {
        let now = self.now;
        let Some(schedule) = self.record.schedule.as_mut() else { return };
        if lease.slot.is_some() {
            schedule.failures = schedule.failures.saturating_add(1);
        }
        let (failures, limit) = (schedule.failures, schedule.spec.pause_after_failures);
        match &schedule.breaker {
            Some(open) => schedule.breaker = Some(Arc::new(breaker::keep_open(open, kind, now))),
            None if kind == ErrorKind::Auth || failures >= limit => {
                schedule.breaker = Some(Arc::new(breaker::open(kind, now)));
                self.changed = true;
                self.audit_system(
                    Operation::AutoPause,
                    json!({ "cause": kind.as_str(), "failures": failures, "run_id": lease.run_id }),
                );
            }
            None => {}
        }
    }

    /// Decides on the slots that came while the run was in flight.
    pub(super) fn settle_overlap(&mut self) {
        let Some(schedule) = &self.record.schedule else { return };
        let held_back = schedule.pause.is_some() || schedule.breaker.is_some() || schedule.hold.is_some();
        if held_back || schedule.backlog.is_some() {
            return;
        }
        let Some(last) = self.passed(schedule) else { return };
        match schedule.spec.overlap {
            Overlap::Skip => self.account(Disposition::SkippedOverlap, last),
            Overlap::QueueOne => {
                self.account(Disposition::SkippedOverlap, just_before(last));
                if let Some(schedule) = self.record.schedule.as_mut() {
                    schedule.backlog = Some(last);
                }
            }
        }
    }
}
