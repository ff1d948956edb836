//! One command over many schedules.

use serde_json::{Value, json};

use super::setup::{audit, each, everything, list, quiet, status, token};
use crate::host::Host;
use crate::{get, post, until, upstream};

const TENANTS: [&str; 4] = ["alpha", "beta", "delta", "gamma"];

async fn four(host: &dyn Host) {
    for tenant in TENANTS {
        quiet(host, tenant).await;
    }
    let tagged = json!({ "tags": ["north"], "note": "storm" });
    crate::patch("schedule").tenant("alpha").json(tagged).good(host).await;
}

async fn bulk(host: &dyn Host, body: Value) -> Value {
    post("bulk").json(body).of(host).await.json()
}

/// A dry run counts and does nothing.
pub async fn a_dry_run_counts_and_does_nothing(host: &dyn Host) {
    four(host).await;
    let before = everything(host).await;
    for operation in ["pause", "resume", "run-now", "delete", "set-interval"] {
        for (filter, matched) in [
            (json!({ "all": true }), 4),
            (json!({ "tenants": ["alpha", "gamma", "nobody"] }), 2),
            (json!({ "q": "lta" }), 1),
            (json!({ "tag": "north" }), 1),
            (json!({ "state": "never" }), 4),
            (json!({ "state": "paused" }), 0),
            (json!({ "tag": "north", "q": "gamma" }), 0),
            (json!({ "interval_sec": "900" }), 0),
            (json!({ "overdue": true }), 0),
        ] {
            let mut body = json!({ "operation": operation, "filter": filter, "dry_run": true });
            if operation == "set-interval" {
                body["interval_sec"] = json!(900);
            }
            let told = bulk(host, body).await;
            let counted = (&told["matched"], &told["changed"], &told["failed"]);
            assert_eq!(counted, (&json!(matched), &json!(0), &json!([])), "{operation} {filter} {told}");
        }
    }
    assert_eq!(everything(host).await, before);
}

/// What was expected must still hold, or nothing is done.
pub async fn a_drifted_selection_is_left_alone(host: &dyn Host) {
    four(host).await;
    let before = everything(host).await;
    let body = json!({ "operation": "pause", "filter": { "all": true }, "expect": 3 });
    let refused = post("bulk").json(body).refused(host, 409, "expect_mismatch").await;
    assert_eq!(refused["matched"], 4, "{refused}");
    assert_eq!(everything(host).await, before);

    let body = json!({ "operation": "pause", "filter": { "all": true }, "expect": 4 });
    assert_eq!(bulk(host, body).await["changed"], 4);
}

/// Each tenant has its own entry in the audit, and the bulk one more.
pub async fn every_tenant_and_the_bulk_have_an_entry(host: &dyn Host) {
    four(host).await;
    let before = audit(host, "").await.len();
    let body = json!({ "operation": "pause", "reason": "hail", "filter": { "tenants": ["alpha", "beta"] } });

    let told = bulk(host, body).await;

    assert_eq!((&told["matched"], &told["changed"]), (&json!(2), &json!(2)), "{told}");
    let entries = audit(host, "").await;
    assert_eq!(entries.len(), before + 3, "{entries:?}");
    let mut paused = each(&audit(host, "operation=pause").await, "tenant");
    paused.sort();
    assert_eq!(paused, ["alpha", "beta"]);
    let bulks = audit(host, "operation=bulk").await;
    assert!(bulks.len() == 1 && bulks[0]["tenant"].is_null(), "{bulks:?}");
    assert_eq!(bulks[0]["metadata"]["matched"], 2, "{bulks:?}");
    assert_eq!(status(host, "alpha").await["pause"]["reason"], "hail");
    assert_eq!(status(host, "delta").await["paused"], false);
}

/// In the background, a bulk is accepted at once, goes on by itself, and tells how far it is.
pub async fn a_bulk_goes_on_by_itself(host: &dyn Host) {
    four(host).await;
    let body = json!({ "operation": "pause", "reason": "hail", "background": true, "expect": 4,
        "filter": { "all": true } });
    let ask = post("bulk").header("idempotency-key", "bulk-1").json(body);
    let accepted = ask.clone().of(host).await;
    assert_eq!(accepted.status, 202, "{accepted}");
    let id = accepted.json()["bulk"]["id"].as_str().expect("an id").to_owned();
    let place = format!("/api/crm/import/acculynx/bulk/{id}");
    assert_eq!(accepted.header("location"), place);
    let done = until!(host, "the bulk is done", {
        let told = get(&place).good(host).await["bulk"].clone();
        (told["state"] == "done").then_some(told)
    });
    let counted = ["matched", "done", "changed", "failed_total"].map(|name| done[name].as_u64());
    assert_eq!(counted, [Some(4), Some(4), Some(4), Some(0)], "{done}");
    assert_eq!(status(host, "gamma").await["pause"]["reason"], "hail");
    assert_eq!(audit(host, "operation=pause").await.len(), 4);
    assert_eq!(ask.of(host).await.json()["bulk"]["id"], json!(id), "a repeated request begins nothing");
    assert_eq!(list(host, get("bulk"), "bulks").await.len(), 1);

    post(&format!("{place}/cancel")).refused(host, 409, "bulk_over").await;
    for unknown in ["0-999", "99-1", "x", "-"] {
        get(&format!("bulk/{unknown}")).refused(host, 404, "bulk_not_found").await;
    }
    let many: Vec<_> = (0..2_001).map(|number| format!("nobody-{number}")).collect();
    let body = json!({ "operation": "pause", "background": true, "filter": { "tenants": many } });
    assert_eq!(post("bulk").json(body).refused(host, 422, "field_invalid").await["field"], "filter.tenants");
}

/// Every operation does to all what its own call does to one.
pub async fn every_operation_does_what_its_call_does(host: &dyn Host) {
    for tenant in ["alpha", "beta"] {
        upstream::connect_with(host, tenant, 1).await;
        quiet(host, tenant).await;
    }
    let all = json!({ "all": true });
    let paused = bulk(host, json!({ "operation": "pause", "filter": all })).await;
    let again = bulk(host, json!({ "operation": "pause", "filter": all })).await;
    assert_eq!((&paused["changed"], &again["changed"]), (&json!(2), &json!(0)));

    let every = json!({ "operation": "set-interval", "interval_sec": 1800, "filter": all });
    assert_eq!(bulk(host, every).await["changed"], 2);
    assert_eq!(status(host, "beta").await["interval_sec"], 1800);

    assert_eq!(bulk(host, json!({ "operation": "run-now", "filter": all })).await["changed"], 2);
    until!(host, "two runs", {
        let runs = list(host, get("runs?state=succeeded"), "runs").await;
        (runs.len() == 2).then_some(())
    });
    assert_eq!(status(host, "alpha").await["paused"], true);

    let resumed = bulk(host, json!({ "operation": "resume", "filter": { "state": "paused" } })).await;
    assert_eq!(resumed["changed"], 2, "{resumed}");
    let deleted = bulk(host, json!({ "operation": "delete", "filter": { "q": "alpha" } })).await;
    assert_eq!(deleted["changed"], 1, "{deleted}");
    assert_eq!(each(&list(host, get("schedules"), "schedules").await, "tenant"), ["beta"]);
}

/// One that fails does not keep back the others, and is named.
pub async fn one_that_fails_is_named(host: &dyn Host) {
    for tenant in ["alpha", "beta"] {
        upstream::connect_with(host, tenant, 1).await;
        quiet(host, tenant).await;
    }
    host.upstream().change("alpha", |at| at.temper.latency = std::time::Duration::from_millis(500));
    let started = post("run-now").tenant("alpha").json(json!({ "wait_sec": 0 })).good(host).await;

    let told = bulk(host, json!({ "operation": "run-now", "filter": { "all": true } })).await;

    assert_eq!((&told["ok"], &told["matched"], &told["changed"]), (&json!(false), &json!(2), &json!(1)));
    assert_eq!(told["failed"][0]["tenant"], "alpha", "{told}");
    assert_eq!(told["failed"][0]["code"], "already_running", "{told}");
    super::setup::ended(host, started["run_id"].as_str().expect("a run")).await;
}

/// A selection must be made, and made well.
pub async fn a_selection_must_be_made(host: &dyn Host) {
    four(host).await;
    let before = everything(host).await;
    for (body, field) in [
        (json!({}), "operation"),
        (json!({ "operation": "explode", "filter": { "all": true } }), "operation"),
        (json!({ "operation": "pause" }), "filter"),
        (json!({ "operation": "pause", "filter": {} }), "filter"),
        (json!({ "operation": "pause", "filter": { "all": false } }), "filter"),
        (json!({ "operation": "pause", "filter": { "all": "yes" } }), "filter.all"),
        (json!({ "operation": "pause", "filter": { "tenants": "alpha" } }), "filter.tenants"),
        (json!({ "operation": "pause", "filter": { "tenants": ["A B"] } }), "filter.tenants"),
        (json!({ "operation": "pause", "filter": { "state": "x" } }), "filter.state"),
        (json!({ "operation": "pause", "filter": { "all": true, "x": 1 } }), "filter.x"),
        (json!({ "operation": "pause", "filter": { "all": true }, "expect": -1 }), "expect"),
        (json!({ "operation": "pause", "filter": { "all": true }, "dry_run": 1 }), "dry_run"),
        (
            json!({ "operation": "pause", "filter": { "all": true }, "until": "2001-01-01T00:00:00Z" }),
            "until",
        ),
        (json!({ "operation": "set-interval", "filter": { "all": true } }), "interval_sec"),
        (
            json!({ "operation": "set-interval", "filter": { "all": true }, "interval_sec": 0 }),
            "interval_sec",
        ),
        (json!({ "operation": "resume", "filter": { "all": true }, "reason": "x" }), "reason"),
    ] {
        let refused = post("bulk").json(body.clone()).refused(host, 422, "field_invalid").await;
        assert_eq!(refused["field"], field, "{body}");
    }
    assert_eq!(everything(host).await, before);
}

/// A bulk command reaches the caller's own tenants only.
pub async fn a_bulk_stays_within_the_callers_tenants(host: &dyn Host) {
    four(host).await;
    let admin = token(host, host.admin(), "admin", json!("*")).await;
    let operator = token(host, Some(&admin), "operator", json!(["alpha", "beta"])).await;
    for (filter, matched) in [(json!({ "all": true }), 2), (json!({ "tenants": ["beta", "gamma"] }), 1)] {
        let body = json!({ "operation": "pause", "filter": filter });
        let told = post("bulk").token(&operator).json(body).good(host).await;
        assert_eq!((&told["matched"], &told["failed"]), (&json!(matched), &json!([])), "{told}");
    }
    let map = get("schedule/status").token(&admin).good(host).await;
    let paused = |tenant: &str| map["schedules"][tenant]["paused"] == true;
    assert_eq!(TENANTS.map(paused), [true, true, false, false], "{map}");
}

/// A body of up to 1 MiB is taken, twenty thousand tenants long.
pub async fn a_bulk_may_name_many_tenants(host: &dyn Host) {
    four(host).await;
    let mut tenants: Vec<_> = (0..15_000).map(|number| format!("nobody-{number:05}")).collect();
    tenants.push("gamma".into());
    let body = json!({ "operation": "pause", "filter": { "tenants": tenants } });
    assert!(body.to_string().len() > 200_000);
    assert_eq!(bulk(host, body).await["matched"], 1);
    let padding = format!(r#"{{"operation":"pause","filter":{{"all":true}}{}}}"#, " ".repeat(1024 * 1024));
    post("bulk").body(padding).refused(host, 413, "body_too_large").await;
}
