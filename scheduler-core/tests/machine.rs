//! The machine under random commands: every slot is accounted for, exactly once.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use scheduler_core::domain::*;
use scheduler_core::machine::{Command, Ending, Outcome, Refusal, decide, due_at, next_run, open_ranges};
use scheduler_core::timetable::Timetable;

const TTL: Duration = Duration::from_secs(30);

#[derive(Debug, Clone)]
enum Op {
    Wait(u32),
    ToNextDue,
    StepBack(u32),
    Put(Shape),
    Pause(Option<u32>),
    Resume,
    RunNow,
    Cancel,
    Delete,
    Beat,
    Finish(Option<ErrorKind>, bool),
    Expire,
    NewKey,
}

#[derive(Debug, Clone)]
struct Shape {
    cadence: usize,
    jitter: bool,
    overlap: Overlap,
    catch_up: CatchUp,
    starts: Option<i32>,
    ends: Option<i32>,
    failures: u32,
    attempts: u16,
}

fn shape() -> impl Strategy<Value = Shape> {
    let catch_up = prop_oneof![Just(CatchUp::Latest), Just(CatchUp::Skip), (1..5_u16).prop_map(CatchUp::All)];
    let bounds = (prop::option::weighted(0.2, -400..900_i32), prop::option::weighted(0.2, 0..2000_i32));
    let overlap = prop_oneof![Just(Overlap::Skip), Just(Overlap::QueueOne)];
    (0..6_usize, any::<bool>(), overlap, catch_up, bounds, 1..4_u32, 1..4_u16).prop_map(
        |(cadence, jitter, overlap, catch_up, (starts, ends), failures, attempts)| Shape {
            cadence,
            jitter,
            overlap,
            catch_up,
            starts,
            ends,
            failures,
            attempts,
        },
    )
}

fn op() -> impl Strategy<Value = Op> {
    let kind = prop_oneof![
        3 => Just(None),
        1 => Just(Some(ErrorKind::Transient)),
        1 => Just(Some(ErrorKind::RateLimited)),
        1 => Just(Some(ErrorKind::Auth)),
        1 => Just(Some(ErrorKind::Protocol)),
        1 => Just(Some(ErrorKind::Timeout)),
    ];
    prop_oneof![
        6 => (1..200_000_u32).prop_map(Op::Wait),
        6 => Just(Op::ToNextDue),
        1 => (1..100_000_u32).prop_map(Op::StepBack),
        2 => shape().prop_map(Op::Put),
        2 => prop::option::of(1..600_u32).prop_map(Op::Pause),
        3 => Just(Op::Resume),
        2 => Just(Op::RunNow),
        1 => Just(Op::Cancel),
        1 => Just(Op::Delete),
        1 => Just(Op::Beat),
        8 => (kind, prop::bool::weighted(0.1)).prop_map(|(kind, more)| Op::Finish(kind, more)),
        1 => Just(Op::Expire),
        1 => Just(Op::NewKey),
    ]
}

/// One timetable for as long as it was in force.
struct Epoch {
    cadence: Cadence,
    anchor: Timestamp,
    slot0: Option<Timestamp>,
    from: Timestamp,
    until: Option<Timestamp>,
}

struct World {
    record: Record,
    now: Timestamp,
    ranges: BTreeMap<Timestamp, Range>,
    runs: BTreeMap<RunId, Run>,
    chain: Vec<AuditEntry>,
    epochs: Vec<Epoch>,
    accepted: u64,
    place: u64,
}

fn by_an_operator(entry: &AuditEntry) -> bool {
    !matches!(entry.operation, Operation::AutoPause | Operation::AutoResume)
}

impl World {
    fn new() -> Self {
        let key = Key::new(Source::parse("acculynx").unwrap(), Tenant::parse("peakpro").unwrap());
        Self {
            record: Record::new(key),
            now: Timestamp::parse("2026-03-08T07:30:00Z").unwrap(),
            ranges: BTreeMap::new(),
            runs: BTreeMap::new(),
            chain: Vec::new(),
            epochs: Vec::new(),
            accepted: 0,
            place: 0,
        }
    }

    fn spec(&self, shape: &Shape) -> Spec {
        let interval = |secs| Interval::within(secs, Limits::default()).unwrap();
        let cadence = match shape.cadence {
            0 => Cadence::Interval(interval(7)),
            1 => Cadence::Interval(interval(60)),
            2 => Cadence::Interval(interval(300)),
            3 => Cadence::Cron(Cron::parse("*/5 * * * *", "America/Chicago").unwrap()),
            4 => Cadence::Cron(Cron::parse("*/2 2 * * *", "America/Chicago").unwrap()),
            _ => Cadence::Cron(Cron::parse("* * * * *", "UTC").unwrap()),
        };
        let at = |secs: i32| Timestamp::from_millis(self.now.millis() + i64::from(secs) * 1000);
        let starts_at = shape.starts.map(at);
        Spec {
            cadence,
            jitter_sec: if shape.jitter { 5 } else { 0 },
            starts_at,
            ends_at: shape.ends.map(at).filter(|end| starts_at.is_none_or(|start| start <= *end)),
            overlap: shape.overlap,
            catch_up: shape.catch_up,
            retry: RetryPolicy { max_attempts: shape.attempts, base_sec: 2, max_sec: 20 },
            pause_after_failures: shape.failures,
            ..Spec::every(interval(60))
        }
    }

    fn give(&mut self, command: Command, operator: bool) -> Result<Outcome, Refusal> {
        let before = self.record.clone();
        let outcome = decide(&before, command, &Caller::system(), self.now)?;
        let next = (*outcome.change.next).clone();
        assert_eq!((outcome.change.expected, next.version), (before.version, before.version + 1));
        assert!(next.fence >= before.fence && next.revision >= before.revision);
        let mut entries = 0;
        for write in &outcome.change.writes {
            match write {
                Write::Occurrences(range) => {
                    self.ranges.insert(range.first, (**range).clone());
                }
                Write::Run(run) => {
                    self.runs.insert(run.run_id.clone(), (**run).clone());
                }
                Write::Audit(entry) => {
                    entries += u64::from(by_an_operator(entry));
                    self.chain.push((**entry).clone());
                }
                _ => {}
            }
        }
        assert_eq!(entries, u64::from(operator), "one entry per accepted command");
        self.accepted += u64::from(operator);
        self.note_epoch(&before, &next);
        self.record = next;
        Ok(outcome)
    }

    fn note_epoch(&mut self, before: &Record, next: &Record) {
        let table = |record: &Record| {
            record.schedule.as_ref().map(|s| (s.spec.cadence.clone(), s.anchor, s.slot0, s.created))
        };
        if table(before) == table(next) {
            return;
        }
        if let Some(schedule) = &before.schedule {
            self.epochs.last_mut().unwrap().until = Some(self.now.max(schedule.accounted));
        }
        if let Some(schedule) = &next.schedule {
            self.epochs.push(Epoch {
                cadence: schedule.spec.cadence.clone(),
                anchor: schedule.anchor,
                slot0: schedule.slot0,
                from: schedule.accounted,
                until: None,
            });
        }
    }

    /// Claims as the engine would: for as long as something is due.
    fn work(&mut self) {
        for _ in 0..20 {
            let Some(schedule) = &self.record.schedule else { return };
            if due_at(schedule, &self.record.key).is_none_or(|due| due > self.now) {
                return;
            }
            let until = schedule.pause.as_ref().map(|pause| pause.until);
            let paused = until.is_some_and(|until| until.is_none_or(|until| until > self.now));
            let outcome = self.give(Command::Claim { worker: "w/1".into(), ttl: TTL }, false);
            if let Some(lease) = outcome.expect("what is due can be claimed").started {
                assert!(!paused || lease.slot.is_none(), "no scheduled run starts while paused");
                return;
            }
        }
        panic!("claims make no progress: {:?}", self.record.schedule);
    }

    fn apply(&mut self, op: &Op) {
        let run = self.record.schedule.as_ref().and_then(|schedule| schedule.run.clone());
        match op {
            Op::Wait(millis) => self.now = self.now + Duration::from_millis((*millis).into()),
            Op::ToNextDue => {
                let due = self.record.schedule.as_ref().and_then(|s| due_at(s, &self.record.key));
                self.now = self.now.max(due.unwrap_or(self.now)).min(self.now + Duration::from_secs(7200));
            }
            Op::StepBack(millis) => self.now = self.now - Duration::from_millis((*millis).into()),
            Op::Put(shape) => {
                self.place += 1;
                let command = Command::Put { spec: self.spec(shape), place: self.place };
                self.give(command, true).unwrap();
            }
            Op::Pause(secs) => {
                let until = secs.map(|secs| self.now + Duration::from_secs(secs.into()));
                let _refused = self.give(Command::Pause { reason: None, until }, true);
            }
            Op::Resume => {
                let _refused = self.give(Command::Resume, true);
            }
            Op::RunNow => {
                let fence = self.record.fence;
                let command = Command::RunNow { reason: None, worker: "w/1".into(), ttl: TTL };
                match self.give(command, true) {
                    Ok(outcome) => assert_eq!(outcome.started.unwrap().fence, fence + 1),
                    Err(Refusal::AlreadyRunning { run_id }) => assert_eq!(run_id, run.unwrap().run_id),
                    Err(refusal) => assert_eq!(refusal, Refusal::NoSchedule),
                }
            }
            Op::Cancel => {
                if let Some(run) = run {
                    self.give(Command::Cancel { run_id: run.run_id.clone() }, true).unwrap();
                }
            }
            Op::Delete => {
                let _refused = self.give(Command::Delete, true);
            }
            Op::Beat => {
                if let Some(run) = run {
                    self.give(Command::Heartbeat { fence: run.fence, ttl: TTL }, false).unwrap();
                }
            }
            Op::Finish(kind, more) => {
                let Some(run) = run else { return };
                let error = kind.map(|kind| RunError::new(kind, "made up"));
                let ending = Box::new(Ending { error, more: *more, ..Ending::default() });
                let stale = Command::Finish { fence: run.fence - 1, ending: ending.clone() };
                assert_eq!(self.give(stale, false).unwrap_err(), Refusal::LeaseLost);
                self.give(Command::Finish { fence: run.fence, ending }, false).unwrap();
            }
            Op::Expire => {
                if let Some(run) = run {
                    self.give(Command::Expire { fence: run.fence }, false).unwrap();
                }
            }
            Op::NewKey => {
                self.give(Command::Connect(None), true).unwrap();
            }
        }
    }

    fn check(&self) {
        let mut last: Option<&Range> = None;
        let mut accounted = 0;
        for range in self.ranges.values() {
            let table = Timetable::new(&range.cadence, range.anchor, range.slot0);
            let before = range.first - Duration::from_millis(1);
            assert_eq!(table.count(before, range.last), range.count, "{range:?}");
            assert_eq!(table.next_after(before), Some(range.first));
            assert_eq!(table.last(before, range.last), Some(range.last));
            assert!(last.is_none_or(|last| last.last < range.first), "{last:?} overlaps {range:?}");
            accounted += range.count;
            last = Some(range);
        }
        if let Some(schedule) = &self.record.schedule {
            let (open, waiting) = open_ranges(schedule, &self.record.key, self.now);
            accounted += open.iter().map(|range| range.count).sum::<u64>() + waiting;
            if let (Some(range), Some(last)) = (open.first(), last) {
                assert!(last.last < range.first);
            }
            assert!(schedule.pause.is_none() || next_run(schedule, &self.record.key, self.now).is_none());
        }
        let slots = |epoch: &Epoch| {
            let accounted = self.record.schedule.as_ref().map_or(self.now, |schedule| schedule.accounted);
            let until = epoch.until.unwrap_or_else(|| self.now.max(accounted));
            Timetable::new(&epoch.cadence, epoch.anchor, epoch.slot0).count(epoch.from, until)
        };
        assert_eq!(accounted, self.epochs.iter().map(slots).sum::<u64>(), "slots = sum over dispositions");

        let running = self.runs.values().filter(|run| run.state == RunState::Running).map(|run| &run.run_id);
        let leased = self.record.schedule.as_ref().and_then(|schedule| schedule.run.as_ref());
        assert_eq!(Vec::from_iter(running), Vec::from_iter(leased.map(|run| &run.run_id)));
        assert_eq!(verify_chain(&self.chain, Some((0, [0; 32]))), None);
        assert_eq!(self.chain.iter().filter(|entry| by_an_operator(entry)).count() as u64, self.accepted);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn every_slot_is_accounted_for_once(
        first in shape(),
        ops in prop::collection::vec(op(), 1..60),
        eager in any::<bool>(),
    ) {
        let mut world = World::new();
        world.apply(&Op::Put(first));
        for op in &ops {
            if eager || matches!(op, Op::ToNextDue) {
                world.work();
                world.check();
            }
            world.apply(op);
            world.check();
            let stored = serde_json::to_string(&world.record).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Record>(&stored).unwrap(), &world.record);
        }
        world.work();
        world.check();
    }
}
