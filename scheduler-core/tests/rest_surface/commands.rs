//! What operators tell a schedule, and what they are answered.

use futures::executor::block_on;
use serde_json::json;

use super::harness::{Script, Surface};

#[test]
fn an_empty_body_asks_for_every_five_minutes() {
    let surface = Surface::open();

    let made = surface.post("peakpro", "schedule", "").is(200);

    let body = made.json();
    assert_eq!(body["ok"], true);
    assert_eq!((&body["tenant"], &body["source"]), (&json!("peakpro"), &json!("acculynx")));
    assert_eq!((&body["interval_sec"], &body["created"]), (&json!(300), &json!(true)));
    assert_eq!(body["message"], "AccuLynx import scheduled every 300 seconds");
    assert_eq!(body["schedule"]["state"], "never");
    assert_eq!(body["schedule"]["created"], 1_800_000_000.0);
    assert_eq!(body["schedule"]["created_iso"], "2027-01-15T08:00:00Z");
    assert_eq!(made.header("etag"), "\"1\"");
    assert_eq!(surface.post("peakpro", "schedule", "{}").is(200).json()["created"], false);
}

#[test]
fn an_edit_keeps_what_it_does_not_name() {
    let surface = Surface::open();
    let asked = r#"{"cron":"*/15 6-20 * * MON-FRI","timezone":"America/Chicago","note":"n","tags":["x"],
        "catch_up":{"all":3},"retry":{"max_attempts":2},"overlap":"queue_one","starts_at":"2027-01-15T09:00:00Z"}"#;
    surface.post("a", "schedule", asked).is(200);
    surface.post("a", "pause", "").is(200);

    let edited =
        surface.call("PATCH", "schedule", &[("x-tenant", "a")], r#"{"note":null,"jitter_sec":5}"#).is(200);

    let schedule = &edited.json()["schedule"];
    assert_eq!(schedule["cron"], "*/15 6-20 * * MON-FRI");
    assert_eq!(schedule["timezone"], "America/Chicago");
    assert_eq!((&schedule["note"], &schedule["jitter_sec"]), (&json!(null), &json!(5)));
    assert_eq!(schedule["catch_up"], json!({ "all": 3 }));
    assert_eq!(schedule["retry"], json!({ "max_attempts": 2, "base_sec": 5, "max_sec": 300 }));
    assert_eq!((&schedule["paused"], &schedule["overlap"]), (&json!(true), &json!("queue_one")));
    assert_eq!(schedule["starts_at_iso"], "2027-01-15T09:00:00Z");
    let kept = surface.post("a", "schedule", r#"{"tags":["y"]}"#).is(200).json();
    assert_eq!(kept["schedule"]["cron"], "*/15 6-20 * * MON-FRI");
    let none = surface.call("PATCH", "schedule", &[("x-tenant", "b")], r#"{"note":"x"}"#).is(404);
    assert_eq!(none.code(), "schedule_not_found");
    surface.get("b", "schedule").is(404);
}

#[test]
fn pausing_and_resuming_say_whether_they_changed_anything() {
    let surface = Surface::open();
    assert_eq!(surface.post("a", "pause", "").is(404).code(), "schedule_not_found");
    surface.get("a", "schedule").is(404);
    surface.post("a", "schedule", "").is(200);

    let paused =
        surface.post("a", "pause", r#"{"reason":"month end","until":"2027-01-15T10:00:00Z"}"#).is(200).json();
    assert_eq!((&paused["paused"], &paused["changed"]), (&json!(true), &json!(true)));
    assert_eq!(paused["schedule"]["pause"]["reason"], "month end");
    assert_eq!(paused["schedule"]["pause"]["until"], 1_800_007_200.0);
    assert_eq!(paused["schedule"]["next_run"], json!(null));
    assert_eq!(surface.post("a", "pause", "").is(200).json()["changed"], false);
    assert_eq!(surface.post("a", "pause", r#"{"until":5}"#).is(422).json()["field"], "until");
    assert_eq!(
        surface.post("a", "pause", r#"{"until":"2020-01-01T00:00:00Z"}"#).is(422).json()["field"],
        "until"
    );
    let resumed = surface.post("a", "resume", "").is(200).json();
    assert_eq!((&resumed["paused"], &resumed["changed"]), (&json!(false), &json!(true)));
    assert_eq!(surface.post("a", "resume", "").is(200).json()["changed"], false);
}

#[test]
fn a_run_by_hand_answers_with_what_it_brought() {
    let surface = Surface::open();
    assert_eq!(surface.post("a", "run-now", "").is(404).code(), "schedule_not_found");
    surface.post("a", "schedule", "").is(200);
    surface.post("a", "pause", "").is(200);

    let ran = surface.post("a", "run-now", r#"{"reason":"test"}"#).is(200).json();
    assert_eq!((&ran["ok"], &ran["result"]["ok"]), (&json!(true), &json!(true)));
    assert_eq!(ran["result"]["stats"]["imported"], 2);
    assert_eq!(ran["ts"], 1_800_000_000.0);
    let schedule = surface.get("a", "schedule").is(200).json()["schedule"].clone();
    assert_eq!((&schedule["paused"], &schedule["last_status"]["ok"]), (&json!(true), &json!(true)));
    assert_eq!(schedule["last_status"]["result"]["stats"]["imported"], 2);

    surface.script(Script::Fail);
    let failed = surface.post("a", "run-now", "").is(502).json();
    assert_eq!((&failed["ok"], &failed["result"]["ok"]), (&json!(false), &json!(false)));
    assert_eq!(failed["message"], "the upstream broke its contract");
    surface.script(Script::Panic);
    surface.post("a", "run-now", "").is(502);
    let runs = surface.get("a", "runs?tenant=a").is(200).json();
    assert_eq!(runs["runs"].as_array().unwrap().len(), 3);
    let run_id = failed["run_id"].as_str().unwrap();
    let run = surface.get("a", &format!("runs/{run_id}")).is(200).json()["run"].clone();
    assert_eq!((&run["state"], &run["trigger"]), (&json!("failed"), &json!("manual")));
    assert_eq!(run["error"]["kind"], "protocol");
    assert!(run["log"].is_array());
    let again = surface.call("POST", &format!("runs/{run_id}/cancel"), &[], "").is(409);
    assert_eq!(again.code(), "not_running");
}

#[test]
fn a_run_that_takes_long_is_followed_elsewhere_and_can_be_cancelled() {
    let surface = Surface::open();
    surface.post("a", "schedule", "").is(200);
    surface.post("a", "pause", "").is(200);
    surface.script(Script::Hang);
    let (stop, stopped) = futures::channel::oneshot::channel::<()>();
    let engine = surface.engine.clone();
    let driver = std::thread::spawn(move || block_on(engine.run(async { stopped.await.unwrap_or(()) })));
    while !surface.engine.health().resident {
        std::thread::yield_now();
    }
    let key = [("x-tenant", "a"), ("idempotency-key", "k")];

    let started = surface.call("POST", "run-now", &key, r#"{"wait_sec":0}"#).is(202);
    let run_id = started.json()["run_id"].as_str().unwrap().to_owned();
    while surface.engine.health().in_flight == 0 {
        std::thread::yield_now();
    }
    assert_eq!(started.json()["state"], "running");
    assert_eq!(started.header("location"), format!("/api/crm/import/acculynx/runs/{run_id}"));
    assert_eq!(started.json()["location"], started.header("location"));
    assert_eq!(surface.get("a", "schedule").json()["schedule"]["run"]["run_id"], *run_id);
    let busy = surface.post("a", "run-now", "").is(409);
    assert_eq!((busy.code().as_str(), &busy.json()["run_id"]), ("already_running", &json!(run_id)));
    let again = surface.call("POST", "run-now", &key, r#"{"wait_sec":0}"#).is(202);
    assert_eq!(again.text, started.text);
    surface.call("POST", &format!("runs/{run_id}/cancel"), &[], "").is(202);
    assert_eq!(surface.get("a", &format!("runs/{run_id}")).json()["run"]["state"], "cancelled");
    assert_eq!(surface.get("a", "schedule").json()["schedule"]["running"], false);

    drop(stop);
    while !driver.is_finished() {
        surface.pass(1);
        std::thread::yield_now();
    }
    driver.join().unwrap();
}

#[test]
fn deleting_answers_in_the_original_words() {
    let surface = Surface::open();
    let delete = |tenant: &str| surface.call("DELETE", "schedule", &[("x-tenant", tenant)], "");
    surface.post("a", "schedule", "").is(200);
    surface.pass(1);

    assert_eq!(delete("a").is(200).json(), json!({"ok":true,"tenant":"a","message":"Schedule deleted"}));
    let none = delete("a").is(404);
    assert_eq!(none.code(), "schedule_not_found");
    assert_eq!((&none.json()["message"], &none.json()["tenant"]), (&json!("No schedule found"), &json!("a")));
    assert_eq!(delete("never").is(404).json()["message"], "No schedule found");
    let trail = surface.get("a", "audit?tenant=a").is(200).json();
    assert_eq!(trail["total"], 2);
    assert_eq!(trail["audit"][0]["operation"], "delete");
    surface.post("a", "schedule", "").is(200);
    assert_eq!(surface.get("a", "schedule").header("etag"), "\"3\"");
}

#[test]
fn a_stale_revision_changes_nothing() {
    let surface = Surface::open();
    surface.post("a", "schedule", "").is(200);
    let write = |method: &str, path: &str, tag: &str| {
        surface.call(method, path, &[("x-tenant", "a"), ("if-match", tag)], "")
    };

    for (method, path) in
        [("POST", "pause"), ("PATCH", "schedule"), ("DELETE", "schedule"), ("POST", "run-now")]
    {
        let stale = write(method, path, "\"9\"").is(412);
        assert_eq!(stale.code(), "revision_mismatch");
        assert_eq!(stale.json()["revision"], 1);
    }
    for (tag, paused) in [("\"1\"", "pause"), ("W/\"2\"", "resume"), ("3", "pause"), ("*", "resume")] {
        write("POST", paused, tag).is(200);
    }
    for tag in ["\"x\"", "\"1\", \"2\"", "-1", "\"", "\"99999999999999999999\""] {
        assert_eq!(write("POST", "pause", tag).is(400).code(), "header_invalid", "{tag}");
    }
}

#[test]
fn the_same_key_is_answered_alike_and_carried_out_once() {
    let surface = Surface::open();
    let send = |tenant: &str, path: &str, key: &str, body: &str| {
        surface.call("POST", path, &[("x-tenant", tenant), ("idempotency-key", key)], body)
    };
    let first = send("a", "schedule", "k1", r#"{"interval_sec":60}"#).is(200);
    surface.post("a", "schedule", r#"{"interval_sec":600}"#).is(200);

    let again = send("a", "schedule", "k1", r#"{"interval_sec":60}"#).is(200);

    assert_eq!(first.text, again.text);
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    assert_eq!(surface.get("a", "schedule").json()["schedule"]["interval_sec"], 600);
    for (tenant, path, body) in
        [("a", "schedule", ""), ("b", "schedule", r#"{"interval_sec":60}"#), ("a", "pause", "")]
    {
        assert_eq!(send(tenant, path, "k1", body).is(422).code(), "idempotency_mismatch");
    }
    let ran = send("a", "run-now", "k2", "").is(200);
    assert_eq!(send("a", "run-now", "k2", "").is(200).text, ran.text);
    assert_eq!(surface.get("a", "runs").json()["runs"].as_array().unwrap().len(), 1);

    let refused = send("none", "pause", "k3", "").is(404);
    surface.post("none", "schedule", "").is(200);
    let still = send("none", "pause", "k3", "").is(404);
    assert_eq!(
        (still.header("idempotency-replayed"), still.header("content-type")),
        ("true", "application/problem+json")
    );
    assert_eq!(refused.text, still.text);
    surface.pass(24 * 3600 + 1);
    send("none", "pause", "k3", "").is(200);
    for key in ["", &"x".repeat(256)] {
        assert_eq!(send("a", "pause", key, "").is(400).code(), "header_invalid");
    }
}

#[test]
fn a_key_belongs_to_its_principal() {
    let surface = Surface::guarded();
    let token = || {
        let token =
            surface.token(scheduler_core::domain::Role::Admin, scheduler_core::domain::Scope::All, None);
        format!("Bearer {token}")
    };
    let (first, second) = (token(), token());
    let send = |token: &str, body: &str| {
        let headers = [("x-tenant", "a"), ("idempotency-key", "k"), ("authorization", token)];
        surface.call("POST", "schedule", &headers, body)
    };

    send(&first, r#"{"interval_sec":60}"#).is(200);
    let other = send(&second, r#"{"interval_sec":90}"#).is(200);

    assert_eq!(other.header("idempotency-replayed"), "");
    assert_eq!(other.json()["interval_sec"], 90);
}

#[test]
fn a_bulk_command_does_what_it_counted() {
    let surface = Surface::open();
    for n in 0..30 {
        surface.post(&format!("t{n:02}"), "schedule", r#"{"tags":["x"]}"#).is(200);
    }
    let bulk = |body: &str| surface.call("POST", "bulk", &[], body);

    let dry = bulk(r#"{"operation":"pause","filter":{"all":true},"dry_run":true}"#).is(200).json();
    assert_eq!((&dry["matched"], &dry["changed"]), (&json!(30), &json!(0)));
    let drifted = bulk(r#"{"operation":"pause","filter":{"all":true},"expect":29}"#).is(409);
    assert_eq!((drifted.code().as_str(), &drifted.json()["matched"]), ("expect_mismatch", &json!(30)));
    let some =
        bulk(r#"{"operation":"pause","filter":{"tenants":["t01","t02","no"]},"expect":2}"#).is(200).json();
    assert_eq!((&some["matched"], &some["changed"], &some["failed"]), (&json!(2), &json!(2), &json!([])));
    let rest = bulk(r#"{"operation":"set-interval","interval_sec":60,"filter":{"q":"t1","tag":"x"}}"#)
        .is(200)
        .json();
    assert_eq!(rest["changed"], 10);
    let ran = bulk(r#"{"operation":"run-now","filter":{"state":"paused"}}"#).is(200).json();
    assert_eq!(ran["changed"], 2);
    let gone = bulk(r#"{"operation":"delete","filter":{"all":true}}"#).is(200).json();
    assert_eq!(gone["changed"], 30);
    assert_eq!(surface.audited("bulk").len(), 4);
    for (body, field) in [
        (r#"{"operation":"pause"}"#, "filter"),
        (r#"{"operation":"pause","filter":{}}"#, "filter"),
        (r#"{"operation":"pause","filter":{"all":false}}"#, "filter"),
        (r#"{"operation":"explode","filter":{"all":true}}"#, "operation"),
        (r#"{"operation":"set-interval","filter":{"all":true}}"#, "interval_sec"),
        (r#"{"operation":"set-interval","interval_sec":1,"filter":{"all":true}}"#, "interval_sec"),
        (r#"{"operation":"pause","filter":{"state":"sad"}}"#, "filter.state"),
        (r#"{"operation":"resume","reason":"x","filter":{"all":true}}"#, "reason"),
        (r#"{"operation":"pause","filter":{"all":true,"colour":1}}"#, "filter.colour"),
    ] {
        assert_eq!(bulk(body).is(422).json()["field"], field, "{body}");
    }
}

#[test]
fn the_slots_of_a_window_add_up() {
    let surface = Surface::open();
    surface.post("a", "schedule", r#"{"interval_sec":60}"#).is(200);
    for minute in 0..30 {
        surface.call("POST", "/ops/tick", &[], "").is(200);
        surface.pass(60);
        match minute {
            10 => drop(surface.post("a", "pause", "").is(200)),
            20 => drop(surface.post("a", "resume", "").is(200)),
            _ => {}
        }
    }

    for (since, until) in [(0, 1800), (5, 700), (600, 1300), (1799, 1800)] {
        let at = |offset: i64| 1_800_000_000 + offset;
        let path = format!("occurrences?since={}&until={}", at(since), at(until));
        let body = surface.get("a", &path).is(200).json();
        let counted: u64 =
            body["occurrences"].as_array().unwrap().iter().map(|o| o["count"].as_u64().unwrap()).sum();
        assert_eq!(counted + body["pending"].as_u64().unwrap(), body["total"].as_u64().unwrap());
        // Slot 0 comes beside the schedule's own phase.
        let expected = u64::from(since == 0) + (until - since) as u64 / 60;
        let total = body["total"].as_u64().unwrap();
        assert!(total.abs_diff(expected) <= 1, "{since}..{until}: {total}, expected {expected}");
    }
    let path = format!("explain?at={}", 1_800_000_000 + 15 * 60);
    let why = surface.get("a", &path).is(200).json();
    assert_eq!((&why["disposition"], &why["audit"]["operation"]), (&json!("paused"), &json!("pause")));
    surface.get("a", "explain").is(200);
    surface.get("b", "explain").is(404);
    surface.get("a", "occurrences?since=2027-01-01T00:00:00Z&until=2026-01-01T00:00:00Z").is(422);
}

#[test]
fn a_preview_shows_what_is_stored_and_what_is_proposed() {
    let surface = Surface::open();
    let proposed = surface
        .post("a", "schedule/preview?count=3", r#"{"cron":"0 6 * * *","timezone":"UTC"}"#)
        .is(200)
        .json();
    assert_eq!(proposed["occurrences"][0]["slot_iso"], "2027-01-16T06:00:00Z");
    assert_eq!(proposed["occurrences"].as_array().unwrap().len(), 3);
    surface.get("a", "schedule/preview").is(404);
    surface.post("a", "schedule", "").is(200);
    assert_eq!(
        surface.get("a", "schedule/preview").is(200).json()["occurrences"].as_array().unwrap().len(),
        10
    );
    surface.get("a", "schedule/preview?count=101").is(422);
    surface.call("POST", "schedule/preview", &[("x-tenant", "a"), ("x-role", "viewer")], "").is(200);
}
