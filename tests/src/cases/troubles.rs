//! What an upstream can do wrong, and how it is told: never as a success.

use std::time::Duration;

use puller_acculynx::sandbox::{Fault, Trouble};
use serde_json::{Value, json};

use super::setup::{audit, ended, idle, list, run, status};
use crate::host::Host;
use crate::{get, needs, patch, post, until};

const HOUR: Duration = Duration::from_secs(3600);

/// Runs by hand against a fault; gives the run.
async fn failed(host: &dyn Host, fault: Fault, kind: &str) -> Value {
    let name = format!("{fault:?}");
    host.upstream().spoil("peakpro", fault);
    let answer =
        post("run-now").tenant("peakpro").json(json!({ "wait_sec": 30 })).may_fail(502).of(host).await;
    assert_eq!(answer.status, 502, "{name}: {answer}");
    let told = answer.json();
    assert!(told["ok"] == false && told["result"]["ok"] == false, "{name}: {told}");
    assert!(told["message"].as_str().is_some_and(|text| !text.is_empty()), "{name}: {told}");
    assert!(!told.to_string().to_lowercase().contains("completed"), "{name}: {told}");

    let run = ended(host, told["run_id"].as_str().expect("a run")).await;
    assert_eq!((&run["state"], &run["error"]["kind"]), (&json!("failed"), &json!(kind)), "{name}: {run}");
    assert!(run["error"]["message"].as_str().is_some_and(|text| !text.is_empty() && text.len() <= 512));
    let row = status(host, "peakpro").await;
    assert_eq!(
        (&row["last_status"]["ok"], &row["last_status"]["error"]),
        (&json!(false), &json!(kind)),
        "{row}"
    );
    run
}

/// A key that is refused fails the run as `auth`, and is not tried again by itself.
pub async fn a_refused_key_fails_the_run(host: &dyn Host) {
    idle(host, "peakpro").await;
    let run = failed(host, Fault::Unauthorized, "auth").await;
    assert_eq!(run["error"]["retryable"], false, "{run}");
}

/// A page for people in place of JSON fails the run as `protocol`.
pub async fn a_page_for_people_fails_the_run(host: &dyn Host) {
    idle(host, "peakpro").await;
    let run = failed(host, Fault::Html(200), "protocol").await;
    assert!(!run.to_string().contains("<h1>"), "the page is not passed on: {run}");
}

/// An empty body fails the run as `protocol`.
pub async fn an_empty_body_fails_the_run(host: &dyn Host) {
    idle(host, "peakpro").await;
    failed(host, Fault::Empty, "protocol").await;
}

/// A body that ends in the middle fails the run as `protocol`.
pub async fn half_a_body_fails_the_run(host: &dyn Host) {
    idle(host, "peakpro").await;
    failed(host, Fault::Truncated, "protocol").await;
}

/// An upstream that fails, fails the run as `transient`, which is worth another try.
pub async fn a_failing_upstream_fails_the_run(host: &dyn Host) {
    idle(host, "peakpro").await;
    let run = failed(host, Fault::Bare(500), "transient").await;
    assert_eq!(run["error"]["retryable"], true, "{run}");
}

/// Connections that break fail the run as `transient`.
pub async fn broken_connections_fail_the_run(host: &dyn Host) {
    idle(host, "peakpro").await;
    failed(host, Fault::Reset, "transient").await;
}

/// An upstream that asks for hours is heeded: the run fails as `rate_limited`, with the instant.
pub async fn an_upstream_that_asks_to_wait_fails_the_run(host: &dyn Host) {
    idle(host, "peakpro").await;
    let headers = vec![("retry-after", "3600".to_owned())];
    failed(host, Fault::TooMany(headers), "rate_limited").await;
    post("resume").tenant("peakpro").good(host).await;
    let row = status(host, "peakpro").await;
    assert_eq!(row["state"], "backoff", "{row}");
    let hold = row["hold_until"].as_f64().expect("an instant") - host.now().epoch_secs();
    assert!((3000.0..=3700.0).contains(&hold), "{row}");
    let told = get("explain").tenant("peakpro").good(host).await;
    assert!(told["blocked_by"].to_string().contains("rate_limited"), "{told}");
}

/// After a fault ends, the next run succeeds, and all records are there.
pub async fn after_a_fault_all_records_come(host: &dyn Host) {
    idle(host, "peakpro").await;
    host.upstream().change("peakpro", |location| {
        location.temper.troubles = vec![Trouble::some("", 4, u64::MAX, Fault::Unauthorized)];
    });
    assert_eq!(run(host, "peakpro").await["state"], "failed");
    host.upstream().mend("peakpro");
    assert_eq!(run(host, "peakpro").await["state"], "succeeded");
    let jobs = list(host, get("records?entity=jobs&limit=1000").tenant("peakpro"), "records").await;
    assert_eq!(jobs.len(), host.upstream().ids("peakpro").0.len());
}

/// A run that is not done in its time is stopped.
pub async fn a_run_out_of_time_is_stopped(host: &dyn Host) {
    idle(host, "peakpro").await;
    patch("schedule").tenant("peakpro").json(json!({ "timeout_sec": 2 })).good(host).await;
    host.upstream().change("peakpro", |location| location.temper.latency = Duration::from_secs(60));
    let run = run(host, "peakpro").await;
    assert!(["timed_out", "failed"].contains(&run["state"].as_str().expect("a state")), "{run}");
    assert!(["timeout", "transient"].contains(&run["error"]["kind"].as_str().expect("a kind")), "{run}");
    assert_eq!(status(host, "peakpro").await["last_status"]["ok"], false);
}

/// A slot that fails is tried again, a little later each time, and then left.
pub async fn a_slot_that_fails_is_tried_again(host: &dyn Host) {
    needs!(host, simulated_time);
    crate::upstream::connect_with(host, "peakpro", 1).await;
    host.upstream().spoil("peakpro", Fault::Bare(500));
    let body = json!({ "interval_sec": 3600, "retry": { "max_attempts": 3, "base_sec": 5, "max_sec": 60 } });
    post("schedule").tenant("peakpro").json(body).good(host).await;

    host.pass(HOUR + Duration::from_secs(600)).await;

    let runs = list(host, get("runs?tenant=peakpro&limit=1000"), "runs").await;
    let first = runs.last().expect("a run")["slot"].clone();
    let tries: Vec<_> = runs.iter().filter(|run| run["slot"] == first).collect();
    assert_eq!(tries.len(), 3, "{runs:#?}");
    let attempts: Vec<_> = tries.iter().map(|run| run["attempt"].as_u64()).collect();
    assert_eq!(attempts, [Some(3), Some(2), Some(1)]);
    assert!(tries[0]["trigger"] == "retry" && tries[2]["trigger"] == "schedule", "{tries:?}");
}

/// An upstream that stays broken opens the breaker: nothing runs but a probe, until one goes well.
pub async fn a_breaker_opens_and_closes_by_itself(host: &dyn Host) {
    needs!(host, simulated_time);
    crate::upstream::connect_with(host, "peakpro", 1).await;
    host.upstream().spoil("peakpro", Fault::Bare(500));
    let body = json!({ "interval_sec": 300, "pause_after_failures": 2, "retry": { "max_attempts": 1 } });
    post("schedule").tenant("peakpro").json(body).good(host).await;

    host.pass(HOUR).await;
    let row = status(host, "peakpro").await;
    assert_eq!(row["state"], "broken", "{row}");
    assert!(row["breaker"]["probe_at"].is_f64(), "{row}");
    assert_eq!(audit(host, "operation=auto-pause").await.len(), 1);

    host.upstream().mend("peakpro");
    host.pass(26 * HOUR).await;
    assert_eq!(status(host, "peakpro").await["state"], "ok");
    assert!(!audit(host, "operation=auto-resume").await.is_empty());
}

/// One tenant's trouble is no other's.
pub async fn trouble_stays_with_its_tenant(host: &dyn Host) {
    idle(host, "peakpro").await;
    idle(host, "summit").await;
    host.upstream().change("peakpro", |location| location.temper.latency = Duration::from_secs(4));
    let slow = post("run-now").tenant("peakpro").json(json!({ "wait_sec": 0 })).good(host).await;

    assert_eq!(run(host, "summit").await["state"], "succeeded");

    let slow = slow["run_id"].as_str().expect("a run");
    assert_eq!(get(&format!("runs/{slow}")).good(host).await["run"]["state"], "running");
    post(&format!("runs/{slow}/cancel")).good(host).await;
    until!(host, "no run in flight", (status(host, "peakpro").await["running"] == false).then_some(()));
}
