//! `If-Match`, `If-None-Match`, `Idempotency-Key`.

use std::time::Duration;

use serde_json::{Value, json};

use super::setup::{audit, each, everything, idle, quiet, status, token, writes};
use crate::host::Host;
use crate::{Ask, delete, get, needs, patch, post, put, upstream};

/// Commands to a schedule that heed `If-Match`.
fn guarded() -> [(&'static str, Ask); 7] {
    [
        ("post", post("schedule").json(json!({ "interval_sec": 7200 }))),
        ("patch", patch("schedule").json(json!({ "note": "changed" }))),
        ("preview aside, pause", post("pause").json(json!({ "reason": "x" }))),
        ("resume", post("resume")),
        ("run-now", post("run-now").json(json!({ "wait_sec": 30 }))),
        ("patch tags", patch("schedule").json(json!({ "tags": ["a"] }))),
        ("delete", delete("schedule")),
    ]
}

/// A write that was decided on a stale read changes nothing; one decided on a fresh read goes through.
pub async fn a_write_at_a_stale_revision_changes_nothing(host: &dyn Host) {
    idle(host, "peakpro").await;
    for (name, ask) in guarded() {
        let read = get("schedule").tenant("peakpro").of(host).await;
        let revision = read.json()["schedule"]["revision"].as_u64().expect("a revision");
        assert_eq!(read.header("etag"), format!("\"{revision}\""));
        let before = everything(host).await;

        for stale in [revision - 1, revision + 1, 0, u64::MAX] {
            let refused =
                ask.clone().tenant("peakpro").at(stale).refused(host, 412, "revision_mismatch").await;
            assert_eq!(refused["revision"], revision, "{name}");
        }
        for garbage in ["", "x", "\"x\"", "-1", "\"1\", \"2\"", "99999999999999999999"] {
            let garbled = ask.clone().tenant("peakpro").header("if-match", garbage);
            garbled.refused(host, 400, "header_invalid").await;
        }
        assert_eq!(everything(host).await, before, "{name}");

        let done = ask.tenant("peakpro").at(revision).of(host).await;
        assert_eq!(done.status, 200, "{name}: {done}");
        if name != "delete" && name != "run-now" {
            let now = status(host, "peakpro").await["revision"].clone();
            assert_eq!(done.header("etag"), format!("\"{now}\""), "{name}");
            assert_eq!(done.json()["schedule"]["revision"], now, "{name}");
        }
    }
}

/// Every form of the tag that HTTP knows is understood.
pub async fn weak_bare_and_starred_tags_are_understood(host: &dyn Host) {
    quiet(host, "peakpro").await;
    for number in 0..4 {
        let revision = status(host, "peakpro").await["revision"].as_u64().expect("a revision");
        let tag = [format!("\"{revision}\""), format!("W/\"{revision}\""), format!("{revision}"), "*".into()];
        let ask = patch("schedule").tenant("peakpro").json(json!({ "note": format!("{number}") }));
        ask.header("if-match", &tag[number]).good(host).await;
    }
}

/// An idle poll is a 304, and every change ends that.
pub async fn an_idle_poll_of_the_list_is_a_304(host: &dyn Host) {
    idle(host, "peakpro").await;
    let first = get("schedules").of(host).await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with("W/\"v") && first.json()["version"].is_u64(), "{first}");

    for given in [tag.clone(), format!("\"other\", {tag}"), "*".to_owned()] {
        let idle = get("schedules").header("if-none-match", &given).of(host).await;
        assert_eq!((idle.status, idle.header("etag")), (304, tag.as_str()), "{idle}");
    }
    let other = get("schedules?sort=next_run").header("if-none-match", &tag).of(host).await;
    assert_eq!(other.status, 200, "another question has another tag");

    for (name, ask) in guarded() {
        let tag = get("schedules").of(host).await.header("etag").to_owned();
        ask.tenant("peakpro").good(host).await;
        let polled = get("schedules").header("if-none-match", &tag).of(host).await;
        assert_eq!(polled.status, 200, "after {name}");
    }
}

/// The body of the list has no clock in it.
pub async fn the_list_says_the_same_until_something_changes(host: &dyn Host) {
    idle(host, "peakpro").await;
    let first = get("schedules").of(host).await;
    host.pass(Duration::from_millis(1200)).await;
    assert_eq!(get("schedules").of(host).await.body, first.body);
    let row = &first.json()["schedules"][0];
    assert!(row.get("next_run_in_sec").is_none(), "{row}");
    assert_eq!(get("schedule/status").of(host).await.header("cache-control"), "no-store");
}

/// The same key with the same request gives the first answer again, and does nothing twice.
pub async fn a_repeated_key_replays_the_answer_of_every_write(host: &dyn Host) {
    host.upstream().open("peakpro", 3);
    for (name, ask) in writes("peakpro") {
        let ask = ask.key(&format!("key of {name}"));
        let first = ask.of(host).await;
        assert!((200..300).contains(&first.status), "{name}: {first}");
        assert_eq!(first.header("idempotency-replayed"), "", "{name}");
        let before = everything(host).await;
        let requests = host.upstream().sandbox().journal().entries().count();

        let second = ask.of(host).await;

        assert_eq!(second.header("idempotency-replayed"), "true", "{name}");
        assert_eq!((second.status, &second.body), (first.status, &first.body), "{name}");
        assert_eq!(everything(host).await, before, "{name}");
        assert_eq!(
            host.upstream().sandbox().journal().entries().count(),
            requests,
            "{name} asked the upstream"
        );
    }
}

/// The same key with another request is refused, and does nothing.
pub async fn a_key_with_another_request_is_refused(host: &dyn Host) {
    host.upstream().open("peakpro", 1);
    quiet(host, "summit").await;
    for (name, ask) in writes("peakpro") {
        let key = format!("key of {name}");
        ask.clone().key(&key).good(host).await;
        let before = everything(host).await;
        for other in [
            ask.clone().body(r#"{"note":"another body"}"#),
            post("pause").tenant("summit"),
            put("connection").tenant("peakpro").json(json!({ "api_key": "other" })),
        ] {
            other.key(&key).refused(host, 422, "idempotency_mismatch").await;
        }
        assert_eq!(everything(host).await, before, "{name}");
    }
    for garbage in ["", "ä", &"x".repeat(256)] {
        let ask = post("pause").tenant("summit").key(garbage);
        ask.refused(host, 400, "header_invalid").await;
    }
}

/// A refusal is an answer too: repeated, it is not carried out after all.
pub async fn a_refusal_is_replayed_too(host: &dyn Host) {
    let ask = post("pause").tenant("peakpro").key("too early");
    ask.refused(host, 404, "schedule_not_found").await;
    quiet(host, "peakpro").await;

    let again = ask.of(host).await;

    assert_eq!((again.status, again.header("idempotency-replayed")), (404, "true"), "{again}");
    assert_eq!(status(host, "peakpro").await["paused"], false);
}

/// Two requests with one key at the same time are one.
pub async fn one_key_at_the_same_time_is_one_command(host: &dyn Host) {
    needs!(host, one_process);
    idle(host, "peakpro").await;
    let ask = post("run-now").tenant("peakpro").json(json!({ "wait_sec": 30 })).key("twins");

    let (left, right) = futures::join!(ask.of(host), ask.of(host));

    // Where two processes got them, one does not wait for the other's run: it tells where that is.
    assert_eq!(left.json()["run_id"], right.json()["run_id"], "{left} {right}");
    assert!(left.status == right.status || [left.status, right.status].contains(&202), "{left} {right}");
    let replayed = [&left, &right].map(|answer| answer.header("idempotency-replayed") == "true");
    assert!(replayed.contains(&true) && replayed.contains(&false), "{replayed:?}");
    let entries = audit(host, "tenant=peakpro&operation=run-now").await;
    assert_eq!(entries.len(), 1, "{entries:?}");
}

/// Bulk commands and tokens replay too; a token's secret is shown again to whom it was shown.
pub async fn bulk_and_tokens_replay(host: &dyn Host) {
    idle(host, "peakpro").await;
    let admin = token(host, host.admin(), "admin", json!("*")).await;
    let bulk = json!({ "operation": "resume", "filter": { "all": true } });
    let make = json!({ "name": "reader", "role": "viewer", "tenants": ["peakpro"] });
    for (name, ask) in [("bulk", post("bulk").json(bulk)), ("token", post("/api/tokens").json(make))] {
        let ask = ask.token(&admin).key(name);
        let first = ask.of(host).await;
        assert!((200..300).contains(&first.status), "{first}");
        let count = get("audit").token(&admin).good(host).await["total"].clone();
        let second = ask.of(host).await;
        assert_eq!(second.header("idempotency-replayed"), "true", "{name}");
        assert_eq!((second.status, &second.body), (first.status, &first.body), "{name}");
        assert_eq!(get("audit").token(&admin).good(host).await["total"], count, "{name}");
    }
}

/// Keys belong to whom they came from: another principal's are its own.
pub async fn keys_of_two_principals_do_not_meet(host: &dyn Host) {
    quiet(host, "peakpro").await;
    let admin = token(host, host.admin(), "admin", json!("*")).await;
    let operator = token(host, Some(&admin), "operator", json!(["peakpro"])).await;

    let ask = post("pause").tenant("peakpro").key("same");
    ask.clone().token(&admin).good(host).await;
    let other = ask.token(&operator).of(host).await;

    assert_eq!((other.status, other.header("idempotency-replayed")), (200, ""), "{other}");
    assert_eq!(other.json()["changed"], false);
}

/// A key is forgotten after 24 hours, not before.
pub async fn a_key_holds_for_a_day(host: &dyn Host) {
    needs!(host, simulated_time);
    quiet(host, "peakpro").await;
    let ask = post("pause").tenant("peakpro").key("yesterday");
    ask.good(host).await;

    host.pass(Duration::from_secs(24 * 3600 - 60)).await;
    assert_eq!(ask.of(host).await.header("idempotency-replayed"), "true");
    host.pass(Duration::from_secs(120)).await;
    assert_eq!(ask.of(host).await.header("idempotency-replayed"), "");
}

/// Many writers at one revision: one wins each time.
pub async fn of_many_writers_at_one_revision_one_wins(host: &dyn Host) {
    upstream::connect(host, "peakpro").await;
    let revision = quiet(host, "peakpro").await["revision"].as_u64().expect("a revision");
    let notes: Vec<_> = (0..12).map(|number| format!("writer {number}")).collect();
    let asks = notes.iter().map(|note| {
        let ask = patch("schedule").tenant("peakpro").json(json!({ "note": note })).at(revision);
        async move { ask.of(host).await.status }
    });

    let mut statuses = futures::future::join_all(asks).await;

    statuses.sort_unstable();
    assert_eq!(statuses[0], 200);
    assert!(statuses[1..].iter().all(|status| *status == 412), "{statuses:?}");
    let entries = audit(host, "tenant=peakpro").await;
    assert_eq!(each(&entries, "operation"), ["edit", "schedule", "connection"]);
    assert_eq!(status(host, "peakpro").await["revision"], Value::from(revision + 1));
}
