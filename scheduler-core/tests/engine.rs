//! The engine in simulated time: isolation, recovery, and commands that meet runs in flight.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use scheduler_core::domain::*;
use scheduler_core::engine::{Background, Budget, CommandError, EngineConfig};
use scheduler_core::machine::{Command, Refusal};
use scheduler_core::memory::MemoryStore;
use scheduler_core::ports::*;
use support::{Script, World, every, key, source};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn slots_keep_their_phase_whatever_a_run_takes() {
    let mut world = World::new();
    world.puller.set("peakpro", Script::Takes(Duration::from_secs(17)));
    world.start();
    world.create("peakpro", every(60));
    world.pass(HOUR);

    let starts = world.puller.starts_of("peakpro");
    let phases: Vec<_> = starts[1..].iter().map(|at| at.millis() % 60_000).collect();

    assert!(starts.len() >= 60, "{}", starts.len());
    assert!(phases.windows(2).all(|pair| pair[0] == pair[1]), "{phases:?}");
    assert!(world.runs("peakpro").iter().all(|run| run.lateness_ms == Some(0)));
}

#[test]
fn a_bad_neighbour_delays_nobody() {
    let mut world = World::with(EngineConfig { parallel: 8, slow_lane: 2, ..EngineConfig::default() });
    for hung in ["hung-1", "hung-2", "hung-3"] {
        world.puller.set(hung, Script::Hangs);
    }
    world.puller.set("throws", Script::Panics);
    world.start();
    for tenant in ["hung-1", "hung-2", "hung-3", "throws", "good-1", "good-2"] {
        world.create(tenant, Spec { timeout_sec: 50, ..every(60) });
    }
    world.pass(HOUR);

    for tenant in ["good-1", "good-2"] {
        let runs = world.runs(tenant);
        assert!(runs.len() >= 60, "{tenant}: {}", runs.len());
        assert!(runs.iter().all(|run| run.state == RunState::Succeeded && run.lateness_ms == Some(0)));
    }
    let hung = world.runs("hung-1");
    assert!(hung.iter().any(|run| run.state == RunState::TimedOut), "{hung:?}");
    let thrown = world.runs("throws");
    assert!(
        thrown.iter().all(|run| run.error.as_ref().is_some_and(|error| error.kind == ErrorKind::Internal))
    );
    assert_eq!(world.schedule("throws").state(), State::Broken);
}

#[test]
fn of_two_run_nows_one_runs_and_the_other_is_refused() {
    let mut world = World::new();
    world.start();
    world.create("peakpro", every(3600));
    world.pass(Duration::from_secs(1));
    world.puller.set("peakpro", Script::Takes(Duration::from_secs(5)));
    world.give("peakpro", Command::Pause { reason: None, until: None }).unwrap();
    let run_now =
        || Command::RunNow { reason: None, worker: world.engine.worker(), ttl: world.engine.lease() };
    let (first, second) = (run_now(), run_now());

    let first = world.give("peakpro", first).unwrap();
    let second = world.give("peakpro", second);

    assert!(matches!(second, Err(CommandError::Refused(Refusal::AlreadyRunning { .. }))), "{second:?}");
    let engine = world.engine.clone();
    let followed = world.spawn(async move { engine.follow(&first, Duration::from_secs(10)).await });
    world.pass(Duration::from_secs(6));
    let run = futures::executor::block_on(followed).expect("it ended within the wait");
    assert_eq!((run.state, run.trigger), (RunState::Succeeded, Trigger::Manual));
    assert!(world.schedule("peakpro").pause.is_some(), "a run by hand leaves it paused");
}

#[test]
fn a_deleted_or_cancelled_run_writes_nothing_more() {
    let mut world = World::new();
    world.puller.set("deleted", Script::Writes(Duration::from_secs(10)));
    world.puller.set("cancelled", Script::Writes(Duration::from_secs(10)));
    world.start();
    world.create("deleted", every(3600));
    world.create("cancelled", every(3600));
    world.pass(Duration::from_secs(1));
    let run_id = world.schedule("cancelled").run.unwrap().run_id.clone();

    world.give("deleted", Command::Delete).unwrap();
    world.give("cancelled", Command::Cancel { run_id }).unwrap();
    world.pass(HOUR / 2);

    for tenant in ["deleted", "cancelled"] {
        let query =
            ImportedQuery { key: key(tenant), entity: None, changed_since: None, cursor: None, limit: 10 };
        let imported = futures::executor::block_on(world.store.imported(&query)).unwrap().rows;
        assert_eq!(imported.len(), 1, "{tenant}");
        assert_eq!(world.runs(tenant)[0].state, RunState::Cancelled);
    }
    assert_eq!(world.engine.health().in_flight, 0);
}

#[test]
fn a_restart_takes_back_its_own_leases_at_once() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mut first = World::on(
        store.clone(),
        ManualClock::at(Timestamp::parse("2026-11-22T10:57:00Z").unwrap()),
        "1",
        EngineConfig::default(),
    );
    for n in 0..500 {
        first.puller.set(&format!("t{n}"), Script::Hangs);
    }
    first.start();
    for n in 0..500 {
        first.create(&format!("t{n}"), every(3600));
    }
    first.pass(Duration::from_secs(1));
    assert_eq!(first.engine.health().in_flight, 500);
    let clock = first.clock.clone();
    drop(first); // as kill -9 would

    let mut second = World::on(store, clock, "2", EngineConfig::default());
    assert_eq!(futures::executor::block_on(second.engine.recover()).unwrap(), 500);
    second.start();
    second.pass(Duration::from_millis(10));

    for n in 0..500 {
        let runs = second.runs(&format!("t{n}"));
        assert_eq!(
            runs.iter().map(|run| run.state).collect::<Vec<_>>(),
            [RunState::Succeeded, RunState::Abandoned]
        );
        assert_eq!((runs[0].attempt, runs[0].slot), (2, runs[1].slot));
        assert_eq!(second.dispositions(&format!("t{n}")), [(Disposition::Ran, 1)].into());
    }
}

#[test]
fn another_worker_takes_over_when_the_lease_has_run_out_and_the_late_finish_is_refused() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let clock = ManualClock::at(Timestamp::parse("2026-11-22T10:57:00Z").unwrap());
    let config = |instance: &str| EngineConfig { instance: instance.into(), ..EngineConfig::default() };
    let mut stuck = World::on(store.clone(), clock.clone(), "1", config("a"));
    stuck.puller.set("peakpro", Script::Writes(Duration::from_secs(5)));
    stuck.start();
    stuck.create("peakpro", every(3600));
    // The first worker is not polled any more: it is as good as frozen.
    let mut other = World::on(store, clock, "1", config("b"));
    other.start();
    other.pass(Duration::from_secs(60));
    assert_eq!(other.puller.starts_of("peakpro").len(), 1);

    stuck.pass(Duration::from_secs(60));

    let runs = other.runs("peakpro");
    assert_eq!(
        runs.iter().map(|run| run.state).collect::<Vec<_>>(),
        [RunState::Succeeded, RunState::Abandoned]
    );
    let query =
        ImportedQuery { key: key("peakpro"), entity: None, changed_since: None, cursor: None, limit: 10 };
    let imported = futures::executor::block_on(other.store.imported(&query)).unwrap().rows;
    assert_eq!(imported.len(), 1, "what the frozen worker wrote late was refused");
}

#[test]
fn a_long_run_keeps_its_lease() {
    let mut world = World::new();
    world.puller.set("peakpro", Script::Takes(Duration::from_secs(250)));
    world.start();
    world.create("peakpro", every(3600));
    world.pass(Duration::from_secs(300));

    let runs = world.runs("peakpro");
    assert_eq!(runs.len(), 1);
    assert_eq!((runs[0].state, runs[0].duration_ms), (RunState::Succeeded, Some(250_000)));
}

#[test]
fn a_stop_lets_runs_end_and_hands_back_the_rest() {
    let mut world = World::new();
    world.puller.set("ends", Script::Takes(Duration::from_secs(10)));
    world.puller.set("hangs", Script::Hangs);
    world.start();
    world.create("ends", every(3600));
    world.create("hangs", every(3600));
    world.pass(Duration::from_secs(1));

    world.stop();
    world.pass(Duration::from_secs(20));
    assert!(!world.stopped());
    assert_eq!(world.runs("ends")[0].state, RunState::Succeeded);
    world.pass(Duration::from_secs(10));

    assert!(world.stopped());
    assert_eq!(world.runs("hangs")[0].state, RunState::Abandoned);
    let due = futures::executor::block_on(world.store.next_due(None)).unwrap();
    assert!(due.is_some_and(|due| due <= world.clock.now()), "its slot is due again at once");
}

#[test]
fn ten_thousand_due_at_one_instant_all_run() {
    let mut world = World::new();
    for n in 0..10_000 {
        world.create(&format!("t{n}"), every(300));
    }
    let report = futures::executor::block_on(world.engine.tick(Default::default())).unwrap();

    assert_eq!(
        (report.claimed, report.succeeded, report.failed, report.remaining_due),
        (10_000, 10_000, 0, 0)
    );
    assert!(report.next_due.is_some_and(|due| due > world.clock.now()));
}

#[test]
fn a_failing_upstream_opens_the_breaker_and_success_closes_it() {
    let mut world = World::new();
    world.puller.set("peakpro", Script::Fails(ErrorKind::Protocol));
    world.start();
    world.create("peakpro", Spec { pause_after_failures: 3, ..every(60) });
    world.pass(HOUR);
    assert_eq!(world.schedule("peakpro").state(), State::Broken);
    let broken = world.dispositions("peakpro");
    assert!(broken[&Disposition::Broken] > 20, "{broken:?}");

    world.puller.set("peakpro", Script::Takes(Duration::ZERO));
    world.pass(2 * HOUR);

    assert_eq!(world.schedule("peakpro").state(), State::Ok);
    let query = AuditQuery {
        source: source(),
        scope: Scope::All,
        operation: None,
        actor: Some("system".into()),
        since: None,
        until: None,
        cursor: None,
        limit: 100,
    };
    let audit = futures::executor::block_on(world.store.audit(&query)).unwrap().rows;
    let operations: Vec<_> = audit.iter().map(|entry| entry.operation).collect();
    assert_eq!(operations, [Operation::AutoResume, Operation::AutoPause, Operation::Schedule]);
}

#[test]
fn a_pause_that_was_answered_lets_no_scheduled_run_start() {
    let mut world = World::new();
    world.start();
    world.create("peakpro", every(60));
    world.pass(Duration::from_secs(600));
    world.give("peakpro", Command::Pause { reason: None, until: None }).unwrap();
    let before = world.puller.starts_of("peakpro").len();

    world.pass(HOUR);
    assert_eq!(world.puller.starts_of("peakpro").len(), before);
    world.give("peakpro", Command::Resume).unwrap();
    world.pass(Duration::from_millis(1));

    assert_eq!(world.puller.starts_of("peakpro").len(), before + 1, "the latest slot is caught up");
    assert_eq!(world.dispositions("peakpro")[&Disposition::Paused], 59);
}

/// Keeps what is to go on until the test drives it.
#[derive(Default)]
struct Later(Mutex<Vec<BoxFuture<'static, ()>>>);

impl std::fmt::Debug for Later {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Later")
    }
}

impl Background for Later {
    fn time(&self) -> Duration {
        Duration::from_secs(300)
    }

    fn go_on(&self, work: BoxFuture<'static, ()>) {
        self.0.lock().expect("nobody panics with it").push(work);
    }
}

#[test]
fn without_a_driver_a_run_goes_on_in_the_hosts_background_and_keeps_its_lease() {
    let later = Arc::new(Later::default());
    let mut world = World::with(EngineConfig { background: Some(later.clone()), ..EngineConfig::default() });
    world.create("peakpro", every(3600));
    world.puller.set("peakpro", Script::Takes(Duration::from_secs(100)));
    world.give("peakpro", Command::Pause { reason: None, until: None }).unwrap();
    let run_now = Command::RunNow { reason: None, worker: world.engine.worker(), ttl: world.engine.lease() };
    let outcome = world.give("peakpro", run_now).unwrap();

    let engine = world.engine.clone();
    let answered = world.spawn(async move { engine.follow(&outcome, Duration::from_secs(1)).await });
    let work = later.0.lock().unwrap().pop().expect("the run goes on in the background");
    let _running = world.spawn(work);
    world.pass(Duration::from_secs(2));
    assert!(futures::executor::block_on(answered).is_none(), "the caller waits no longer");
    world.pass(Duration::from_secs(97));
    let lease = world.schedule("peakpro").run.expect("it still runs");
    assert!(lease.until > world.clock.now(), "three leases later it is still believed to be alive");
    world.pass(Duration::from_secs(2));

    assert_eq!(world.runs("peakpro")[0].state, RunState::Succeeded);
    assert!(world.schedule("peakpro").run.is_none());
}

#[test]
fn one_record_is_ticked_once_and_only_when_it_is_due() {
    let mut world = World::new();
    world.create("peakpro", every(60));
    let tick = |name: &str| {
        futures::executor::block_on(world.engine.tick_one(&key(name), Budget::default())).unwrap()
    };

    assert!(tick("peakpro"));
    assert!(!tick("peakpro"), "its next slot is not due");
    assert!(!tick("nobody"));
    world.clock.advance(Duration::from_secs(61));
    assert!(tick("peakpro"));

    assert_eq!(world.runs("peakpro").len(), 2);
}

#[test]
fn near_its_end_a_tick_claims_nothing_but_lets_runs_end() {
    let mut world = World::with(EngineConfig { parallel: 1, ..EngineConfig::default() });
    for tenant in ["a", "b", "c"] {
        world.puller.set(tenant, Script::Takes(Duration::from_secs(20)));
        world.create(tenant, every(3600));
    }
    let engine = world.engine.clone();
    let seconds = Duration::from_secs;
    let budget = Budget { claims: seconds(30), time: seconds(50), ..Budget::default() };

    let tick = world.spawn(async move { engine.tick(budget).await.unwrap() });
    world.pass(seconds(60));
    let report = futures::executor::block_on(tick);

    assert_eq!((report.claimed, report.succeeded, report.remaining_due), (2, 2, 1));
}

#[test]
fn a_request_that_another_process_answered_is_not_carried_out_again() {
    let mut one = World::new();
    let other = World::on(one.store.clone(), one.clock.clone(), "2", EngineConfig::default());
    one.create("peakpro", every(60));
    let answer = |status| {
        let (name, body, expires) = ("token\nkey".into(), "{}".into(), one.clock.now() + HOUR);
        Answer { name, request: [1; 32], status, body, expires }
    };
    let pause = |world: &World, status| {
        let ask = |_: &Record| Ok::<_, CommandError>(Command::Pause { reason: None, until: None });
        let caller = Caller::system();
        let key = key("peakpro");
        let command = world.engine.command(&key, &caller, None, ask, |_| Some(answer(status)));
        futures::executor::block_on(command)
    };

    pause(&one, 200).unwrap();
    let before = one.store.clone();
    let before = futures::executor::block_on(before.load(&key("peakpro"))).unwrap();
    let again = pause(&other, 202);

    assert!(matches!(again, Err(CommandError::Answered)), "{again:?}");
    let after = futures::executor::block_on(one.store.load(&key("peakpro"))).unwrap();
    assert_eq!(before, after);
    let kept = futures::executor::block_on(one.store.answer("token\nkey", one.clock.now())).unwrap();
    assert_eq!(kept.map(|answer| answer.status), Some(200));
}
