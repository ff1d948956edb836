//! Runs, occurrences, explanations, previews.

use std::time::Duration;

use puller_acculynx::sandbox::Fault;
use scheduler_core::domain::Timestamp;
use serde_json::{Value, json};

use super::setup::{each, ended, idle, later, list, quiet, run, schedule, status};
use crate::host::Host;
use crate::{delete, get, needs, patch, post, until, upstream};

const HOUR: Duration = Duration::from_secs(3600);

/// A run has the fields of the contract; alone, it has its log too.
pub async fn a_run_has_the_fields_of_the_contract(host: &dyn Host) {
    idle(host, "peakpro").await;
    let run = run(host, "peakpro").await;

    for (name, fits) in [
        ("run_id", run["run_id"].is_string()),
        ("tenant", run["tenant"] == "peakpro"),
        ("trigger", run["trigger"] == "manual"),
        ("slot", run.get("slot").is_some_and(Value::is_null)),
        ("attempt", run["attempt"] == 1),
        ("state", run["state"] == "succeeded"),
        ("started", run["started"].is_f64()),
        ("finished", run["finished"].as_f64() >= run["started"].as_f64()),
        ("duration_ms", run["duration_ms"].is_u64()),
        ("error", run.get("error").is_some_and(Value::is_null)),
        ("worker", run["worker"].is_string()),
        ("log", run["log"][0]["level"] == "info" && run["log"][0]["at_iso"].is_string()),
        ("phases", run["phases"][0]["requests"].is_u64() && run["phases"][0]["started_iso"].is_string()),
    ] {
        assert!(fits, "{name} in {run}");
    }
    for name in ["imported", "skipped", "created", "updated", "gone", "failed", "requests"] {
        assert!(run["stats"][name].is_u64(), "{name} in {run}");
    }
    let rows = list(host, get("runs").tenant("peakpro"), "runs").await;
    assert!(rows[0].get("log").is_none() && rows[0]["run_id"] == run["run_id"], "{}", rows[0]);
    for wrong in ["x", "0000000000000000000000000x", "..%2F..%2Fschedule", "%00"] {
        get(&format!("runs/{wrong}")).refused(host, 404, "run_not_found").await;
    }
}

/// Two runs at once are one: the other is told which.
pub async fn of_two_runs_at_once_one_is_refused(host: &dyn Host) {
    idle(host, "peakpro").await;
    host.upstream().change("peakpro", |location| location.temper.latency = Duration::from_millis(200));
    let ask = post("run-now").tenant("peakpro").json(json!({ "wait_sec": 0 }));

    let (left, right) = futures::join!(ask.of(host), ask.of(host));

    let (won, lost) = if left.status == 409 { (right, left) } else { (left, right) };
    assert_eq!((won.status, lost.status), (202, 409), "{won} {lost}");
    let (won, lost) = (won.json(), lost.problem());
    assert_eq!((&lost["code"], &lost["run_id"]), (&json!("already_running"), &won["run_id"]));
    assert_eq!((&won["ok"], &won["state"]), (&json!(true), &json!("running")));
    let run = ended(host, won["run_id"].as_str().expect("a run")).await;
    assert_eq!(run["state"], "succeeded", "{run}");
    assert_eq!(list(host, get("runs").tenant("peakpro"), "runs").await.len(), 1);
}

/// A run that takes longer than the caller waits is told of by its address.
pub async fn a_long_run_is_answered_with_its_address(host: &dyn Host) {
    idle(host, "peakpro").await;
    host.upstream().change("peakpro", |location| location.temper.latency = Duration::from_millis(300));

    let started = post("run-now").tenant("peakpro").json(json!({ "wait_sec": 0 })).of(host).await;

    assert_eq!(started.status, 202, "{started}");
    let body = started.json();
    let location = body["location"].as_str().expect("an address");
    assert_eq!(started.header("location"), location);
    let run = get(location).good(host).await["run"].take();
    assert!(run["state"] == "running" && run["finished"].is_null(), "{run}");
    let row = status(host, "peakpro").await;
    assert!(row["running"] == true && row["state"] == "running", "{row}");
    assert_eq!(list(host, get("schedules?state=running"), "schedules").await.len(), 1);
    for wrong in [json!(31), json!(-1), json!(0.5), json!("1")] {
        let ask = post("run-now").tenant("peakpro").json(json!({ "wait_sec": wrong }));
        assert_eq!(ask.refused(host, 422, "field_invalid").await["field"], "wait_sec");
    }
    ended(host, body["run_id"].as_str().expect("a run")).await;
}

/// A cancelled run ends cancelled, and the next one may start.
pub async fn a_cancelled_run_ends_cancelled(host: &dyn Host) {
    idle(host, "peakpro").await;
    host.upstream().change("peakpro", |location| location.temper.latency = Duration::from_secs(3));
    let started = post("run-now").tenant("peakpro").json(json!({ "wait_sec": 0 })).good(host).await;
    let run_id = started["run_id"].as_str().expect("a run");
    let cancel = post(&format!("runs/{run_id}/cancel"));

    let answer = cancel.of(host).await;

    assert_eq!((answer.status, &answer.json()["run_id"]), (202, &json!(run_id)), "{answer}");
    assert_eq!(ended(host, run_id).await["state"], "cancelled");
    cancel.refused(host, 409, "not_running").await;
    post("runs/00000000000000000000000000/cancel").refused(host, 404, "run_not_found").await;
    host.upstream().mend("peakpro");
    assert_eq!(run(host, "peakpro").await["state"], "succeeded");
    let operations = each(&super::setup::audit(host, "tenant=peakpro").await, "operation");
    assert_eq!(operations[..3], ["run-now", "cancel", "run-now"]);
}

/// A schedule that is deleted takes its run with it; nothing is written afterwards.
pub async fn a_deleted_schedule_takes_its_run_with_it(host: &dyn Host) {
    idle(host, "peakpro").await;
    host.upstream().change("peakpro", |location| location.temper.latency = Duration::from_millis(700));
    let started = post("run-now").tenant("peakpro").json(json!({ "wait_sec": 0 })).good(host).await;
    let run_id = started["run_id"].as_str().expect("a run");

    delete("schedule").tenant("peakpro").good(host).await;

    assert_eq!(ended(host, run_id).await["state"], "cancelled");
    let before = list(host, get("records").tenant("peakpro"), "records").await.len();
    host.pass(Duration::from_secs(2)).await;
    assert_eq!(list(host, get("records").tenant("peakpro"), "records").await.len(), before);
    let made = quiet(host, "peakpro").await;
    assert!(made["run"].is_null() && made["last_run"].is_null(), "{made}");
}

/// A run that a crash has cut off is taken back by the next process, and its slot is run again.
pub async fn a_run_cut_off_by_a_crash_is_taken_back(host: &dyn Host) {
    needs!(host, one_process);
    needs!(host, simulated_time);
    upstream::connect_with(host, "peakpro", 1).await;
    host.upstream().change("peakpro", |location| location.temper.latency = Duration::from_secs(9));
    schedule(host, "peakpro", 3600).await;
    let cut_off = status(host, "peakpro").await["run"].take();
    let run_id = cut_off["run_id"].as_str().expect("a run in flight").to_owned();

    host.restart().await;

    host.upstream().mend("peakpro");
    assert_eq!(ended(host, &run_id).await["state"], "abandoned");
    let again = until!(host, "the slot's next run", {
        let runs = list(host, get("runs?tenant=peakpro&state=succeeded"), "runs").await;
        runs.first().cloned()
    });
    assert_eq!(again["slot"], cut_off["slot"], "{again}");
    let before = list(host, get("records").tenant("peakpro"), "records").await;
    assert_eq!(run(host, "peakpro").await["stats"]["imported"], 0, "nothing is imported twice");
    assert_eq!(list(host, get("records").tenant("peakpro"), "records").await, before);
}

/// The ranges of a window, and how many slots they hold.
async fn occurrences(host: &dyn Host, since: Timestamp, until: Timestamp) -> (Vec<Value>, u64) {
    let path = format!("occurrences?limit=1000&since={}&until={}", since.iso(), until.iso());
    let body = get(&path).tenant("peakpro").good(host).await;
    let ranges = body["occurrences"].as_array().expect("ranges").clone();
    let counted: u64 = ranges.iter().map(|range| range["count"].as_u64().expect("a count")).sum();
    assert_eq!(body["total"], counted + body["pending"].as_u64().expect("a number"), "{body}");
    (ranges, body["total"].as_u64().expect("a number"))
}

/// Whatever happens, every slot of a window has exactly one disposition.
pub async fn every_slot_has_one_disposition(host: &dyn Host) {
    needs!(host, simulated_time);
    upstream::connect_with(host, "peakpro", 1).await;
    let start = host.now();
    schedule(host, "peakpro", 600).await;
    host.pass(5 * HOUR).await;
    post("pause").tenant("peakpro").good(host).await;
    host.pass(3 * HOUR).await;
    post("resume").tenant("peakpro").good(host).await;
    host.pass(HOUR).await;
    host.upstream().spoil("peakpro", Fault::Unauthorized);
    host.pass(2 * HOUR).await;
    host.upstream().mend("peakpro");
    post("resume").tenant("peakpro").good(host).await;
    host.pass(9 * HOUR).await;
    let now = host.now();

    let (ranges, total) = occurrences(host, start, now).await;
    assert_eq!(total, 20 * 6 + 1, "the first at once, then on the grid: {ranges:#?}");
    let kinds = each(&ranges, "disposition");
    for kind in ["ran", "paused"] {
        assert!(kinds.iter().any(|known| known == kind), "no {kind} in {kinds:?}");
    }
    let edges: Vec<_> =
        ranges.iter().map(|range| (range["first"].as_f64(), range["last"].as_f64())).collect();
    assert!(edges.windows(2).all(|pair| pair[0].1 < pair[1].0), "ranges overlap: {edges:?}");

    let mut parts = 0;
    for part in 0..20 {
        let since = start + HOUR * part;
        parts += occurrences(host, since, since + HOUR - Duration::from_millis(1)).await.1;
    }
    assert_eq!(parts, total, "the parts add up to the whole");
    let paused = ranges.iter().filter(|range| range["disposition"] == "paused");
    let paused: u64 = paused.map(|range| range["count"].as_u64().expect("a count")).sum();
    assert!((16..=18).contains(&paused), "three hours were paused: {paused}");

    let runs = list(host, get("runs?tenant=peakpro&trigger=schedule&limit=1000"), "runs").await;
    let ran =
        ranges.iter().filter(|range| range["disposition"] == "ran" || range["disposition"] == "ran_late");
    let ran: u64 = ran.map(|range| range["count"].as_u64().expect("a count")).sum();
    assert_eq!(runs.len() as u64, ran, "as many runs as slots that ran");
}

/// Deleted and made again, edited and bounded: the slots still add up.
pub async fn slots_add_up_over_edits_and_deletion(host: &dyn Host) {
    needs!(host, simulated_time);
    upstream::connect_with(host, "peakpro", 1).await;
    let start = host.now();
    schedule(host, "peakpro", 600).await;
    host.pass(2 * HOUR).await;
    let ends_at = (host.now() + HOUR).iso();
    patch("schedule").tenant("peakpro").json(json!({ "ends_at": ends_at })).good(host).await;
    host.pass(2 * HOUR).await;
    let (ranges, _) = occurrences(host, start, host.now()).await;
    assert!(each(&ranges, "disposition").iter().any(|kind| kind == "outside_bounds") || ranges.len() == 1);
    patch("schedule").tenant("peakpro").json(json!({ "ends_at": null })).good(host).await;
    post("pause").tenant("peakpro").good(host).await;
    host.pass(HOUR).await;
    delete("schedule").tenant("peakpro").good(host).await;
    let (before, total) = occurrences(host, start, host.now()).await;
    host.pass(HOUR).await;
    assert_eq!(occurrences(host, start, host.now()).await, (before, total), "no slots without a schedule");
    assert_eq!(total, 5 * 6 + 1);
    for wrong in ["since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "since=2020-01-01T00:00:00Z"] {
        get(&format!("occurrences?{wrong}")).tenant("peakpro").refused(host, 422, "field_invalid").await;
    }
}

/// Slots that pass while the host is down are caught up with as the schedule says.
pub async fn slots_of_a_downtime_follow_catch_up(host: &dyn Host) {
    needs!(host, simulated_time);
    for (tenant, catch_up, runs) in
        [("latest", json!("latest"), 1), ("skip", json!("skip"), 0), ("all", json!({ "all": 3 }), 3)]
    {
        upstream::connect_with(host, tenant, 1).await;
        later(host, tenant, 3600).await;
        patch("schedule").tenant(tenant).json(json!({ "catch_up": catch_up })).good(host).await;
        post("pause").tenant(tenant).good(host).await;
        host.pass(6 * HOUR + Duration::from_secs(1)).await;

        post("resume").tenant(tenant).good(host).await;
        host.pass(Duration::from_secs(90)).await;

        let found = list(host, get(&format!("runs?tenant={tenant}")), "runs").await;
        assert_eq!(found.len(), runs, "{tenant}: {found:?}");
    }
}

/// An explanation names the state, what blocks, the next run and the entry that caused it.
pub async fn explanations_name_the_cause(host: &dyn Host) {
    idle(host, "peakpro").await;
    let explain = async || get("explain").tenant("peakpro").good(host).await;

    let paused = explain().await;
    assert_eq!((&paused["state"], &paused["next_run"]), (&json!("paused"), &Value::Null), "{paused}");
    assert_eq!(paused["blocked_by"][0]["kind"], "paused", "{paused}");
    assert_eq!(paused["audit"]["operation"], "pause", "{paused}");
    assert!(paused["summary"].as_str().is_some_and(|text| text.contains("paused")), "{paused}");

    post("resume").tenant("peakpro").good(host).await;
    let open = explain().await;
    assert!(open["next_run"].is_f64() && open["blocked_by"] == json!([]), "{open}");

    host.upstream().change("peakpro", |location| location.temper.latency = Duration::from_millis(500));
    let started = post("run-now").tenant("peakpro").json(json!({ "wait_sec": 0 })).good(host).await;
    let running = explain().await;
    assert_eq!(
        (&running["state"], &running["blocked_by"][0]["kind"]),
        (&json!("running"), &json!("running"))
    );
    ended(host, started["run_id"].as_str().expect("a run")).await;

    let starts_at = (host.now() + HOUR).iso();
    patch("schedule").tenant("peakpro").json(json!({ "starts_at": starts_at })).good(host).await;
    let ahead = explain().await;
    assert!(ahead["blocked_by"].to_string().contains("not_started"), "{ahead}");
    let later = get("explain?at=2150-01-01T00:00:00Z").tenant("peakpro").good(host).await;
    assert_eq!(later["at_iso"], "2150-01-01T00:00:00Z", "{later}");
    get("explain?at=x").tenant("peakpro").refused(host, 422, "field_invalid").await;
    delete("schedule").tenant("peakpro").good(host).await;
    get("explain").tenant("peakpro").refused(host, 404, "schedule_not_found").await;
}

/// An explanation of the past says what became of the slot.
pub async fn explanations_of_the_past_name_the_slot(host: &dyn Host) {
    needs!(host, simulated_time);
    upstream::connect_with(host, "peakpro", 1).await;
    schedule(host, "peakpro", 600).await;
    host.pass(2 * HOUR).await;
    let ran = host.now();
    post("pause").tenant("peakpro").good(host).await;
    host.pass(2 * HOUR).await;
    let paused = host.now();
    post("resume").tenant("peakpro").good(host).await;
    host.pass(Duration::from_secs(1)).await;
    host.upstream().spoil("peakpro", Fault::Unauthorized);
    host.pass(3 * HOUR).await;

    for (at, disposition) in [(ran, "ran"), (paused - HOUR, "paused")] {
        let told = get(&format!("explain?at={}", at.iso())).tenant("peakpro").good(host).await;
        assert_eq!(told["disposition"], disposition, "{told}");
        let slot = told["slot"].as_f64().expect("a slot");
        assert!(slot <= at.epoch_secs() && slot > at.epoch_secs() - 600.0, "{told}");
    }
    let broken = get("explain").tenant("peakpro").good(host).await;
    assert_eq!(broken["state"], "broken", "{broken}");
    assert_eq!(broken["blocked_by"][0]["kind"], "broken", "{broken}");
    assert_eq!(broken["audit"]["operation"], "auto-pause", "{broken}");
}

/// A preview says when the next slots fall, of what is stored and of what is only proposed.
pub async fn previews_are_of_what_is_stored_or_proposed(host: &dyn Host) {
    later(host, "peakpro", 600).await;
    let stored = get("schedule/preview?count=5").tenant("peakpro").good(host).await;
    let slots = times(&stored);
    assert!(slots.len() == 5 && slots.windows(2).all(|pair| pair[1] - pair[0] == 600.0), "{stored}");
    let next = status(host, "peakpro").await["next_run"].as_f64().expect("a slot");
    assert_eq!(slots[0], next, "{stored}");
    assert_eq!(times(&get("schedule/preview").tenant("peakpro").good(host).await).len(), 10);

    let before = super::setup::everything(host).await;
    let proposal = post("schedule/preview?count=3").json(json!({ "interval_sec": 3600 }));
    let proposed = proposal.clone().tenant("peakpro").good(host).await;
    assert!(times(&proposed).windows(2).all(|pair| pair[1] - pair[0] == 3600.0), "{proposed}");
    proposal.tenant("nobody").good(host).await;
    assert_eq!(super::setup::everything(host).await, before, "a preview changes nothing");
    for (path, body, field) in [
        ("schedule/preview?count=0", json!({}), "count"),
        ("schedule/preview?count=101", json!({}), "count"),
        ("schedule/preview", json!({ "cron": "* * *" }), "cron"),
        ("schedule/preview", json!({ "cron": "0 5 * * *", "timezone": "Mars/Olympus" }), "timezone"),
        ("schedule/preview", json!({ "interval_sec": 60, "cron": "0 5 * * *" }), "cron"),
        ("schedule/preview", json!({ "cron": "0 0 30 2 *" }), "cron"),
    ] {
        let refused = post(path).tenant("peakpro").json(body.clone()).of(host).await;
        assert_eq!((refused.status, &refused.problem()["field"]), (422, &json!(field)), "{body}");
    }
}

/// A preview says how many others start in the same second.
pub async fn a_preview_counts_who_starts_then(host: &dyn Host) {
    for tenant in ["alpha", "beta", "gamma"] {
        quiet(host, tenant).await;
    }
    post("pause").tenant("gamma").good(host).await;
    let others = |told: &Value| {
        let slots = told["occurrences"].as_array().expect("slots").iter();
        slots.map(|slot| slot["others"].as_u64().expect("a number")).collect::<Vec<_>>()
    };
    let stored = get("schedule/preview?count=2").tenant("alpha").good(host).await;
    assert_eq!(others(&stored), [1, 0], "{stored}");
    let ask = post("schedule/preview?count=2").json(json!({ "cron": "0 0 1 1 *" }));
    assert_eq!(others(&ask.tenant("delta").good(host).await), [2, 0]);
}

/// The last runs of several tenants come together, newest first.
pub async fn the_last_runs_of_each_are_told(host: &dyn Host) {
    for tenant in ["alpha", "beta", "gamma"] {
        idle(host, tenant).await;
    }
    for tenant in ["alpha", "beta", "alpha", "alpha"] {
        run(host, tenant).await;
    }
    let told = list(host, get("runs/latest?tenants=gamma,alpha,beta,nobody&each=2"), "latest").await;
    assert_eq!(each(&told, "tenant"), ["gamma", "alpha", "beta", "nobody"]);
    let runs: Vec<_> = told.iter().map(|row| row["runs"].as_array().expect("runs")).collect();
    assert_eq!(runs.iter().map(|runs| runs.len()).collect::<Vec<_>>(), [0, 2, 1, 0]);
    let all = list(host, get("runs?tenant=alpha"), "runs").await;
    assert_eq!(each(runs[1], "run_id"), each(&all[..2], "run_id"));

    for (query, code) in [("", 422), ("tenants=A", 400), ("tenants=alpha&each=0", 422)] {
        assert_eq!(get(&format!("runs/latest?{query}")).of(host).await.status, code, "{query}");
    }
    let many = vec!["alpha"; 101].join(",");
    let refused = get(&format!("runs/latest?tenants={many}")).refused(host, 422, "field_invalid").await;
    assert_eq!(refused["field"], "tenants");
}

/// A timeline counts what is to come, by the timetables, and what was.
pub async fn a_timeline_counts_what_starts_when(host: &dyn Host) {
    for (tenant, interval) in [("alpha", 300), ("beta", 900), ("gamma", 7200)] {
        later(host, tenant, interval).await;
    }
    quiet(host, "cron").await;
    post("schedule").tenant("daily").json(json!({ "cron": "30 * * * *" })).good(host).await;
    later(host, "paused", 60).await;
    post("pause").tenant("paused").good(host).await;
    idle(host, "delta").await;
    run(host, "delta").await;

    // The next whole hour begins after every first slot but that of `gamma`.
    let hour = 3600.0;
    let from = (host.now().epoch_secs() / hour).floor() * hour + hour;
    let query = format!("timeline?from={from}&until={}&bucket_sec=1800", from + 4.0 * hour);
    let told = get(&query).good(host).await;
    let buckets = told["buckets"].as_array().expect("buckets");
    let due: Vec<_> = buckets.iter().map(|bucket| bucket["due"].as_u64().expect("a number")).collect();
    assert_eq!(due.len(), 8, "{told}");
    // Six of `alpha`, two of `beta` in each; `daily` in every second one; two of `gamma` in all.
    assert_eq!(due.iter().sum::<u64>(), 8 * 8 + 4 + 2, "{told}");
    assert!(due.iter().all(|due| (8..=10).contains(due)), "{told}");
    assert!(buckets.iter().all(|bucket| bucket["ran"] == 0), "{told}");

    // By name, the earliest first, a calendar's like an interval's.
    let named = get(&format!("{query}&starts=1000")).good(host).await;
    let starts = named["starts"].as_array().expect("starts");
    assert_eq!(starts.len(), 8 * 8 + 4 + 2, "{named}");
    let at: Vec<_> = starts.iter().map(|start| start["at"].as_f64().expect("a number")).collect();
    assert!(at.is_sorted() && at[0] >= from && at[at.len() - 1] < from + 4.0 * hour, "{named}");
    let daily = each(starts, "tenant").iter().filter(|tenant| *tenant == "daily").count();
    assert_eq!(daily, 4, "{named}");
    let first = get(&format!("{query}&starts=5")).good(host).await;
    assert_eq!(first["starts"].as_array().map(Vec::as_slice), Some(&starts[..5]), "{first}");
    let one = get(&format!("{query}&starts=9&tenant=gamma")).good(host).await;
    assert_eq!(each(one["starts"].as_array().expect("starts"), "tenant"), ["gamma", "gamma"], "{one}");

    let since = from - 2.0 * hour;
    let past = get(&format!("timeline?from={since}&until={from}&bucket_sec=3600")).good(host).await;
    let ran = |bucket: &Value| bucket["ran"].as_u64().expect("a number");
    assert_eq!(past["buckets"].as_array().expect("buckets").iter().map(ran).sum::<u64>(), 1, "{past}");
    assert_eq!(past["ran_since"], past["from"], "{past}");
    let ended = |name: &str| {
        let count = |bucket: &Value| bucket[name].as_u64().expect("a number");
        past["buckets"].as_array().expect("buckets").iter().map(count).sum::<u64>()
    };
    assert_eq!((ended("succeeded"), ended("failed")), (1, 0), "{past}");
    for (query, field) in [
        ("bucket_sec=0", "bucket_sec"),
        ("starts=1001", "starts"),
        ("from=x", "from"),
        ("bucket_sec=1&from=2026-01-01T00:00:00Z&until=2026-01-02T00:00:00Z", "until"),
        ("from=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "until"),
    ] {
        let refused = get(&format!("timeline?{query}")).refused(host, 422, "field_invalid").await;
        assert_eq!(refused["field"], field, "{query}");
    }
}

/// Clocks that are put forward and back: each day has its slot, once.
pub async fn previews_keep_to_the_zone_over_clock_changes(host: &dyn Host) {
    for (cron, starts_at, expected) in [
        ("30 6 * * *", "2027-03-13T00:00:00Z", ["2027-03-13T12:30:00Z", "2027-03-14T11:30:00Z"]),
        ("30 6 * * *", "2027-11-06T00:00:00Z", ["2027-11-06T11:30:00Z", "2027-11-07T12:30:00Z"]),
        ("30 2 * * *", "2027-03-13T10:00:00Z", ["2027-03-14T08:00:00Z", "2027-03-15T07:30:00Z"]),
        ("30 1 * * *", "2027-11-07T00:00:00Z", ["2027-11-07T06:30:00Z", "2027-11-08T07:30:00Z"]),
    ] {
        let body = json!({ "cron": cron, "timezone": "America/Chicago", "starts_at": starts_at });
        let told = post("schedule/preview?count=2").tenant("peakpro").json(body.clone()).good(host).await;
        let slots = each(told["occurrences"].as_array().expect("slots"), "slot_iso");
        assert_eq!(slots, expected, "{body}");
        assert_eq!(told["exact"], true);

        post("schedule").tenant("peakpro").json(body.clone()).good(host).await;
        let stored = get("schedule/preview?count=2").tenant("peakpro").good(host).await;
        assert_eq!(each(stored["occurrences"].as_array().expect("slots"), "slot_iso"), expected, "{body}");
    }
}

fn times(preview: &Value) -> Vec<f64> {
    let slots = preview["occurrences"].as_array().expect("slots");
    slots.iter().map(|slot| slot["slot"].as_f64().expect("a slot")).collect()
}
