//! A record as text: what is stored of it beside its key and its version.

use std::collections::HashMap;
use std::sync::Arc;

use scheduler_core::domain::{
    AuditHead, Breaker, Bulk, Json, Key, LastRun, Lease, Pause, Record, Retry, Schedule, Spec, Tail,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::{Cause, unreadable};

#[derive(Serialize)]
struct Written<'a> {
    revision: u64,
    fence: u64,
    audit: &'a AuditHead,
    settled: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<&'a Schedule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bulk: Option<&'a Bulk>,
}

/// The text that [`Reader::read`] reads.
pub(crate) fn write(record: &Record) -> Result<String, Cause> {
    let Record { key: _, version: _, revision, fence, audit, settled, schedule, bulk } = record;
    let (schedule, bulk) = (schedule.as_ref(), bulk.as_deref());
    let written = Written { revision: *revision, fence: *fence, audit, settled: *settled, schedule, bulk };
    let mut text = Vec::with_capacity(1024);
    serde_json::to_writer(&mut text, &written).map_err(|_| Cause::Unwritable("record"))?;
    String::from_utf8(text).map_err(|_| Cause::Unwritable("record"))
}

#[derive(Deserialize)]
struct Stored<'a> {
    revision: u64,
    fence: u64,
    audit: AuditHead,
    #[serde(default)]
    settled: Timestamp,
    #[serde(borrow, default)]
    schedule: Option<StoredSchedule<'a>>,
    #[serde(default)]
    bulk: Option<Arc<Bulk>>,
}

/// A [`Schedule`] whose spec is not read yet.
#[derive(Deserialize)]
struct StoredSchedule<'a> {
    #[serde(borrow)]
    spec: &'a RawValue,
    created: Timestamp,
    anchor: Timestamp,
    #[serde(default)]
    slot0: Option<Timestamp>,
    accounted: Timestamp,
    #[serde(default)]
    backlog: Option<Timestamp>,
    #[serde(default)]
    tail: Option<Tail>,
    #[serde(default)]
    pause: Option<Arc<Pause>>,
    #[serde(default)]
    run: Option<Arc<Lease>>,
    #[serde(default)]
    retry: Option<Arc<Retry>>,
    #[serde(default)]
    hold: Option<Timestamp>,
    #[serde(default)]
    breaker: Option<Arc<Breaker>>,
    #[serde(default)]
    failures: u32,
    #[serde(default)]
    last: Option<Arc<LastRun>>,
    #[serde(default)]
    cursor: Option<Json>,
}

/// Reads records; those with equal specs share one.
#[derive(Default)]
pub(crate) struct Reader {
    specs: HashMap<Box<str>, Arc<Spec>>,
}

impl Reader {
    /// The record of `key` whose state is `text`.
    pub(crate) fn read(&mut self, key: Key, version: u64, text: &str) -> Result<Record, Cause> {
        let Stored { revision, fence, audit, settled, schedule, bulk } =
            serde_json::from_str(text).map_err(unreadable("record"))?;
        let schedule = schedule.map(|stored| self.schedule(stored)).transpose()?;
        Ok(Record { key, version, revision, fence, audit, settled, schedule, bulk })
    }

    fn schedule(&mut self, stored: StoredSchedule<'_>) -> Result<Schedule, Cause> {
        Ok(Schedule {
            spec: self.spec(stored.spec.get())?,
            created: stored.created,
            anchor: stored.anchor,
            slot0: stored.slot0,
            accounted: stored.accounted,
            backlog: stored.backlog,
            tail: stored.tail,
            pause: stored.pause,
            run: stored.run,
            retry: stored.retry,
            hold: stored.hold,
            breaker: stored.breaker,
            failures: stored.failures,
            last: stored.last,
            cursor: stored.cursor,
        })
    }

    fn spec(&mut self, text: &str) -> Result<Arc<Spec>, Cause> {
        if let Some(known) = self.specs.get(text) {
            return Ok(Arc::clone(known));
        }
        let spec: Arc<Spec> = Arc::new(serde_json::from_str(text).map_err(unreadable("spec"))?);
        self.specs.insert(text.into(), Arc::clone(&spec));
        Ok(spec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scheduler_core::domain::{
        Disposition, ErrorKind, Interval, Limits, RunId, RunState, Source, Stats, Tenant, Trigger,
    };

    #[test]
    fn what_was_written_is_read() {
        let key = Key::new(Source::parse("acculynx").unwrap(), Tenant::parse("peakpro").unwrap());
        let now = Timestamp::from_secs(1_800_000_000);
        let run_id = RunId::new(&key, 7, now);
        let audit = AuditHead { seq: 9, hash: std::array::from_fn(|place| place as u8 * 8), ts: now };
        let bare = Record { version: 3, revision: 2, fence: 7, audit, ..Record::new(key.clone()) };
        let schedule = Schedule {
            spec: Spec::every(Interval::within(300, Limits::default()).unwrap()).into(),
            created: now,
            anchor: now,
            slot0: Some(now),
            accounted: now,
            backlog: Some(now),
            tail: Some(Tail { disposition: Disposition::Ran, first: now, count: 3 }),
            pause: Some(Arc::new(Pause { since: now, until: Some(now), reason: None, actor: "a".into() })),
            run: Some(Arc::new(Lease {
                run_id: run_id.clone(),
                fence: 7,
                worker: "w/1".into(),
                until: now,
                trigger: Trigger::Schedule,
                slot: Some(now),
                attempt: 1,
                started: now,
                lateness_ms: Some(2),
            })),
            retry: Some(Arc::new(Retry { at: now, slot: None, attempt: 2 })),
            hold: Some(now),
            breaker: Some(Arc::new(Breaker { since: now, kind: ErrorKind::Auth, probe_at: now, probes: 1 })),
            failures: 4,
            last: Some(Arc::new(LastRun {
                run_id,
                state: RunState::Failed,
                started: now,
                finished: now,
                duration_ms: 5,
                stats: Stats::default(),
                message: "no \"answer\"".into(),
                error: Some(ErrorKind::Transient),
            })),
            cursor: Some(Json(RawValue::from_string("{\"page\": 3}".into()).unwrap().into())),
        };
        let full = Record { schedule: Some(schedule), ..bare.clone() };
        let mut reader = Reader::default();

        let read = [&bare, &full, &full].map(|record| {
            let text = write(record).unwrap();
            reader.read(key.clone(), record.version, &text).unwrap()
        });

        assert_eq!((&read[0], &read[1]), (&bare, &full));
        let spec = |record: &Record| Arc::clone(&record.schedule.as_ref().unwrap().spec);
        assert!(Arc::ptr_eq(&spec(&read[1]), &spec(&read[2])));
    }
}
