//! A record on its way to its next state: what the commands share.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::{Missed, Outcome, Refusal, view};
use crate::domain::{
    AuditDraft, AuditEntry, Caller, Change, Disposition, Json, LastRun, Lease, Operation, Range, Record,
    Remark, Run, RunError, RunId, RunState, Schedule, Stats, Tail, Timestamp, Trigger, Write,
};
use crate::timetable::{self, Timetable};

/// A slot that starts more than this after its due instant is late.
pub const GRACE: Duration = Duration::from_secs(30);

pub(super) struct Step<'a> {
    pub(super) record: Record,
    pub(super) caller: &'a Caller,
    pub(super) now: Timestamp,
    pub(super) writes: Vec<Write>,
    pub(super) changed: bool,
    pub(super) created: bool,
    pub(super) started: Option<Arc<Lease>>,
    pub(super) stopped: Option<RunId>,
    missed: Vec<Missed>,
    expected: u64,
}

impl<'a> Step<'a> {
    pub(super) fn new(record: &Record, caller: &'a Caller, now: Timestamp) -> Self {
        Self {
            record: record.clone(),
            caller,
            now,
            writes: Vec::new(),
            changed: false,
            created: false,
            started: None,
            stopped: None,
            missed: Vec::new(),
            expected: record.version,
        }
    }

    pub(super) fn done(mut self) -> Outcome {
        self.record.version += 1;
        if self.changed {
            self.record.revision += 1;
        }
        let due_at = view::attention_at(&self.record);
        Outcome {
            change: Change {
                expected: self.expected,
                next: Arc::new(self.record),
                due_at,
                writes: self.writes,
            },
            changed: self.changed,
            created: self.created,
            started: self.started,
            stopped: self.stopped,
            missed: self.missed,
        }
    }

    pub(super) fn schedule(&mut self) -> Result<&mut Schedule, Refusal> {
        self.record.schedule.as_mut().ok_or(Refusal::NoSchedule)
    }

    /// Writes an audit entry in the caller's name, or in that of the control plane.
    pub(super) fn audit(&mut self, draft: AuditDraft) {
        let entry = AuditEntry::append(&mut self.record.audit, &self.record.key, draft, self.now);
        self.writes.push(Write::Audit(Arc::new(entry)));
    }

    pub(super) fn audit_operator(&mut self, operation: Operation, metadata: Value, before: Option<Json>) {
        let after = self.describe();
        let (before, after) = if before == after { (None, None) } else { (before, after) };
        self.audit(AuditDraft {
            metadata: metadata.into(),
            before,
            after,
            ..AuditDraft::new(operation, self.caller)
        });
    }

    pub(super) fn audit_system(&mut self, operation: Operation, metadata: Value) {
        self.audit(AuditDraft { metadata: metadata.into(), ..AuditDraft::new(operation, &Caller::system()) });
    }

    /// The schedule as an operator sees it, for before and after.
    pub(super) fn describe(&self) -> Option<Json> {
        #[derive(Serialize)]
        struct Described<'a, T> {
            #[serde(flatten)]
            spec: T,
            paused: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            paused_until: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pause_reason: Option<&'a str>,
        }
        let schedule = self.record.schedule.as_ref()?;
        let pause = schedule.pause.as_ref();
        Some(Json::of(&Described {
            spec: schedule.spec.describe(),
            paused: pause.is_some(),
            paused_until: pause.and_then(|pause| pause.until).map(Timestamp::iso),
            pause_reason: pause.and_then(|pause| pause.reason.as_deref()),
        }))
    }

    /// Gives every slot up to `through` that has none yet its disposition.
    ///
    /// What lies outside the schedule's bounds is `outside_bounds`, whatever is asked for.
    pub(super) fn account(&mut self, disposition: Disposition, through: Timestamp) {
        let Some(schedule) = self.record.schedule.as_mut() else { return };
        for (disposition, part) in
            view::within_bounds(&schedule.spec, schedule.accounted, through, disposition)
        {
            let table = Timetable::of(schedule);
            let count = table.count(schedule.accounted, part);
            if let (Some(first), Some(last)) =
                (table.next_after(schedule.accounted), table.last(schedule.accounted, part))
            {
                let range = grow(schedule, disposition, first, last, count);
                push_range(&mut self.writes, range);
                if disposition.is_missed() {
                    self.missed.push(Missed { disposition, slots: count, since: first });
                }
            }
            schedule.accounted = schedule.accounted.max(part);
        }
        if schedule.backlog.is_some_and(|end| end <= schedule.accounted) {
            schedule.backlog = None;
        }
    }

    /// Takes the lease and starts a run.
    pub(super) fn begin(&mut self, worker: &Arc<str>, ttl: Duration, start: Start) {
        let (now, key) = (self.now, self.record.key.clone());
        self.record.fence += 1;
        let fence = self.record.fence;
        let Some(schedule) = self.record.schedule.as_mut() else { return };
        let lease = Arc::new(Lease {
            run_id: RunId::new(&key, fence, now),
            fence,
            worker: worker.clone(),
            until: now + ttl,
            trigger: start.trigger,
            slot: start.slot,
            attempt: start.attempt,
            started: now,
            lateness_ms: start.due.map(|due| now.since(due).max(0).unsigned_abs()),
        });
        schedule.run = Some(lease.clone());
        schedule.retry = None;
        if schedule.hold.is_some_and(|until| until <= now) {
            schedule.hold = None;
        }
        self.writes.push(Write::Run(Arc::new(row(&key, &lease))));
        self.started = Some(lease);
    }

    /// Takes the run in flight out and writes how it ended.
    pub(super) fn end(&mut self, state: RunState, report: Report) -> Option<Arc<Lease>> {
        let now = self.now;
        let key = self.record.key.clone();
        let schedule = self.record.schedule.as_mut()?;
        let lease = schedule.run.take()?;
        let duration = report.duration.unwrap_or_else(|| now.duration_since(lease.started));
        let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let message = report.message.or_else(|| report.error.as_ref().map(|error| error.message.clone()));
        let run = Run {
            state,
            finished: Some(now),
            duration_ms: Some(duration_ms),
            stats: report.stats,
            message: message.clone(),
            error: report.error.clone(),
            log: report.log,
            ..row(&key, &lease)
        };
        schedule.last = Some(Arc::new(LastRun {
            run_id: lease.run_id.clone(),
            state,
            started: lease.started,
            finished: now,
            duration_ms,
            stats: report.stats,
            message: message.unwrap_or_else(|| state.as_str().into()),
            error: report.error.map(|error| error.kind),
        }));
        self.writes.push(Write::Run(Arc::new(run)));
        Some(lease)
    }

    /// The last slot whose time has come and that has no disposition yet.
    pub(super) fn passed(&self, schedule: &Schedule) -> Option<Timestamp> {
        view::passed(schedule, &self.record.key, self.now)
    }
}

/// What a run is started for.
pub(super) struct Start {
    pub(super) trigger: Trigger,
    pub(super) slot: Option<Timestamp>,
    pub(super) attempt: u16,
    pub(super) due: Option<Timestamp>,
}

/// What is known of a run that ends.
#[derive(Default)]
pub(super) struct Report {
    pub(super) error: Option<RunError>,
    pub(super) stats: Stats,
    pub(super) message: Option<Arc<str>>,
    pub(super) duration: Option<Duration>,
    pub(super) log: Vec<Remark>,
}

fn row(key: &crate::domain::Key, lease: &Lease) -> Run {
    Run {
        run_id: lease.run_id.clone(),
        key: key.clone(),
        trigger: lease.trigger,
        slot: lease.slot,
        attempt: lease.attempt,
        state: RunState::Running,
        started: lease.started,
        finished: None,
        duration_ms: None,
        lateness_ms: lease.lateness_ms,
        stats: Stats::default(),
        message: None,
        error: None,
        worker: lease.worker.clone(),
        log: Vec::new(),
    }
}

/// Lets the last range grow if the slots ended alike, else starts a new one.
fn grow(
    schedule: &mut Schedule,
    disposition: Disposition,
    first: Timestamp,
    last: Timestamp,
    count: u64,
) -> Range {
    let tail = match schedule.tail {
        Some(tail) if tail.disposition == disposition => Tail { count: tail.count + count, ..tail },
        _ => Tail { disposition, first, count },
    };
    schedule.tail = Some(tail);
    Range {
        disposition,
        first: tail.first,
        last,
        count: tail.count,
        cadence: schedule.spec.cadence.clone(),
        anchor: schedule.anchor,
        slot0: schedule.slot0,
    }
}

/// Adds a range; one that only grew replaces its shorter self.
fn push_range(writes: &mut Vec<Write>, range: Range) {
    if let Some(Write::Occurrences(last)) =
        writes.iter_mut().rev().find(|write| matches!(write, Write::Occurrences(_)))
        && last.first == range.first
    {
        **last = range;
        return;
    }
    writes.push(Write::Occurrences(Box::new(range)));
}

/// How late after its due instant a slot starts.
pub(super) fn is_late(now: Timestamp, due: Timestamp) -> bool {
    now.duration_since(due) > GRACE
}

impl Step<'_> {
    /// When the slot is to start.
    pub(super) fn due(&self, schedule: &Schedule, slot: Timestamp) -> Timestamp {
        timetable::due(schedule, &self.record.key, slot)
    }
}
