//! Who may do what.

use std::time::Duration;

use scheduler_core::domain::{Role, Scope, Timestamp, Write};
use scheduler_core::rest::{Policy, document, policies};

use super::harness::{A, Surface, start, tenant};

/// One request for each operation, as (method, path); paths below the source begin without a slash.
fn requests() -> Vec<(Policy, String, String)> {
    let document: serde_json::Value = serde_json::from_str(&document()).unwrap();
    let mut requests = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            let policy = policies().iter().find(|policy| policy.operation == name).unwrap();
            let path = path
                .replace("{source}", "acculynx")
                .replace("{run_id}", "00000000000000000000000000")
                .replace("{entity}", "jobs")
                .replace("{external_id}", "1")
                .replace("{id}", "0000000000000000");
            requests.push((*policy, method.to_uppercase(), path));
        }
    }
    requests
}

fn body(operation: &str) -> &'static str {
    match operation {
        "putConnection" => r#"{"api_key":"k"}"#,
        "bulk" => r#"{"operation":"pause","filter":{"all":true},"dry_run":true}"#,
        "createToken" => r#"{"name":"n","role":"viewer","tenants":["a"]}"#,
        "editSchedule" => r#"{"note":"x"}"#,
        "pauseSchedule" | "runNow" => r#"{"reason":"x"}"#,
        _ => "",
    }
}

fn path_of(policy: &Policy, path: &str) -> String {
    match policy.operation {
        "listChanges" => format!("{path}?since=0"),
        // Streams do not end.
        _ => path.to_owned(),
    }
}

#[test]
fn every_route_keeps_its_policy_for_every_kind_of_caller() {
    let surface = Surface::guarded();
    let own = || Scope::Only([tenant("a")].into());
    let soon = Some(Timestamp::from_secs(start().millis() / 1000 + 5));
    let expired = surface.token(Role::Admin, Scope::All, soon);
    let viewer = surface.token(Role::Viewer, own(), None);
    let operator = surface.token(Role::Operator, own(), None);
    let admin = surface.token(Role::Admin, own(), None);
    let root = surface.token(Role::Admin, Scope::All, None);
    let revoked = surface.token(Role::Admin, Scope::All, None);
    let id = revoked.split('_').nth(1).unwrap();
    surface.system(Write::RevokeToken(id.into()));
    surface.call("POST", "schedule", &[("authorization", &bearer(&root)), ("x-tenant", "a")], "").is(200);
    surface.call("POST", "schedule", &[("authorization", &bearer(&root)), ("x-tenant", "b")], "").is(200);

    for (policy, method, path) in requests() {
        let method = if policy.operation == "streamEvents" { "HEAD" } else { &method };
        let send = |token: Option<&str>, tenant: &str| {
            // Each caller is asked once in a while, so that no limit is met.
            surface.pass(1);
            let bearer = token.map(bearer);
            let mut headers = vec![("x-tenant", tenant)];
            headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
            surface.call(method, &path_of(&policy, &path), &headers, body(policy.operation))
        };
        let say = |who: &str| format!("{who}: {method} {path}");
        let Some(role) = policy.role else {
            assert_ne!(send(None, "a").status, 403, "{}", say("nobody"));
            continue;
        };
        for (who, token) in [("nobody", None), ("expired", Some(&*expired)), ("revoked", Some(&*revoked))] {
            assert_eq!(send(token, "a").status, 401, "{}", say(who));
        }
        for (who, own, token) in [
            ("viewer", Role::Viewer, &viewer),
            ("operator", Role::Operator, &operator),
            ("admin", Role::Admin, &admin),
        ] {
            let answer = send(Some(token), "a");
            let wide = matches!(policy.operation, "tick" | "metrics");
            if own < role || wide {
                assert_eq!(answer.status, 403, "{}: {}", say(who), answer.text);
            } else {
                assert!(
                    !matches!(answer.status.as_u16(), 401 | 403 | 500..),
                    "{}: {}",
                    say(who),
                    answer.text
                );
            }
            if policy.tenant && own >= role {
                let foreign = send(Some(token), "b");
                let absent = send(Some(token), "nowhere");
                assert_eq!(foreign.status, 404, "{}: {}", say(who), foreign.text);
                assert_eq!(absent.status, 404, "{}", say(who));
                let shape =
                    |answer: &super::harness::Answer| answer.text.replace(answer.header("x-request-id"), "");
                assert_eq!(shape(&foreign), shape(&absent), "{}", say(who));
            }
        }
        let answer = send(Some(&root), "a");
        assert!(!matches!(answer.status.as_u16(), 401 | 403 | 500..), "{}: {}", say("root"), answer.text);
    }
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[test]
fn what_is_foreign_shows_nowhere() {
    let surface = Surface::guarded();
    let root = bearer(&surface.token(Role::Admin, Scope::All, None));
    let one = bearer(&surface.token(Role::Admin, Scope::Only([tenant("one")].into()), None));
    for name in ["one", "canary-foreign"] {
        let headers = [("authorization", &*root), ("x-tenant", name)];
        surface.call("POST", "schedule", &headers, "").is(200);
        surface.call("POST", "run-now", &headers, "").is(200);
    }
    let all = surface.call("GET", "runs", &[("authorization", &root)], "").json();
    let foreign = all["runs"].as_array().unwrap().iter().find(|run| run["tenant"] != "one").unwrap();
    let run_id = foreign["run_id"].as_str().unwrap();

    for path in [
        "schedules",
        "schedule/status",
        "schedule/status?tenant=canary-foreign",
        "schedules?q=canary",
        "runs",
        "runs?tenant=canary-foreign",
        "audit",
        "audit?tenant=canary-foreign",
        "audit/export?format=ndjson",
        "schedule",
        "/api/tokens",
        "/api/audit/verify",
        "/api/whoami",
    ] {
        let answer = surface.call("GET", path, &[("authorization", &one)], "").is(200);
        assert!(!answer.text.contains("canary"), "{path}: {}", answer.text);
    }
    let list = surface.call("GET", "schedules", &[("authorization", &one)], "").json();
    assert_eq!(list["counts"]["total"], 1);
    let run = surface.call("GET", &format!("runs/{run_id}"), &[("authorization", &one)], "").is(404);
    let none =
        surface.call("GET", &format!("runs/{}", "0".repeat(26)), &[("authorization", &one)], "").is(404);
    assert_eq!(run.code(), none.code());
    surface.call("POST", &format!("runs/{run_id}/cancel"), &[("authorization", &one)], "").is(404);
    let whole = r#"{"name":"x","role":"viewer","tenants":"*"}"#;
    surface.call("POST", "/api/tokens", &[("authorization", &one)], whole).is(422);
}

#[test]
fn what_others_do_does_not_change_what_a_bound_caller_reads() {
    let surface = Surface::guarded();
    let root = bearer(&surface.token(Role::Admin, Scope::All, None));
    let one = bearer(&surface.token(Role::Viewer, Scope::Only([tenant("one")].into()), None));
    surface.call("POST", "schedule", &[("authorization", &root), ("x-tenant", "one")], "").is(200);
    let read = || surface.call("GET", "schedules", &[("authorization", &one)], "").is(200);
    let before = read();

    surface.call("POST", "schedule", &[("authorization", &root), ("x-tenant", "two")], "").is(200);
    let after = read();

    assert_eq!(before.text, after.text);
    assert_eq!(before.header("etag"), after.header("etag"));
    let tag = [("authorization", &*one), ("if-none-match", before.header("etag"))];
    surface.call("GET", "schedules", &tag, "").is(304);
    let version = before.json()["version"].to_string();
    let since = format!("/api/changes?since={version}");
    surface.call("GET", &since, &[("authorization", &one)], "").is(304);
    surface.call("POST", "pause", &[("authorization", &root), ("x-tenant", "one")], "").is(200);
    assert_eq!(
        surface.call("GET", &since, &[("authorization", &one)], "").is(410).code(),
        "changes_forgotten"
    );
    surface.call("GET", "schedules", &tag, "").is(200);
}

#[test]
fn without_a_token_only_this_machine_is_answered() {
    let surface = Surface::open();
    let ask = |host: &str, origin: Option<&str>| {
        let mut headers = vec![("host", host)];
        headers.extend(origin.map(|origin| ("origin", origin)));
        surface.call("GET", "/api/whoami", &headers, "").status.as_u16()
    };

    for host in ["localhost", "localhost:8000", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8000"] {
        assert_eq!(ask(host, None), 200, "{host}");
        assert_eq!(ask(host, Some(&format!("http://{host}"))), 200, "{host}");
    }
    for host in
        ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "10.0.0.1", "[::2]", "127.0.0.1:x"]
    {
        assert_eq!(ask(host, None), 421, "{host}");
    }
    for origin in ["http://evil.example", "null", "http://localhost.evil.example", "https://127.0.0.1.nip.io"]
    {
        assert_eq!(ask("localhost:8000", Some(origin)), 403, "{origin}");
    }
    assert_eq!(Surface::guarded().call("GET", "/api/whoami", &[("host", "localhost")], "").status, 401);
}

#[test]
fn headers_narrow_the_local_admin_and_mean_nothing_beside_tokens() {
    let surface = Surface::open();
    let role = |headers: &[(&str, &str)]| {
        surface.call("GET", "/api/whoami", headers, "").is(200).json()["role"].as_str().unwrap().to_owned()
    };

    assert_eq!(role(&[]), "admin");
    assert_eq!(role(&[("x-role", "ops")]), "operator");
    assert_eq!(role(&[("x-role", "viewer")]), "viewer");
    assert_eq!(role(&[("x-role", "emperor")]), "viewer");
    assert_eq!(role(&[("x-ops", "1")]), "operator");
    assert_eq!(role(&[("x-ops", "1"), ("x-role", "viewer")]), "viewer");
    assert_eq!(role(&[("x-ops", "0")]), "admin");
    let refused = surface.call("POST", "schedule", &[("x-role", "viewer"), ("x-tenant", "a")], "").is(403);
    assert_eq!(refused.code(), "role_too_low");
    assert_eq!(refused.json()["detail"], "operator privileges required");

    let viewer = bearer(&surface.token(Role::Viewer, Scope::All, None));
    let raised = [("authorization", &*viewer), ("x-role", "admin"), ("x-ops", "1"), ("x-tenant", "a")];
    surface.call("POST", "schedule", &raised, "").is(403);
    surface.call("GET", "/api/whoami", &[], "").is(401);
}

#[test]
fn denials_are_audited_and_a_flood_of_them_is_summed_up() {
    let surface = Surface::guarded();
    let viewer = bearer(&surface.token(Role::Viewer, Scope::Only([tenant("a")].into()), None));

    surface.call("POST", "pause", &[("authorization", &viewer)], "").is(403);
    surface.call("GET", "schedule", &[("authorization", &viewer), ("x-tenant", "b")], "").is(404);
    surface
        .call("GET", "schedules", &[("authorization", "Bearer alk_nonsense"), ("x-request-id", "r1")], "")
        .is(401);
    let denied = surface.audited("denied");

    let reasons: Vec<_> = denied.iter().map(|entry| entry["metadata"]["reason"].clone()).collect();
    assert_eq!(reasons, ["role_too_low", "foreign_tenant", "unauthenticated"]);
    assert_eq!(denied[1]["actor"], "viewer");
    assert_eq!(denied[2]["request_id"], "r1");
    for _ in 0..100 {
        surface.call("GET", "schedules", &[], "").is(401);
    }
    assert_eq!(surface.audited("denied").len(), 30);
    surface.pass(61);
    surface.call("GET", "schedules", &[], "").is(401);
    assert_eq!(surface.audited("denied").last().unwrap()["metadata"]["suppressed_before"], 73);
}

#[test]
fn a_principal_has_its_own_limits_and_open_mode_has_none() {
    let surface = Surface::guarded();
    let first = bearer(&surface.token(Role::Operator, Scope::All, None));
    let second = bearer(&surface.token(Role::Operator, Scope::All, None));
    let read = |token: &str| surface.call("GET", "schedules", &[("authorization", token)], "");

    assert!((0..200).all(|_| read(&first).status == 200));
    let refused = read(&first).is(429);
    assert_eq!(refused.code(), "too_many_requests");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(read(&second).status, 200);
    surface.clock.advance(Duration::from_secs(1));
    assert_eq!((0..200).filter(|_| read(&first).status == 200).count(), 100);
    let write =
        || surface.call("POST", "pause", &[("authorization", &first), ("x-tenant", "a")], "").status.as_u16();
    assert_eq!((0..150).filter(|_| write() == 404).count(), 100);

    let open = Surface::open();
    assert!((0..500).all(|_| open.call("GET", "schedules", &[], "").status == 200));
}

#[test]
fn bad_tokens_are_limited_and_good_ones_still_work() {
    let surface = Surface::guarded();
    let good = bearer(&surface.token(Role::Viewer, Scope::All, None));
    let bad = format!("Bearer alk_{}_{}", "0".repeat(16), "A".repeat(43));
    let guess = || surface.call("GET", "schedules", &[("authorization", &bad)], "").status.as_u16();

    let statuses: Vec<_> = (0..150).map(|_| guess()).collect();

    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 120);
    assert_eq!(*statuses.last().unwrap(), 429);
    surface.call("GET", "schedules", &[("authorization", &good)], "").is(200);
}

#[test]
fn the_tick_token_ticks_and_reads_metrics_only() {
    let surface =
        Surface::with(|app| app.tick_token(Some(scheduler_core::domain::Secret::new("tick-tick-tick"))));
    let tick = [("authorization", "Bearer tick-tick-tick")];

    assert_eq!(surface.call("POST", "/ops/tick", &tick, "").is(200).json()["claimed"], 0);
    surface.call("GET", "/metrics", &tick, "").is(200);
    surface.call("GET", "schedules", &tick, "").is(401);
    surface.call("POST", "/ops/tick", &[("authorization", "Bearer wrong")], "").is(401);
}

#[test]
fn a_session_is_a_cookie_that_dies_with_its_token() {
    let surface = Surface::guarded();
    let token = surface.token(Role::Operator, Scope::All, None);
    surface.call("POST", "/api/session", &[], r#"{"token":"alk_wrong"}"#).is(401);
    let begun = surface.call("POST", "/api/session", &[], &format!(r#"{{"token":"{token}"}}"#)).is(200);
    let cookie = begun.header("set-cookie").to_owned();

    for part in ["__Host-alk=", "; Path=/", "; HttpOnly", "; SameSite=Strict", "; Secure", "; Max-Age=43200"]
    {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains(&token));
    let pair = cookie.split(';').next().unwrap().to_owned();
    let whoami = || surface.call("GET", "/api/whoami", &[("cookie", &pair)], "").status.as_u16();
    assert_eq!(whoami(), 200);
    surface.pass(12 * 3600 - 1);
    assert_eq!(whoami(), 200);
    surface.pass(2);
    assert_eq!(whoami(), 401);

    let begun = surface.call("POST", "/api/session", &[], &format!(r#"{{"token":"{token}"}}"#)).is(200);
    let pair = begun.header("set-cookie").split(';').next().unwrap().to_owned();
    surface.call("GET", "/api/whoami", &[("cookie", &pair)], "").is(200);
    let id = token.split('_').nth(1).unwrap();
    surface.token(Role::Admin, Scope::All, None);
    surface.system(Write::RevokeToken(id.into()));
    surface.call("GET", "/api/whoami", &[("cookie", &pair)], "").is(401);
    let ended = surface.call("DELETE", "/api/session", &[], "").is(200);
    assert!(ended.header("set-cookie").contains("Max-Age=0"));
}

#[test]
fn a_cookie_writes_only_from_our_own_page() {
    let surface = Surface::guarded();
    let token = surface.token(Role::Operator, Scope::All, None);
    let begun = surface.call("POST", "/api/session", &[], &format!(r#"{{"token":"{token}"}}"#)).is(200);
    let pair = begun.header("set-cookie").split(';').next().unwrap().to_owned();
    let write = |more: &[(&str, &str)]| {
        let mut headers = vec![("cookie", &*pair), ("x-tenant", "a"), ("host", "cc.example")];
        headers.extend(more);
        surface.call("POST", "schedule", &headers, "").status.as_u16()
    };

    let table: [(&[(&str, &str)], u16); 10] = [
        (&[("sec-fetch-site", "same-origin")], 200),
        (&[("sec-fetch-site", "none")], 200),
        (&[("sec-fetch-site", "same-site")], 403),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("sec-fetch-site", "cross-site"), ("origin", "https://cc.example")], 403),
        (&[("origin", "https://cc.example")], 200),
        (&[("origin", "https://evil.example")], 403),
        (&[("origin", "https://cc.example.evil.example")], 403),
        (&[("origin", "null")], 403),
        (&[], 403),
    ];
    for (headers, status) in table {
        assert_eq!(write(headers), status, "{headers:?}");
    }
    let bearer = bearer(&token);
    surface.call("POST", "schedule", &[("authorization", &bearer), ("x-tenant", "a")], "").is(200);
    surface
        .call("GET", &format!("{A}/schedules"), &[("cookie", &pair), ("sec-fetch-site", "cross-site")], "")
        .is(200);
}
