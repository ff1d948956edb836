//! An instance that is stopped at any point of its work loses nothing that was acknowledged, and the next tick heals.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use host_conformance::cases::setup::{audit, each, list};
use host_conformance::host::Host;
use host_conformance::upstream::key_of;
use host_conformance::{get, post, put};
use scheduler_core::conformance::fixtures::key;
use scheduler_core::domain::RunState;
use scheduler_core::ports::Store;
use serde_json::{Value, json};
use wasi_conformance::{Component, Outcome, Stop, WasiHost, location, runs, slots_add_up};

const MINUTE: Duration = Duration::from_secs(60);

/// Instances that are stopped in each way, at points spread over the work that one does.
fn points() -> u64 {
    std::env::var("KILL_POINTS").map_or(12, |points| points.parse().expect("a number"))
}

/// So many places in the work of `whole`, the last one in its middle.
fn spread(whole: u64) -> impl Iterator<Item = u64> {
    (0..points()).map(move |point| whole * (2 * point + 1) / (2 * points()))
}

/// What a caller has been told that there is.
struct Acknowledged {
    entries: Vec<String>,
    runs: Vec<Value>,
    records: BTreeSet<String>,
}

impl Acknowledged {
    async fn by(host: &WasiHost) -> Self {
        let entries = each(&audit(host, "").await, "id");
        let mut runs = list(host, get("runs?limit=1000"), "runs").await;
        runs.retain(|run| run["state"] != "running");
        let records = list(host, get("records?limit=1000").tenant("peakpro"), "records").await;
        let named = |record: &Value| format!("{} {}", record["entity"], record["external_id"]);
        Self { entries, runs, records: records.iter().map(named).collect() }
    }
}

/// An import that is due, and brings something new.
struct Due {
    host: WasiHost,
    /// Before it.
    before: Acknowledged,
    /// After it, when nothing stops it.
    after: Acknowledged,
    /// Units of work that it takes.
    fuel: u64,
    /// Calls of the runtime that it makes.
    calls: u64,
}

impl Due {
    async fn new() -> Self {
        let host = WasiHost::without_timer().await;
        host.upstream().sandbox().add(&key_of("peakpro"), location(0));
        put("connection").tenant("peakpro").json(json!({ "api_key": key_of("peakpro") })).good(&host).await;
        post("schedule").tenant("peakpro").body(r#"{"interval_sec":60}"#).good(&host).await;
        host.tick().await;
        host.upstream().sandbox().add(&key_of("peakpro"), location(1));
        host.pass(MINUTE).await;
        let before = Acknowledged::by(&host).await;
        let whole = host.fork();
        whole.tick().await;
        let spent = whole.instance().spent.clone();
        let (fuel, calls) = (spent.fuel.load(Ordering::SeqCst), spent.calls.load(Ordering::SeqCst));
        let after = Acknowledged::by(&whole).await;
        println!("{fuel} units of work, {calls} calls, {} records", after.records.len());
        assert!(before.records.len() < after.records.len() && before.runs.len() < after.runs.len());
        Self { host, before, after, fuel, calls }
    }

    /// After it was stopped: nothing is lost, the next ticks bring everything, and each slot has one disposition.
    async fn heals(&self, host: &WasiHost, how: &str) {
        let (before, now) = (&self.before, Acknowledged::by(host).await);
        assert!(before.entries.iter().all(|entry| now.entries.contains(entry)), "{how}: an entry was lost");
        assert!(before.runs.iter().all(|run| now.runs.contains(run)), "{how}: a run was lost");
        assert!(before.records.is_subset(&now.records), "{how}: a record was lost");

        for _ in 0..6 {
            // The lease of the dead runs out within this.
            host.pass(Duration::from_secs(12)).await;
            host.tick().await;
        }
        let healed = Acknowledged::by(host).await;
        assert_eq!(healed.records, self.after.records, "{how}: it does not heal: {:?}", healed.runs);
        assert!(
            runs(host.store(), &key("peakpro"), Some(RunState::Running)).await.is_empty(),
            "{how}: a run hangs"
        );
        slots_add_up(host.store(), &key("peakpro"), MINUTE, host.now()).await;
        let verified = get("/api/audit/verify").good(host).await;
        assert_eq!(verified["valid"], true, "{how}: {verified}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tick_that_is_stopped_anywhere_is_healed_by_the_next() {
    let due = Due::new().await;
    for stop in spread(due.fuel).map(Stop::Fuel).chain(spread(due.calls).map(Stop::Epoch)) {
        let host = due.host.fork();
        let outcome = host.instance().stopped(stop).run(&["tick"]).await;
        assert!(matches!(outcome, Outcome::Trapped), "{stop:?}: {outcome:?}");
        due.heals(&host, &format!("{stop:?}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_runtime_that_is_killed_anywhere_is_healed_by_the_next() {
    let due = Due::new().await;
    let code = tempfile::Builder::new().suffix(".cwasm").tempfile().expect("a file");
    std::fs::write(code.path(), Component::get().code()).expect("machine code");
    for call in spread(due.calls) {
        let host = due.host.fork();
        let output = Command::new(env!("CARGO_BIN_EXE_tick"))
            .arg(&host.instance().data)
            .args([host.now().millis().to_string(), call.to_string()])
            .env("HOST_WASI", code.path())
            .output()
            .expect("it starts");
        assert!(output.status.code().is_none() && output.stdout.is_empty(), "call {call}: {output:?}");
        due.heals(&host, &format!("SIGKILL at call {call}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_that_is_stopped_anywhere_is_made_or_not_and_never_by_half() {
    let host = WasiHost::without_timer().await;
    post("schedule").tenant("peakpro").body(r#"{"interval_sec":600}"#).good(&host).await;
    let request = |name: &str| {
        let target = format!("http://localhost/api/crm/import/acculynx/{name}");
        let request = http::Request::post(target).header("host", "localhost").header("x-tenant", "peakpro");
        request.header("content-type", "application/json").body(Bytes::from_static(b"{}")).expect("a request")
    };
    let answered = async |host: &WasiHost, stop: Stop, name: &str| {
        let (answer, task) = host.instance().stopped(stop).answer(request(name)).await;
        task.await.expect("no panic of the runtime");
        answer.is_some_and(|answer| answer.status().is_success())
    };
    let measured = host.fork();
    assert!(answered(&measured, Stop::Never, "pause").await);
    let spent = &measured.instance().spent;
    let (fuel, calls) = (spent.fuel.load(Ordering::SeqCst), spent.calls.load(Ordering::SeqCst));
    let (mut stopped, mut acknowledged) = (0, 1);

    for stop in spread(fuel).map(Stop::Fuel).chain(spread(calls).map(Stop::Epoch)) {
        let before = state(&host).await;
        let name = if before.0 { "resume" } else { "pause" };
        let done = answered(&host, stop, name).await;
        let after = state(&host).await;
        let made = (!before.0, before.1 + 1);
        assert!(after == made || (!done && after == before), "{stop:?}: {before:?}, {done}, {after:?}");
        (stopped, acknowledged) = (stopped + u64::from(!done), acknowledged + usize::from(done));
    }

    assert!(stopped >= points(), "{stopped} were stopped");
    assert!(state(&host).await.1 >= acknowledged);
    let verified = get("/api/audit/verify").good(&host).await;
    assert_eq!(verified["valid"], true, "{verified}");
}

/// Whether the schedule is paused, and how many entries there are.
async fn state(host: &WasiHost) -> (bool, usize) {
    let record = host.store().load(&key("peakpro")).await.expect("the store answers").expect("a record");
    let paused = record.schedule.as_ref().is_some_and(|schedule| schedule.pause.is_some());
    (paused, audit(host, "").await.len())
}
