//! Records, and changes like those that the engine makes.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "each test file uses a part of it")]

use std::sync::Arc;
use std::time::Duration;

use scheduler_core::domain::{
    AuditDraft, AuditEntry, Cadence, Caller, Change, Disposition, Interval, Item, Key, LastRun, Lease,
    Limits, Operation, Range, Record, Run, RunId, RunState, Schedule, Source, Spec, Stats, Tenant, Timestamp,
    Trigger, Write,
};
use serde_json::value::RawValue;

pub fn key(tenant: &str) -> Key {
    Key::new(Source::parse("acculynx").unwrap(), Tenant::parse(tenant).unwrap())
}

pub fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(1_800_000_000 + secs)
}

/// Makes a schedule, with its audit entry.
pub fn create(key: &Key, now: Timestamp) -> Change {
    let interval = Interval::within(300, Limits::default()).unwrap();
    let schedule = Schedule {
        spec: Spec::every(interval).into(),
        created: now,
        anchor: now,
        slot0: Some(now),
        accounted: now,
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
    };
    let record = Record { schedule: Some(schedule), ..Record::new(key.clone()) };
    audited(&record, Operation::Schedule, now, Some(now))
}

/// The next version of `record`, with an entry that says why.
pub fn audited(record: &Record, operation: Operation, now: Timestamp, due_at: Option<Timestamp>) -> Change {
    let mut next = Record { version: record.version + 1, revision: record.revision + 1, ..record.clone() };
    let draft = AuditDraft::new(operation, &Caller::system());
    let entry = AuditEntry::append(&mut next.audit, &record.key, draft, now);
    Change {
        expected: record.version,
        next: Arc::new(next),
        due_at,
        writes: vec![Write::Audit(Arc::new(entry))],
    }
}

/// Starts a run: lease, run, occurrence.
pub fn claim(record: &Record, now: Timestamp) -> Change {
    let fence = record.fence + 1;
    let run_id = RunId::new(&record.key, fence, now);
    let mut next = Record { version: record.version + 1, fence, ..record.clone() };
    let schedule = next.schedule.as_mut().unwrap();
    let until = now + Duration::from_secs(30);
    schedule.run = Some(Arc::new(Lease {
        run_id: run_id.clone(),
        fence,
        worker: "0123456789abcdef/0123456789abcdef".into(),
        until,
        trigger: Trigger::Schedule,
        slot: Some(now),
        attempt: 1,
        started: now,
        lateness_ms: Some(0),
    }));
    schedule.accounted = now;
    let range = Range {
        disposition: Disposition::Ran,
        first: schedule.anchor,
        last: now,
        count: fence,
        cadence: Cadence::clone(&schedule.spec.cadence),
        anchor: schedule.anchor,
        slot0: schedule.slot0,
    };
    let run = run(&next, now);
    let writes = vec![Write::Run(Arc::new(run)), Write::Occurrences(Box::new(range))];
    Change { expected: record.version, next: Arc::new(next), due_at: Some(until), writes }
}

/// The run whose lease `record` holds.
pub fn run(record: &Record, started: Timestamp) -> Run {
    let lease = record.schedule.as_ref().unwrap().run.as_ref().unwrap();
    Run {
        run_id: lease.run_id.clone(),
        key: record.key.clone(),
        trigger: Trigger::Schedule,
        slot: Some(started),
        attempt: 1,
        state: RunState::Running,
        started,
        finished: None,
        duration_ms: None,
        lateness_ms: Some(0),
        stats: Stats::default(),
        message: None,
        error: None,
        worker: Arc::clone(&lease.worker),
        log: Vec::new(),
    }
}

/// Ends the run that is in flight.
pub fn finish(record: &Record, now: Timestamp) -> Change {
    let mut next = Record { version: record.version + 1, ..record.clone() };
    let started = record.schedule.as_ref().unwrap().run.as_ref().unwrap().started;
    let mut run = run(record, started);
    run.state = RunState::Succeeded;
    run.finished = Some(now);
    run.duration_ms = Some(12);
    run.message = Some("nothing new".into());
    let schedule = next.schedule.as_mut().unwrap();
    schedule.run = None;
    schedule.last = Some(Arc::new(LastRun {
        run_id: run.run_id.clone(),
        state: RunState::Succeeded,
        started,
        finished: now,
        duration_ms: 12,
        stats: Stats::default(),
        message: "nothing new".into(),
        error: None,
    }));
    let due_at = Some(started + Duration::from_secs(300));
    Change { expected: record.version, next: Arc::new(next), due_at, writes: vec![Write::Run(Arc::new(run))] }
}

pub fn item(id: &str, content: u8) -> Item {
    Item {
        entity: "jobs".into(),
        external_id: id.into(),
        modified: None,
        hash: [content; 32],
        data: RawValue::from_string(format!("{{\"n\":{content}}}")).unwrap(),
    }
}
