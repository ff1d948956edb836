//! Ticks that come twice, environments that die, queues that repeat: each slot is run once all the same.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use host_conformance::cases::setup::list;
use host_conformance::lambda::{Environment, Lambda, Outcome, events, eventually};
use host_conformance::{Host, get, post, upstream};
use serde_json::{Value, json};

/// The time that an invocation has.
const MINUTE: Duration = Duration::from_secs(60);

/// Gives so many tenants a schedule whose first slot is due at once. Without a connection, its run fails.
async fn due(host: &Lambda, count: usize) {
    for number in 0..count {
        let body = json!({ "interval_sec": 3600, "retry": { "max_attempts": 1 } });
        post("schedule").tenant(&format!("tenant-{number:03}")).json(body).good(host).await;
    }
}

async fn ticked(environment: &Environment) -> Outcome {
    environment.invoke(events::TICK.into(), MINUTE).await.expect("nobody kills it")
}

/// How many runs each tenant has.
async fn runs(host: &Lambda) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for run in list(host, get("runs?limit=1000"), "runs").await {
        *counts.entry(run["tenant"].as_str().expect("a tenant").to_owned()).or_default() += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_three_ticks_of_one_minute_each_slot_is_run_by_one() {
    let Some(host) = Lambda::start(&[], false).await else { return };
    due(&host, 200).await;
    let (a, b, c) = futures::join!(host.tick.start(), host.tick.start(), host.tick.start());

    let answers = futures::join!(ticked(&a), ticked(&b), ticked(&c));

    let answers = [answers.0, answers.1, answers.2].map(|answer| answer.good());
    let claimed: u64 = answers.iter().map(|answer| answer["claimed"].as_u64().expect("a number")).sum();
    assert_eq!(claimed, 200, "{answers:?}");
    let counts = runs(&host).await;
    assert!(counts.len() == 200 && counts.values().all(|count| *count == 1), "{counts:?}");
    let late = ticked(&b).await.good();
    assert_eq!(
        (&late["claimed"], &late["remaining_due"]),
        (&json!(0), &json!(0)),
        "a late tick does nothing"
    );
}

/// A tenant whose upstream keeps a run busy, and the host with an environment in the middle of it.
async fn in_mid_run(
    host: &Lambda,
) -> (std::sync::Arc<Environment>, tokio::task::JoinHandle<Option<Outcome>>) {
    upstream::connect_with(host, "peakpro", 2).await;
    host.upstream().change("peakpro", |location| location.temper.latency = Duration::from_secs(3));
    post("schedule").tenant("peakpro").json(json!({ "interval_sec": 3600 })).good(host).await;
    let environment = host.tick.start().await;
    let running = environment.clone();
    let tick = tokio::spawn(async move { running.invoke(events::TICK.into(), MINUTE).await });
    let claimed = async || !schedule(host).await["run"].is_null();
    eventually("the run's claim", async || claimed().await.then_some(())).await;
    (environment, tick)
}

async fn schedule(host: &Lambda) -> Value {
    get("schedule").tenant("peakpro").good(host).await["schedule"].take()
}

/// The tenant's runs, oldest first, each with its state.
async fn states(host: &Lambda) -> Vec<String> {
    let mut runs = list(host, get("runs").tenant("peakpro"), "runs").await;
    runs.reverse();
    runs.iter().map(|run| run["state"].as_str().expect("a state").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_whose_process_is_killed_is_taken_over_after_its_lease() {
    let Some(host) = Lambda::start(&[("COMMAND_CENTER_LEASE_SEC", "5")], false).await else { return };
    let (dead, tick) = in_mid_run(&host).await;
    let lease = schedule(&host).await["run"].take();

    dead.kill();

    assert!(tick.await.expect("no panic").is_none(), "no answer came");
    host.upstream().mend("peakpro");
    let heir = host.tick.start().await;
    assert_eq!(ticked(&heir).await.good()["claimed"], 0, "the lease holds");
    eventually("the lease's end", async || (ticked(&heir).await.good()["claimed"] == 1).then_some(())).await;
    assert_eq!(states(&host).await, ["abandoned", "succeeded"]);
    let again = list(&host, get("runs").tenant("peakpro"), "runs").await;
    assert_eq!(again[0]["slot"], lease["slot"], "the same slot is run again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_was_taken_over_is_refused_when_it_ends_late() {
    let Some(host) = Lambda::start(&[("COMMAND_CENTER_LEASE_SEC", "5")], false).await else { return };
    let (frozen, tick) = in_mid_run(&host).await;
    let signal = |name: &str| {
        let id = frozen.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().expect("kill").success());
    };

    signal("-STOP");

    host.upstream().mend("peakpro");
    let heir = host.tick.start().await;
    eventually("the lease's end", async || (ticked(&heir).await.good()["claimed"] == 1).then_some(())).await;
    let records = list(&host, get("records?limit=1000").tenant("peakpro"), "records").await;
    signal("-CONT");
    tick.await.expect("no panic").expect("it goes on").good();
    assert_eq!(states(&host).await, ["abandoned", "succeeded"], "the late end changes nothing");
    assert_eq!(list(&host, get("records?limit=1000").tenant("peakpro"), "records").await, records);
    assert!(host.tick.said().contains("lost its lease"), "it is told so");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_processes_with_one_key_the_loser_tells_what_the_winner_did() {
    let Some(host) = Lambda::start(&[], false).await else { return };
    post("schedule").tenant("peakpro").json(json!({ "interval_sec": 3600 })).good(&host).await;
    let token = host.admin().expect("a token");
    let ask = post("pause").tenant("peakpro").json(json!({ "reason": "twins" })).key("twins").token(token);
    let payload = events::request(&ask.header("x-request-id", "twins").plain(), events::DOMAIN);
    let (a, b) = futures::join!(host.api.start(), host.api.start());
    // Neither is written before both are about to be.
    host.recorders["api"].pair();

    let (left, right) = futures::join!(a.invoke(payload.clone(), MINUTE), b.invoke(payload, MINUTE));

    let [left, right] =
        [left, right].map(|answer| events::response(&answer.expect("nobody kills it").good()));
    assert_eq!((left.status(), left.body()), (right.status(), right.body()));
    assert_eq!(left.status(), 200, "{left:?}");
    let replayed = [&left, &right].map(|answer| answer.headers().contains_key("idempotency-replayed"));
    assert!(replayed.contains(&true) && replayed.contains(&false), "{replayed:?}");
    let entries = list(&host, get("audit?tenant=peakpro&operation=pause"), "audit").await;
    assert_eq!(entries.len(), 1, "{entries:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slots_that_the_queue_brings_twice_are_run_once_and_a_bad_message_harms_no_other() {
    let Some(host) = Lambda::start(&[], true).await else { return };
    let queue = host.queue.as_ref().expect("a queue");
    due(&host, 23).await;
    for _ in 0..2 {
        let told = host.tick.invoke(events::TICK.into()).await.good();
        assert_eq!((&told["queued"], &told["claimed"]), (&json!(23), &json!(0)), "{told}");
    }
    queue.put("no schedule");
    queue.put(r#"{"source":"acculynx","tenant":"nobody"}"#);
    assert!(runs(&host).await.is_empty(), "a tick with a queue runs nothing itself");

    for _ in 0..4 {
        host.drain().await;
    }

    let counts = runs(&host).await;
    assert!(counts.len() == 23 && counts.values().all(|count| *count == 1), "{counts:?}");
    assert_eq!(queue.dead(), ["no schedule"], "it was tried three times");
    assert_eq!(host.tick.invoke(events::TICK.into()).await.good()["queued"], 0);
    assert_eq!(queue.sent(), 48);
}
