//! Tokens and upstream keys: they go in, and do not come out.

use futures::executor::block_on;
use scheduler_core::domain::Role;
use scheduler_core::ports::Store;
use serde_json::json;

use super::harness::Surface;

const KEY: &str = "canary-upstream-key-1234567890";

#[test]
fn an_upstream_key_shows_nowhere() {
    let surface = Surface::open();
    surface.post("a", "schedule", "").is(200);
    let body = format!(r#"{{"api_key":"{KEY}","base_url":"https://api.example.com/v2"}}"#);
    let set =
        surface.call("PUT", "connection", &[("x-tenant", "a"), ("idempotency-key", "k")], &body).is(200);
    assert_eq!(set.json()["configured"], true);
    let fingerprint = set.json()["fingerprint"].as_str().unwrap().to_owned();
    assert_eq!(fingerprint.len(), 12);

    let read = surface.get("a", "connection").is(200);
    assert_eq!(read.json()["fingerprint"], fingerprint);
    let tested = surface.post("a", "connection/test", "").is(200);
    assert_eq!((&tested.json()["ok"], &tested.json()["message"]), (&json!(true), &json!("hello …")));
    let gone = surface.call("DELETE", "connection", &[("x-tenant", "a")], "").is(200);
    assert_eq!(surface.get("a", "connection").json()["configured"], false);
    let none = surface.call("DELETE", "connection", &[("x-tenant", "a")], "").is(404);
    assert_eq!(none.code(), "connection_not_found");
    assert_eq!(surface.post("a", "connection/test", "").is(404).code(), "connection_not_found");
    let trail = surface.call("GET", "audit/export?format=ndjson", &[], "").is(200);
    assert_eq!(trail.text.matches("\"operation\":\"connection\"").count(), 2);
    let metrics = surface.call("GET", "/metrics", &[], "");
    for answer in [&set, &read, &tested, &gone, &trail, &metrics] {
        assert!(!answer.text.contains("canary"), "{}", answer.text);
    }
    for (body, field) in [
        (format!(r#"{{"api_key":"{}"}}"#, "x".repeat(513)), "api_key"),
        (format!(r#"{{"api_key":"{KEY} x"}}"#), "api_key"),
        (format!(r#"{{"api_key":"{KEY}\n"}}"#), "api_key"),
        (r#"{"api_key":""}"#.into(), "api_key"),
        ("{}".into(), "api_key"),
        (format!(r#"{{"api_key":"{KEY}","base_url":"http://169.254.169.254/"}}"#), "base_url"),
        (format!(r#"{{"api_key":"{KEY}","base_url":"https://user:pw@api.example.com"}}"#), "base_url"),
    ] {
        let refused = surface.call("PUT", "connection", &[("x-tenant", "a")], &body).is(422);
        assert_eq!(refused.json()["field"], field, "{body}");
        assert!(!refused.text.contains("canary"));
    }
}

#[test]
fn a_puller_may_be_reached_at_its_own_plain_address() {
    let own = "http://127.0.0.1:9/api";
    let surface = Surface::with(|app| app.loopback(true).base_url("acculynx", own));
    let put = |url: &str| {
        let body = format!(r#"{{"api_key":"k","base_url":"{url}"}}"#);
        surface.call("PUT", "connection", &[("x-tenant", "a")], &body).status.as_u16()
    };

    assert_eq!(put(own), 200);
    assert_eq!(put("http://127.0.0.1:9/other"), 422);
}

#[test]
fn a_tokens_secret_shows_once() {
    let surface = Surface::open();
    let create = |headers: &[(&str, &str)], body: &str| surface.call("POST", "/api/tokens", headers, body);
    for body in [
        r#"{"name":"v","role":"viewer"}"#,
        r#"{"name":"v","role":"admin","tenants":["a"]}"#,
        r#"{"name":"v","role":"admin","expires_at":"2030-01-01T00:00:00Z"}"#,
    ] {
        assert_eq!(create(&[], body).is(409).code(), "last_admin");
    }

    let body = r#"{"name":"root","role":"admin","tenants":"*"}"#;
    let made = create(&[("idempotency-key", "k")], body).is(201);
    let secret = made.json()["secret"].as_str().unwrap().to_owned();
    let root = format!("Bearer {secret}");
    // Open mode is over at once.
    create(&[], body).is(401);
    let stored = block_on(surface.store.answer("open\nk", surface_now(&surface))).unwrap().unwrap();
    assert!(!stored.body.contains(&secret));
    let stored = format!("{:?}", block_on(surface.store.tokens()).unwrap());
    assert!(!stored.contains(secret.split('_').nth(2).unwrap()));

    let auth = [("authorization", &*root)];
    let keyed = [("authorization", &*root), ("idempotency-key", "k2")];
    let body = r#"{"name":"ci","role":"operator","tenants":["a","b"]}"#;
    let first = create(&keyed, body).is(201);
    let again = create(&keyed, body).is(201);
    assert_eq!(first.text, again.text);
    assert_eq!(again.header("idempotency-replayed"), "true");
    let list = surface.call("GET", "/api/tokens", &auth, "").is(200);
    assert_eq!(list.json()["tokens"].as_array().unwrap().len(), 2);
    assert!(!list.text.contains("secret") && !list.text.contains("hash"));

    let id = first.json()["token"]["id"].as_str().unwrap().to_owned();
    let ci = format!("Bearer {}", first.json()["secret"].as_str().unwrap());
    surface.call("GET", "/api/whoami", &[("authorization", &ci)], "").is(200);
    surface.call("DELETE", &format!("/api/tokens/{id}"), &auth, "").is(200);
    surface.call("GET", "/api/whoami", &[("authorization", &ci)], "").is(401);
    assert_eq!(
        surface.call("DELETE", &format!("/api/tokens/{id}"), &auth, "").is(404).code(),
        "token_not_found"
    );
    assert_eq!(surface.audited("token").len(), 3);
    for (body, field) in [
        (r#"{"role":"viewer"}"#, "name"),
        (r#"{"name":"x"}"#, "role"),
        (r#"{"name":"x","role":"emperor"}"#, "role"),
        (r#"{"name":"x","role":"viewer","tenants":[]}"#, "tenants"),
        (r#"{"name":"x","role":"viewer","tenants":["UPPER"]}"#, "tenants"),
        (r#"{"name":"x","role":"viewer","expires_at":"2001-01-01T00:00:00Z"}"#, "expires_at"),
        (r#"{"name":"x","role":"viewer","hash":"00"}"#, "hash"),
    ] {
        assert_eq!(create(&auth, body).is(422).json()["field"], field, "{body}");
    }
}

#[test]
fn the_last_admin_stays() {
    let surface = Surface::guarded();
    let all = scheduler_core::domain::Scope::All;
    let root = surface.token(Role::Admin, all.clone(), None);
    let viewer = surface.token(Role::Viewer, all, None);
    let auth = format!("Bearer {root}");
    let revoke = |token: &str| {
        let id = token.split('_').nth(1).unwrap();
        surface.call("DELETE", &format!("/api/tokens/{id}"), &[("authorization", &auth)], "")
    };

    assert_eq!(revoke(&root).is(409).code(), "last_admin");
    revoke(&viewer).is(200);
    revoke(&root).is(200);
}

fn surface_now(surface: &Surface) -> scheduler_core::domain::Timestamp {
    use scheduler_core::ports::Clock;
    surface.clock.now()
}
