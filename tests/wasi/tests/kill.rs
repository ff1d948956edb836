//! An instance that is stopped at any point of its work loses nothing that was acknowledged, and the next tick heals.

use std::time::Duration;

use host_conformance::host::Host;
use host_conformance::upstream::connect;
use host_conformance::{get, post};
use scheduler_core::conformance::fixtures::key;
use scheduler_core::domain::{RunState, Scope};
use scheduler_core::ports::{AuditQuery, RunQuery, Store};
use wasi_conformance::{Instance, Outcome, WasiHost};

/// Instances that are stopped, at points spread over the work that one needs.
fn points() -> u64 {
    std::env::var("KILL_POINTS").map_or(24, |points| points.parse().expect("a number"))
}

/// How much work an instance does when it is let: found by giving more until it is enough.
async fn work_of(host: &WasiHost, run: impl AsyncFn(&Instance) -> bool) -> u64 {
    let mut fuel = 1 << 20;
    while !run(&Instance { fuel, ..host.instance().clone() }).await {
        fuel *= 2;
        assert!(fuel < 1 << 40, "it never ends");
    }
    fuel
}

#[tokio::test]
async fn a_tick_that_is_stopped_anywhere_is_healed_by_the_next() {
    let host = WasiHost::new().await;
    connect(&host, "peakpro").await;
    post("schedule").tenant("peakpro").body(r#"{"interval_sec":60}"#).good(&host).await;
    host.pass(Duration::from_secs(1)).await;
    // The measure is a whole run of the same kind.
    host.upstream().change("peakpro", |location| location.jobs.clear());
    let minute = Duration::from_secs(60);
    let idle = async || tokio::time::sleep(minute).await;
    idle().await;
    let whole =
        work_of(&host, async |instance| matches!(instance.run(&["tick"]).await, Outcome::Done(_))).await;
    let mut stopped = 0;

    for point in 0..points() {
        idle().await;
        let fuel = whole * (point + 1) / points();
        let before = runs(&host, None).await;
        match (Instance { fuel, ..host.instance().clone() }).run(&["tick"]).await {
            Outcome::Trapped => stopped += 1,
            Outcome::Done(_) => {}
            Outcome::Failed(log) => panic!("{log}"),
        }
        assert!(runs(&host, None).await >= before, "a run was lost");
        // Leases of the dead run out.
        tokio::time::sleep(Duration::from_secs(31)).await;
        host.tick().await;
        host.tick().await;
        assert_eq!(runs(&host, Some(RunState::Running)).await, 0, "a run is stuck");
    }

    assert!(stopped > 4, "{stopped} were stopped");
    let now = host.now();
    let ranges = host.store().occurrences(&key("peakpro"), now - minute * 600, now).await.expect("ranges");
    assert!(
        ranges.windows(2).all(|pair| pair[0].last < pair[1].first),
        "a slot has two dispositions: {ranges:?}"
    );
    let verified = get("/api/audit/verify").good(&host).await;
    assert_eq!(verified["ok"], true, "{verified}");
}

#[tokio::test]
async fn a_command_that_is_stopped_anywhere_is_made_or_not_and_never_by_half() {
    let host = WasiHost::new().await;
    post("schedule").tenant("peakpro").body(r#"{"interval_sec":600}"#).good(&host).await;
    let request = |name: &str| {
        let body = bytes::Bytes::from_static(b"{}");
        let target = format!("http://localhost/api/crm/import/acculynx/{name}");
        let request = http::Request::post(target).header("host", "localhost").header("x-tenant", "peakpro");
        request.header("content-type", "application/json").body(body).expect("a request")
    };
    let answered = async |instance: &Instance, name: &str| {
        let (answer, task) = instance.answer(request(name)).await;
        let _ended = task.await;
        answer.is_some_and(|answer| answer.status().is_success())
    };
    let whole = work_of(&host, async |instance| answered(instance, "pause").await).await;
    let (mut stopped, mut acknowledged) = (0, 1);

    for point in 0..points() {
        let fuel = whole * (point + 1) / points();
        let name = if paused(&host).await { "resume" } else { "pause" };
        let before = (paused(&host).await, entries(&host).await);
        let done = answered(&Instance { fuel, ..host.instance().clone() }, name).await;
        let after = (paused(&host).await, entries(&host).await);
        let made = (!before.0, before.1 + 1);
        assert!(after == made || (!done && after == before), "{before:?}, {done}, {after:?}");
        (stopped, acknowledged) = (stopped + u64::from(!done), acknowledged + u64::from(done));
    }

    assert!(stopped > 4 && acknowledged > 1, "{stopped} were stopped, {acknowledged} were not");
    assert!(entries(&host).await > acknowledged);
    let verified = get("/api/audit/verify").good(&host).await;
    assert_eq!(verified["ok"], true, "{verified}");
}

async fn paused(host: &WasiHost) -> bool {
    let record = host.store().load(&key("peakpro")).await.expect("the store answers").expect("a record");
    record.schedule.as_ref().is_some_and(|schedule| schedule.pause.is_some())
}

async fn entries(host: &WasiHost) -> u64 {
    let query = AuditQuery {
        source: key("peakpro").source,
        scope: Scope::All,
        operation: None,
        actor: None,
        since: None,
        until: None,
        cursor: None,
        limit: 1,
    };
    host.store().audit_count(&query).await.expect("the store answers")
}

async fn runs(host: &WasiHost, state: Option<RunState>) -> usize {
    let query = RunQuery {
        source: key("peakpro").source,
        scope: Scope::All,
        state,
        trigger: None,
        since: None,
        until: None,
        cursor: None,
        limit: 10_000,
    };
    host.store().runs(&query).await.expect("the store answers").rows.len()
}
