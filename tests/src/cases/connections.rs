//! Upstream keys: they go in, and never come out.

use puller_acculynx::sandbox::Fault;
use serde_json::{Value, json};

use super::setup::{audit, idle, run, token};
use crate::host::Host;
use crate::upstream::{CANARY, JOBS, key_of};
use crate::{delete, get, needs, post, put, upstream};

/// Setting, seeing, testing and removing a key, with its fingerprint for a name.
pub async fn a_key_is_set_seen_by_its_fingerprint_tested_and_removed(host: &dyn Host) {
    let none = get("connection").tenant("peakpro").good(host).await;
    assert_eq!((&none["configured"], &none["fingerprint"]), (&json!(false), &Value::Null), "{none}");
    post("connection/test").tenant("peakpro").refused(host, 404, "connection_not_found").await;

    host.upstream().open("peakpro", JOBS);
    let key = json!({ "api_key": key_of("peakpro") });
    let set = put("connection").tenant("peakpro").json(key.clone()).good(host).await;
    assert_eq!(set["configured"], true, "{set}");
    let fingerprint = set["fingerprint"].as_str().expect("a fingerprint");
    assert!(!fingerprint.is_empty() && !key_of("peakpro").contains(fingerprint), "{set}");
    let seen = get("connection").tenant("peakpro").good(host).await;
    assert!(seen["fingerprint"] == fingerprint && seen["updated"].is_f64(), "{seen}");

    let same = put("connection").tenant("peakpro").json(key).good(host).await;
    assert_eq!(same["fingerprint"], fingerprint, "the same key has the same fingerprint");
    let other = json!({ "api_key": format!("{CANARY}other") });
    let other = put("connection").tenant("summit").json(other).good(host).await;
    assert_ne!(other["fingerprint"], fingerprint);

    let tested = post("connection/test").tenant("peakpro").good(host).await;
    assert!(tested["message"].is_string() && tested["error"].is_null(), "{tested}");
    let gone = delete("connection").tenant("peakpro").good(host).await;
    assert_eq!(gone["configured"], false, "{gone}");
    delete("connection").tenant("peakpro").refused(host, 404, "connection_not_found").await;
    let operations = audit(host, "tenant=peakpro").await;
    assert!(operations.iter().all(|entry| entry["operation"] == "connection"), "{operations:?}");
    assert!(operations.len() >= 3, "{operations:?}");
}

/// A test call says what the upstream said, and succeeds as a call.
pub async fn a_test_call_says_what_the_upstream_said(host: &dyn Host) {
    upstream::connect(host, "peakpro").await;
    for (fault, kind) in
        [(Fault::Unauthorized, "auth"), (Fault::Html(200), "protocol"), (Fault::Empty, "protocol")]
    {
        host.upstream().spoil("peakpro", fault);
        let told = post("connection/test").tenant("peakpro").of(host).await;
        assert_eq!(told.status, 200, "{told}");
        let told = told.json();
        assert_eq!((&told["ok"], &told["error"]), (&json!(false), &json!(kind)), "{told}");
    }
}

/// Without a key, a run fails and says so; with one, it works.
pub async fn a_run_without_a_key_fails_and_says_so(host: &dyn Host) {
    super::setup::quiet(host, "peakpro").await;
    let failed = run(host, "peakpro").await;
    assert_eq!(
        (&failed["state"], &failed["error"]["kind"]),
        (&json!("failed"), &json!("config")),
        "{failed}"
    );
    upstream::connect(host, "peakpro").await;
    assert_eq!(run(host, "peakpro").await["state"], "succeeded");
}

/// Keys and addresses that can be none are refused.
pub async fn keys_and_addresses_that_can_be_none_are_refused(host: &dyn Host) {
    for (body, field) in [
        (json!({}), "api_key"),
        (json!({ "api_key": "" }), "api_key"),
        (json!({ "api_key": "a b" }), "api_key"),
        (json!({ "api_key": "a\r\nx: y" }), "api_key"),
        (json!({ "api_key": "ä" }), "api_key"),
        (json!({ "api_key": 1 }), "api_key"),
        (json!({ "api_key": "x".repeat(513) }), "api_key"),
        (json!({ "api_key": "x", "base_url": "http://api.acculynx.com" }), "base_url"),
        (json!({ "api_key": "x", "base_url": "https://127.0.0.1/" }), "base_url"),
        (json!({ "api_key": "x", "base_url": "https://169.254.169.254/latest" }), "base_url"),
        (json!({ "api_key": "x", "base_url": "https://[::1]/" }), "base_url"),
        (json!({ "api_key": "x", "base_url": "https://user@api.acculynx.com/" }), "base_url"),
        (json!({ "api_key": "x", "base_url": "file:///etc/passwd" }), "base_url"),
        (json!({ "api_key": "x", "base_url": "https://localhost/" }), "base_url"),
        (json!({ "api_key": "x", "base_url": 7 }), "base_url"),
        (json!({ "api_key": "x", "secret": "y" }), "secret"),
    ] {
        let refused = put("connection").tenant("peakpro").json(body.clone()).of(host).await;
        assert_eq!((refused.status, &refused.problem()["field"]), (422, &json!(field)), "{body}");
    }
    assert_eq!(get("connection").tenant("peakpro").good(host).await["configured"], false);
}

/// An address that is not the upstream's own is never called.
pub async fn an_address_of_somebody_else_is_never_called(host: &dyn Host) {
    idle(host, "peakpro").await;
    let body = json!({ "api_key": key_of("peakpro"), "base_url": "https://evil.example.com/api" });
    let put = put("connection").tenant("peakpro").json(body).of(host).await;
    if put.status == 422 {
        return;
    }
    let failed = run(host, "peakpro").await;
    assert_eq!(
        (&failed["state"], &failed["error"]["kind"]),
        (&json!("failed"), &json!("config")),
        "{failed}"
    );
}

/// Nothing that can be read holds a key, whatever goes wrong. Each answer of each case is searched for it.
pub async fn a_key_is_nowhere_to_be_read(host: &dyn Host) {
    idle(host, "peakpro").await;
    run(host, "peakpro").await;
    for fault in [
        Fault::Unauthorized,
        Fault::Problem(400, format!("the key {} is bad", key_of("peakpro"))),
        Fault::Problem(401, format!("the key {} is bad", key_of("peakpro"))),
        Fault::Html(403),
    ] {
        host.upstream().spoil("peakpro", fault);
        run(host, "peakpro").await;
        post("connection/test").tenant("peakpro").of(host).await;
    }
    for body in
        [format!(r#"{{"api_key":"{0}","{0}":1}}"#, key_of("x")), format!(r#"{{"api_key":"{}"#, key_of("x"))]
    {
        // The name of an unknown field is the caller's own word; its value is not shown.
        let refused = put("connection").tenant("peakpro").body(body).unchecked(host).await;
        assert!((400..500).contains(&refused.status), "{refused}");
    }
    let read = [
        "schedule/status",
        "schedules",
        "schedule",
        "runs",
        "audit",
        "audit/export?format=csv",
        "audit/export?format=json",
        "audit/export?format=ndjson",
        "records",
        "records/export?format=csv",
        "records/export?format=ndjson",
        "connection",
        "explain",
        "occurrences",
        "/metrics",
        "/ops/health",
        "/api/changes?since=0",
        "/openapi.json",
    ];
    for path in read {
        get(path).tenant("peakpro").of(host).await;
    }
    let runs = super::setup::list(host, get("runs"), "runs").await;
    for run in &runs {
        get(&format!("runs/{}", run["run_id"].as_str().expect("an id"))).good(host).await;
    }
}

/// Keys outlive a restart, and still open.
pub async fn keys_outlive_a_restart(host: &dyn Host) {
    needs!(host, durable);
    idle(host, "peakpro").await;
    let before = get("connection").tenant("peakpro").good(host).await;
    host.restart().await;
    assert_eq!(get("connection").tenant("peakpro").good(host).await, before);
    assert_eq!(run(host, "peakpro").await["state"], "succeeded");
}

/// Only administrators touch keys; whoever may read sees the fingerprint.
pub async fn only_administrators_touch_keys(host: &dyn Host) {
    host.upstream().open("peakpro", 1);
    let admin = token(host, host.admin(), "admin", json!("*")).await;
    let operator = token(host, Some(&admin), "operator", json!(["peakpro"])).await;
    let key = json!({ "api_key": key_of("peakpro") });
    for ask in [put("connection").json(key.clone()), delete("connection"), post("connection/test")] {
        let refused = ask.tenant("peakpro").token(&operator).refused(host, 403, "role_too_low").await;
        assert_eq!(refused["detail"], "admin privileges required");
    }
    put("connection").tenant("peakpro").token(&admin).json(key).good(host).await;
    let seen = get("connection").tenant("peakpro").token(&operator).good(host).await;
    assert!(seen["fingerprint"].is_string(), "{seen}");
}
