//! What clients of the original service do: paths, headers and fields of old.

use std::time::Duration;

use serde_json::{Value, json};

use super::setup::{audit, each, idle, later, quiet, run, schedule, status};
use crate::host::Host;
use crate::{delete, get, needs, patch, post, until, upstream};

const HOUR: Duration = Duration::from_secs(3600);

/// A whole life with nothing but `x-tenant` as header.
pub async fn an_old_client_leads_a_schedule_through_its_life(host: &dyn Host) {
    upstream::connect_with(host, "peakpro", 3).await;

    let made = post("schedule").tenant("peakpro").body(r#"{"interval_sec":120}"#).good(host).await;
    assert_eq!(made["message"], "AccuLynx import scheduled every 120 seconds");
    assert_eq!((&made["tenant"], &made["source"]), (&json!("peakpro"), &json!("acculynx")));
    assert_eq!((&made["interval_sec"], &made["created"]), (&json!(120), &json!(true)));

    let before = status(host, "peakpro").await;
    let left = |row: &Value| row["next_run_in_sec"].as_f64().expect("a countdown");
    assert!((0.0..=120.0).contains(&left(&before)), "{before}");
    host.pass(Duration::from_millis(1100)).await;
    until!(host, "the countdown going on, or the first run", {
        let after = status(host, "peakpro").await;
        (left(&after) < left(&before) || after["last_run"] != before["last_run"]).then_some(())
    });

    let paused = post("pause").tenant("peakpro").good(host).await;
    assert_eq!((&paused["paused"], &paused["changed"]), (&json!(true), &json!(true)));
    let row = until!(host, "no run in flight", {
        let row = status(host, "peakpro").await;
        (row["running"] == false).then_some(row)
    });
    assert!(row["paused"] == true && row["state"] == "paused", "{row}");
    assert!(row["next_run"].is_null() && row["next_run_in_sec"].is_null(), "{row}");

    let ran = post("run-now").tenant("peakpro").body(r#"{"wait_sec":30}"#).of(host).await;
    assert_eq!(ran.status, 200, "{ran}");
    let ran = ran.json();
    assert!(ran["ok"] == true && ran["result"]["ok"] == true, "{ran}");
    for name in ["imported", "skipped"] {
        assert!(ran["result"]["stats"][name].is_u64(), "{name} in {ran}");
    }
    assert!(ran["message"].is_string() && ran["run_id"].is_string() && ran["ts"].is_f64(), "{ran}");

    let row = status(host, "peakpro").await;
    assert!(row["paused"] == true && row["next_run"].is_null(), "run-now resumes nothing: {row}");
    assert_eq!(row["last_status"]["ok"], true, "{row}");
    assert_eq!(row["last_status"]["message"], ran["message"], "{row}");
    assert_eq!(row["last_status"]["result"]["stats"], ran["result"]["stats"], "{row}");

    let resumed = post("resume").tenant("peakpro").good(host).await;
    assert_eq!((&resumed["paused"], &resumed["changed"]), (&json!(false), &json!(true)));
    assert!(status(host, "peakpro").await["next_run"].is_f64());

    let gone = delete("schedule").tenant("peakpro").good(host).await;
    assert_eq!(gone, json!({ "ok": true, "tenant": "peakpro", "message": "Schedule deleted" }));
    let again = delete("schedule").tenant("peakpro").refused(host, 404, "schedule_not_found").await;
    assert_eq!((&again["tenant"], &again["message"]), (&json!("peakpro"), &json!("No schedule found")));
    assert!(status(host, "peakpro").await.is_null());

    let entries = audit(host, "tenant=peakpro").await;
    let operations = each(&entries, "operation");
    assert_eq!(operations, ["delete", "resume", "run-now", "pause", "schedule", "connection"]);
    assert!(entries.iter().all(|entry| entry["source"] == "api" && entry["tenant"] == "peakpro"));
    assert!(entries.is_sorted_by(|newer, older| newer["ts"].as_f64() >= older["ts"].as_f64()));
}

/// The row of `schedule/status` has the fields of the contract, with their types.
pub async fn a_status_row_has_the_fields_of_the_contract(host: &dyn Host) {
    idle(host, "peakpro").await;
    let fresh = status(host, "peakpro").await;
    for name in ["last_run", "last_run_iso", "last_status"] {
        assert!(fresh[name].is_null() && fresh.get(name).is_some(), "{name} in {fresh}");
    }
    run(host, "peakpro").await;
    post("resume").tenant("peakpro").good(host).await;
    schedule(host, "peakpro", 604_800).await;

    let row = status(host, "peakpro").await;
    for (name, fits) in [
        ("interval_sec", row["interval_sec"] == 604_800),
        ("paused", row["paused"] == false),
        ("running", row["running"] == false),
        ("state", row["state"] == "ok"),
        ("revision", row["revision"].is_u64()),
        ("last_run", row["last_run"].is_f64()),
        ("next_run", row["next_run"].is_f64()),
        ("next_run_in_sec", row["next_run_in_sec"].is_number()),
        ("last_status.ok", row["last_status"]["ok"] == true),
        ("last_status.ts", row["last_status"]["ts"].is_f64()),
        ("last_status.message", row["last_status"]["message"].is_string()),
        ("stats", row["last_status"]["result"]["stats"]["imported"].is_u64()),
    ] {
        assert!(fits, "{name} in {row}");
    }
    let list = get("schedule/status").good(host).await;
    let counts = ["total", "ok", "error", "paused", "running"];
    assert!(counts.iter().all(|name| list["counts"][name].is_u64()), "{list}");
    assert!(list["ts"].is_f64() && list.get("next_cursor").is_some_and(Value::is_null), "{list}");
}

/// Nothing said, every 300 seconds are meant; bounds are kept.
pub async fn an_empty_body_asks_for_300_seconds_and_bounds_are_kept(host: &dyn Host) {
    for body in ["", "{}", " \n"] {
        let made = post("schedule").tenant("peakpro").body(body).good(host).await;
        assert_eq!(made["interval_sec"], 300, "{body:?}");
    }
    let capabilities = get("/api/capabilities").good(host).await;
    let (min, max) = (&capabilities["min_interval_sec"], &capabilities["max_interval_sec"]);
    let (min, max) = (min.as_u64().expect("a number"), max.as_u64().expect("a number"));
    assert_eq!(max, 604_800);
    for interval in [min, 60, 180, 300, 600, 900, 1800, 3600, max] {
        if interval >= min {
            assert_eq!(schedule(host, "peakpro", interval).await["interval_sec"], interval);
        }
    }
    for wrong in [json!(min - 1), json!(max + 1), json!(-60), json!(60.5), json!("60"), json!(1e30)] {
        let ask = post("schedule").tenant("peakpro").json(json!({ "interval_sec": wrong }));
        assert_eq!(ask.refused(host, 422, "field_invalid").await["field"], "interval_sec", "{wrong}");
    }
}

/// An edit keeps the pause, the history and the last status; a `PATCH` keeps what it does not name.
pub async fn an_edit_keeps_what_it_does_not_name(host: &dyn Host) {
    idle(host, "peakpro").await;
    let body = json!({ "note": "the big one", "tags": ["north", "vip"], "timeout_sec": 77 });
    patch("schedule").tenant("peakpro").json(body).good(host).await;
    run(host, "peakpro").await;
    let before = status(host, "peakpro").await;

    let edited = post("schedule").tenant("peakpro").json(json!({ "interval_sec": 3600 })).good(host).await;
    assert_eq!(edited["created"], false);
    let after = status(host, "peakpro").await;
    for name in ["paused", "last_run", "last_status", "note", "tags", "timeout_sec", "created"] {
        assert_eq!(after[name], before[name], "{name}");
    }
    assert_eq!(after["interval_sec"], 3600);
    assert!(after["revision"].as_u64() > before["revision"].as_u64());

    let cleared = patch("schedule").tenant("peakpro").json(json!({ "note": null })).good(host).await;
    assert!(cleared["schedule"]["note"].is_null() && cleared["interval_sec"] == 3600, "{cleared}");
    let operations = each(&audit(host, "tenant=peakpro").await, "operation");
    assert_eq!(operations.iter().filter(|name| *name == "edit").count(), 3, "{operations:?}");
}

/// Where there is no schedule, no command makes one.
pub async fn commands_to_unknown_tenants_create_nothing(host: &dyn Host) {
    let before = audit(host, "").await;
    for ask in [
        post("pause"),
        post("resume"),
        post("run-now"),
        patch("schedule").json(json!({ "note": "x" })),
        delete("schedule"),
        get("schedule"),
        get("schedule/preview"),
        get("explain"),
        get("occurrences"),
    ] {
        ask.tenant("nobody").refused(host, 404, "schedule_not_found").await;
    }
    delete("connection").tenant("nobody").refused(host, 404, "connection_not_found").await;

    let list = get("schedule/status").good(host).await;
    assert_eq!((&list["schedules"], &list["counts"]["total"]), (&json!({}), &json!(0)));
    assert_eq!(audit(host, "").await, before);
}

/// The audit shows the last 50 unless asked for more.
pub async fn the_audit_shows_the_last_50_newest_first(host: &dyn Host) {
    let before = audit(host, "").await.len();
    quiet(host, "peakpro").await;
    for number in 0..60 {
        patch("schedule").tenant("peakpro").json(json!({ "note": format!("{number}") })).good(host).await;
    }

    let list = get("audit").tenant("peakpro").good(host).await;
    let entries = list["audit"].as_array().expect("entries");
    assert_eq!((entries.len(), &list["total"]), (50, &json!(before + 61)));
    assert_eq!(entries[0]["after"]["note"], "59", "{}", entries[0]);
    assert_eq!(entries[0]["before"]["note"], "58", "{}", entries[0]);
    assert!(list["next_cursor"].is_string());
    for (name, fits) in [
        ("id", entries[0]["id"].is_string()),
        ("ts", entries[0]["ts"].is_f64()),
        ("actor", entries[0]["actor"].is_string()),
        ("role", entries[0]["role"] == "admin"),
        ("request_id", entries[0]["request_id"].is_string()),
        ("operation", entries[0]["operation"] == "edit"),
        ("metadata", entries[0].get("metadata").is_some()),
    ] {
        assert!(fits, "{name} in {}", entries[0]);
    }
}

/// Pausing or resuming twice changes nothing the second time, and says so.
pub async fn pausing_twice_changes_nothing(host: &dyn Host) {
    idle(host, "peakpro").await;
    for (path, paused) in [("pause", true), ("resume", false)] {
        let first = post(path).tenant("peakpro").good(host).await;
        let second = post(path).tenant("peakpro").good(host).await;
        assert_eq!(first["changed"], path == "resume", "{first}");
        assert_eq!((&second["changed"], &second["paused"]), (&json!(false), &json!(paused)));
        assert_eq!(second["schedule"]["paused"], paused);
    }
    let reason = post("pause").tenant("peakpro").json(json!({ "reason": "storm" })).good(host).await;
    assert_eq!(reason["schedule"]["pause"]["reason"], "storm", "{reason}");
}

/// A pause with an end ends by itself, and the audit says that nobody did it.
pub async fn a_pause_until_an_instant_ends_by_itself(host: &dyn Host) {
    idle(host, "peakpro").await;
    let until = (host.now() + Duration::from_millis(1500)).iso();
    let body = json!({ "until": until, "reason": "nap" });
    let paused = post("pause").tenant("peakpro").json(body).good(host).await;
    assert_eq!(paused["schedule"]["pause"]["until_iso"], until, "{paused}");

    until!(host, "the end of the pause", {
        (status(host, "peakpro").await["paused"] == false).then_some(())
    });

    let entries = audit(host, "tenant=peakpro&operation=auto-resume").await;
    assert_eq!(entries.len(), 1);
    assert_eq!((&entries[0]["source"], &entries[0]["actor"]), (&json!("system"), &json!("system")));
    for past in ["2020-01-01T00:00:00Z", "2199-01-01T00:00:00Z"] {
        let ask = post("pause").tenant("peakpro").json(json!({ "until": past }));
        assert_eq!(ask.refused(host, 422, "field_invalid").await["field"], "until");
    }
}

/// A schedule runs by itself in its slots, and does not while it is paused.
pub async fn a_schedule_runs_in_its_slots_unless_paused(host: &dyn Host) {
    upstream::connect_with(host, "peakpro", 1).await;
    let made = schedule(host, "peakpro", 1).await;
    let first_slot = made["next_run"].as_f64().expect("a slot");
    let first = until!(host, "two runs", {
        let runs = super::setup::list(host, get("runs?tenant=peakpro&state=succeeded"), "runs").await;
        (runs.len() >= 2).then_some(runs)
    });
    for run in &first {
        assert_eq!(run["trigger"], "schedule", "{run}");
        let slot = run["slot"].as_f64().expect("a slot");
        assert!(slot >= first_slot && slot <= run["started"].as_f64().expect("an instant"), "{run}");
    }
    let slots: Vec<_> = first.iter().map(|run| run["slot"].as_f64().unwrap_or_default()).collect();
    assert!(slots.is_sorted_by(|newer, older| newer > older), "no slot runs twice: {slots:?}");

    post("pause").tenant("peakpro").good(host).await;
    until!(host, "no run in flight", (status(host, "peakpro").await["running"] == false).then_some(()));
    let count = get("runs?tenant=peakpro&limit=1000").good(host).await["runs"].clone();
    host.pass(Duration::from_millis(3200)).await;
    assert_eq!(get("runs?tenant=peakpro&limit=1000").good(host).await["runs"], count, "it ran while paused");
}

/// A run by hand does not move the slots that follow.
pub async fn a_run_by_hand_does_not_move_the_phase(host: &dyn Host) {
    upstream::connect(host, "peakpro").await;
    later(host, "peakpro", 604_800).await;
    let before = status(host, "peakpro").await["next_run"].clone();

    run(host, "peakpro").await;

    assert_eq!(status(host, "peakpro").await["next_run"], before);
}

/// Over a long time, an interval schedule runs once for each slot, on its grid.
pub async fn a_day_of_slots_runs_on_the_grid(host: &dyn Host) {
    needs!(host, simulated_time);
    upstream::connect_with(host, "peakpro", 2).await;
    schedule(host, "peakpro", 3600).await;

    host.pass(24 * HOUR).await;

    let runs = super::setup::list(host, get("runs?tenant=peakpro&limit=1000"), "runs").await;
    assert_eq!(runs.len(), 25, "the first at once, then one an hour");
    let slots: Vec<f64> = runs.iter().map(|run| run["slot"].as_f64().expect("a slot")).collect();
    assert!(slots[..24].windows(2).all(|pair| (pair[0] - pair[1] - 3600.0).abs() < 0.001), "{slots:?}");
    assert!(runs.iter().all(|run| run["state"] == "succeeded"), "{runs:?}");
}

/// What was said before a restart holds after it.
pub async fn what_was_said_holds_after_a_restart(host: &dyn Host) {
    needs!(host, durable);
    idle(host, "peakpro").await;
    run(host, "peakpro").await;
    post("pause").tenant("peakpro").key("before").json(json!({ "reason": "restart" })).good(host).await;
    let lists = ["schedules", "runs", "audit", "records", "connection", "schedule"];
    let mut before = Vec::new();
    for list in lists {
        before.push(get(list).tenant("peakpro").good(host).await);
    }

    host.restart().await;

    for (list, before) in lists.iter().zip(before) {
        assert_eq!(get(list).tenant("peakpro").good(host).await, before, "{list}");
    }
    let replayed = post("pause").tenant("peakpro").key("before").json(json!({ "reason": "restart" }));
    assert_eq!(replayed.of(host).await.header("idempotency-replayed"), "true");
    assert_eq!(run(host, "peakpro").await["stats"]["imported"], 0);
    assert_eq!(get("/api/audit/verify").good(host).await["valid"], true);
}
