//! What changes, as it changes: streams, and changes for pollers.

use std::time::Duration;

use serde_json::{Value, json};

use super::setup::{idle, parts, quiet, run, token};
use crate::host::Host;
use crate::sse::Events;
use crate::{Ask, delete, get, needs, patch, post};

async fn open(host: &dyn Host, ask: Ask) -> Events {
    let answer = host.stream(ask.request(host)).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    assert_eq!(answer.headers()["x-accel-buffering"], "no");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    Events::new(answer.into_body())
}

/// Each command is told, with its entry in the audit, in the order of versions.
pub async fn a_stream_tells_of_every_command(host: &dyn Host) {
    needs!(host, streaming);
    idle(host, "peakpro").await;
    let mut events = open(host, get("/api/events")).await;
    for (ask, operation) in [
        (patch("schedule").json(json!({ "note": "x" })), "edit"),
        (post("resume"), "resume"),
        (post("pause"), "pause"),
        (delete("connection"), "connection"),
    ] {
        ask.tenant("peakpro").good(host).await;
        let told = events.named(host, "audit.appended").await.data;
        assert_eq!(told["entry"]["operation"], operation, "{told}");
        assert_eq!((&told["tenant"], &told["source"]), (&json!("peakpro"), &json!("acculynx")), "{told}");
        let list = get("audit?limit=1").good(host).await;
        assert_eq!(told["entry"], list["audit"][0], "the stream and the list tell the same");
    }
    crate::upstream::connect(host, "peakpro").await;
    patch("schedule").tenant("peakpro").json(json!({ "note": "y" })).good(host).await;
    let mut last = 0;
    loop {
        let event = events.next(host).await;
        let version = event.data["version"].as_u64().expect("a version");
        assert!(version >= last, "versions go up");
        last = version;
        if event.name == "schedule.changed" && event.data["schedule"]["note"] == "y" {
            assert_eq!(event.id, Some(version.to_string()));
            assert_eq!(event.data["event"], "schedule.changed");
            break;
        }
    }
    let run = run(host, "peakpro").await;
    let started = events.named(host, "run.started").await.data;
    assert_eq!((&started["run"]["run_id"], &started["run"]["state"]), (&run["run_id"], &json!("running")));
    let finished = events.named(host, "run.finished").await.data;
    assert_eq!(
        (&finished["run"]["run_id"], &finished["run"]["state"]),
        (&run["run_id"], &json!("succeeded"))
    );
    events.named(host, "counts.changed").await;
    delete("schedule").tenant("peakpro").good(host).await;
    let deleted = events.named(host, "schedule.deleted").await.data;
    assert_eq!(deleted["tenant"], "peakpro", "{deleted}");
}

/// A stream that broke goes on where it broke; what is forgotten is answered with `resync`.
pub async fn a_broken_stream_goes_on_where_it_broke(host: &dyn Host) {
    needs!(host, streaming);
    quiet(host, "peakpro").await;
    let mut events = open(host, get("/api/events")).await;
    post("pause").tenant("peakpro").good(host).await;
    let id = events.named(host, "audit.appended").await.id.expect("an id");
    drop(events);
    post("resume").tenant("peakpro").good(host).await;

    let mut events = open(host, get("/api/events").header("last-event-id", &id)).await;

    let told = events.named(host, "audit.appended").await.data;
    assert_eq!(told["entry"]["operation"], "resume", "{told}");
    for unknown in ["x", "-1", "99999999999", "1.5"] {
        let mut events = open(host, get("/api/events").header("last-event-id", unknown)).await;
        assert_eq!(events.next(host).await.name, "resync", "{unknown}");
    }
}

/// An idle stream shows that it lives.
pub async fn an_idle_stream_shows_that_it_lives(host: &dyn Host) {
    needs!(host, streaming);
    needs!(host, simulated_time);
    quiet(host, "peakpro").await;
    let mut events = open(host, get("/api/events")).await;
    for beat in 1..=4 {
        host.pass(Duration::from_millis(15_100)).await;
        while events.ready().await.is_some() {}
        assert!(events.comments >= beat, "{} of {beat}", events.comments);
    }
}

/// A stream tells only what its caller may see, and ends with its token.
pub async fn a_stream_tells_what_its_caller_may_see(host: &dyn Host) {
    needs!(host, streaming);
    quiet(host, "alpha").await;
    quiet(host, "beta").await;
    let all = token(host, host.admin(), "admin", json!("*")).await;
    let of_beta = token(host, Some(&all), "viewer", json!(["beta"])).await;
    let mut events = open(host, get("/api/events").token(&of_beta)).await;

    post("pause").tenant("alpha").token(&all).good(host).await;
    post("pause").tenant("beta").token(&all).good(host).await;

    loop {
        let event = events.next(host).await;
        assert!(!event.data.to_string().contains("alpha"), "{event:?}");
        assert!(event.data["version"] == 0 && event.id.is_none(), "no number tells of others: {event:?}");
        if event.name == "audit.appended" {
            break;
        }
    }
    let (id, _) = parts(&of_beta);
    delete(&format!("/api/tokens/{id}")).token(&all).good(host).await;
    if host.capabilities().simulated_time {
        host.pass(Duration::from_secs(31)).await;
        while events.ready().await.is_some() {}
        assert!(events.ended, "a revoked token streams no more");
    }
}

/// Pollers get the same events as streams; nothing new is a 304, too old a 410.
pub async fn pollers_get_the_same_events(host: &dyn Host) {
    needs!(host, one_process);
    idle(host, "peakpro").await;
    let version = async || get("schedules").good(host).await["version"].as_u64().expect("a version");
    let before = version().await;
    let none = get(&format!("/api/changes?since={before}")).of(host).await;
    assert_eq!(none.status, 304, "{none}");

    post("resume").tenant("peakpro").good(host).await;
    delete("schedule").tenant("peakpro").good(host).await;

    let told = get(&format!("/api/changes?since={before}")).good(host).await;
    let changes = told["changes"].as_array().expect("changes");
    let names: Vec<_> = changes.iter().map(|change| change["event"].as_str().expect("a name")).collect();
    for name in ["schedule.changed", "audit.appended", "counts.changed", "schedule.deleted"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    assert_eq!(told["version"], version().await);
    assert_eq!(get(&format!("/api/changes?since={}", told["version"])).of(host).await.status, 304);
    let future = told["version"].as_u64().expect("a version") + 1000;
    get(&format!("/api/changes?since={future}")).refused(host, 410, "changes_forgotten").await;
    for wrong in ["", "?since=", "?since=x", "?since=-1", "?since=1.5"] {
        let refused = get(&format!("/api/changes{wrong}")).refused(host, 422, "field_invalid").await;
        assert_eq!(refused["field"], "since");
    }
}

/// What was before a restart is forgotten, and that is said.
pub async fn changes_before_a_restart_are_forgotten(host: &dyn Host) {
    needs!(host, one_process);
    needs!(host, durable);
    idle(host, "peakpro").await;
    let version = get("schedules").good(host).await["version"].as_u64().expect("a version");
    host.restart().await;
    get(&format!("/api/changes?since={}", version - 1)).refused(host, 410, "changes_forgotten").await;
    assert_eq!(get(&format!("/api/changes?since={version}")).of(host).await.status, 304);
    post("resume").tenant("peakpro").good(host).await;
    assert_eq!(get(&format!("/api/changes?since={version}")).of(host).await.status, 200);
}

/// Who sees a few tenants only learns nothing of the others' pace.
pub async fn a_poll_tells_nothing_of_the_pace_of_others(host: &dyn Host) {
    quiet(host, "alpha").await;
    quiet(host, "beta").await;
    let all = token(host, host.admin(), "admin", json!("*")).await;
    let of_beta = token(host, Some(&all), "viewer", json!(["beta"])).await;
    let read = async || get("schedules").token(&of_beta).of(host).await;
    let before = read().await;
    let poll = get(&format!("/api/changes?since={}", before.json()["version"])).token(&of_beta);

    post("pause").tenant("alpha").token(&all).good(host).await;
    let after = read().await;
    assert_eq!((&after.body, after.header("etag")), (&before.body, before.header("etag")));
    assert_eq!(poll.of(host).await.status, 304);

    post("pause").tenant("beta").token(&all).good(host).await;
    assert_ne!(read().await.header("etag"), before.header("etag"));
    let told = poll.of(host).await;
    assert!(told.status == 410 || (told.status == 200 && !told.holds("alpha")), "{told}");
}

/// A tick that is asked for runs what is due, and says so.
pub async fn a_tick_says_what_it_did(host: &dyn Host) {
    idle(host, "peakpro").await;
    let told = post("/ops/tick").good(host).await;
    for name in ["claimed", "succeeded", "failed", "remaining_due"] {
        assert!(told[name].is_u64(), "{name} in {told}");
    }
    assert!(told.get("next_due").is_some_and(|due| due.is_null() || due.is_f64()), "{told}");
    assert_eq!(told["ok"], Value::Bool(true));
}
