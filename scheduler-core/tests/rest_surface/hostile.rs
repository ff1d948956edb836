//! Input of every kind. Nothing gets a 5xx, and every complaint names what is wrong.

use axum::body::Body;
use http::Request;

use super::harness::{A, Script, Surface};

#[test]
fn every_wrong_field_is_named_with_its_bound() {
    let surface = Surface::open();
    let wrong = [
        (r#"{"interval_sec":1e30}"#, "interval_sec"),
        (r#"{"interval_sec":300.0}"#, "interval_sec"),
        (r#"{"interval_sec":-1}"#, "interval_sec"),
        (r#"{"interval_sec":"300"}"#, "interval_sec"),
        (r#"{"interval_sec":true}"#, "interval_sec"),
        (r#"{"interval_sec":[300]}"#, "interval_sec"),
        (r#"{"interval_sec":0}"#, "interval_sec"),
        (r#"{"interval_sec":4}"#, "interval_sec"),
        (r#"{"interval_sec":604801}"#, "interval_sec"),
        (r#"{"interval_sec":4294967296}"#, "interval_sec"),
        (r#"{"interval_sec":18446744073709551616}"#, "interval_sec"),
        (r#"{"interval_sec":300,"cron":"* * * * *"}"#, "cron"),
        (r#"{"interval_sec":300,"timezone":"UTC"}"#, "timezone"),
        (r#"{"cron":"* * * *"}"#, "cron"),
        (r#"{"cron":"61 * * * *"}"#, "cron"),
        (r#"{"cron":5}"#, "cron"),
        (r#"{"cron":"* * * * *","timezone":"Mars/Olympus"}"#, "timezone"),
        (r#"{"jitter_sec":3601}"#, "jitter_sec"),
        (r#"{"jitter_sec":-0.5}"#, "jitter_sec"),
        (r#"{"starts_at":"yesterday"}"#, "starts_at"),
        (r#"{"starts_at":1e300}"#, "starts_at"),
        (r#"{"starts_at":{}}"#, "starts_at"),
        (r#"{"starts_at":"2027-01-02T00:00:00Z","ends_at":"2027-01-01T00:00:00Z"}"#, "ends_at"),
        (r#"{"timeout_sec":0}"#, "timeout_sec"),
        (r#"{"overlap":"both"}"#, "overlap"),
        (r#"{"catch_up":"some"}"#, "catch_up"),
        (r#"{"catch_up":7}"#, "catch_up"),
        (r#"{"catch_up":{"all":0}}"#, "catch_up.all"),
        (r#"{"catch_up":{"all":1001}}"#, "catch_up.all"),
        (r#"{"catch_up":{}}"#, "catch_up.all"),
        (r#"{"catch_up":{"all":1,"x":2}}"#, "catch_up.x"),
        (r#"{"retry":{"max_attempts":0}}"#, "retry.max_attempts"),
        (r#"{"retry":{"base_sec":100,"max_sec":10}}"#, "retry.max_sec"),
        (r#"{"retry":{"often":1}}"#, "retry.often"),
        (r#"{"retry":3}"#, "retry"),
        (r#"{"pause_after_failures":0}"#, "pause_after_failures"),
        (r#"{"note":5}"#, "note"),
        (r#"{"note":"a\u0000b"}"#, "note"),
        (r#"{"tags":"x"}"#, "tags"),
        (r#"{"tags":["UPPER"]}"#, "tags"),
        (r#"{"tags":[1]}"#, "tags"),
        (r#"{"interval_sec":300,"intervall":1}"#, "intervall"),
        (r#"{"paused":true}"#, "paused"),
        (r#"{"__proto__":{}}"#, "__proto__"),
        ("[]", "body"),
        ("5", "body"),
        ("\"x\"", "body"),
    ];

    for (body, field) in wrong {
        let answer = surface.post("a", "schedule", body).is(422);
        assert_eq!(answer.code(), "field_invalid", "{body}");
        assert_eq!(answer.json()["field"], field, "{body}");
        assert!(answer.json()["detail"].as_str().unwrap().starts_with(field), "{body}: {}", answer.text);
    }
    let bound = surface.post("a", "schedule", r#"{"interval_sec":4}"#).json()["detail"].clone();
    assert_eq!(bound, "interval_sec must be between 5 and 604800 seconds");
    surface.get("a", "schedule").is(404);
}

#[test]
fn what_is_not_json_is_refused() {
    let surface = Surface::open();
    for body in ["{", "nul", "{\"a\":}", "\u{feff}{}", "{\"interval_sec\":1e999}", "{} {}", "'", "\u{0}"] {
        assert_eq!(surface.post("a", "schedule", body).is(400).code(), "json_invalid", "{body}");
    }
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    assert_eq!(surface.post("a", "schedule", &deep).is(400).code(), "json_invalid");
    let deep = format!("{}1{}", r#"{"a":"#.repeat(9_000), "}".repeat(9_000));
    assert_eq!(surface.post("a", "schedule", &deep).is(400).code(), "json_invalid");
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""] {
        let headers = [("x-tenant", "a"), ("content-type", kind)];
        assert_eq!(surface.call("POST", "schedule", &headers, "{}").is(415).code(), "media_type_unsupported");
        surface.call("POST", "schedule", &headers, "").is(200);
    }
    let json = [("x-tenant", "a"), ("content-type", "Application/JSON; charset=utf-8")];
    surface.call("POST", "schedule", &json, "{}").is(200);
    let broken = Request::post(format!("{A}/schedule")).header("x-tenant", "a");
    surface.send(broken.body(Body::from(vec![0xff, 0xfe, b'{'])).unwrap()).is(400);
}

#[test]
fn long_bodies_are_refused_announced_or_not() {
    let surface = Surface::open();
    let long = format!(r#"{{"note":"{}"}}"#, "x".repeat(64 * 1024));
    assert_eq!(surface.post("a", "schedule", &long).is(413).code(), "body_too_large");
    let announced = [("x-tenant", "a"), ("content-length", "99999999999")];
    surface.call("POST", "schedule", &announced, "{}").is(413);
    let chunks = (0..200).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1000]));
    let streamed = Request::post(format!("{A}/schedule")).header("x-tenant", "a");
    surface.send(streamed.body(Body::from_stream(futures::stream::iter(chunks))).unwrap()).is(413);
    let bulk = format!(r#"{{"operation":"pause","filter":{{"all":true}},"x":"{}"}}"#, "x".repeat(500_000));
    surface.call("POST", "bulk", &[], &bulk).is(422);
    let bulk = "x".repeat(1024 * 1024 + 1);
    surface.call("POST", "bulk", &[], &bulk).is(413);
    let failing = [Err::<Vec<u8>, _>(std::io::Error::other("gone"))];
    let cut = Request::post(format!("{A}/schedule")).header("x-tenant", "a");
    let answer = surface.send(cut.body(Body::from_stream(futures::stream::iter(failing))).unwrap());
    assert_eq!(answer.is(400).code(), "body_broken");
}

#[test]
fn tenants_follow_their_grammar() {
    let surface = Surface::open();
    let long = "a".repeat(65);
    for name in
        ["", "A", "-a", ".a", "a b", "a/b", "../a", "=cmd()", "<script>", "a\tb", "ä", "a\u{202e}b", &long]
    {
        let request = Request::post(format!("{A}/schedule")).header("x-tenant", name.as_bytes());
        let answer = surface.send(request.body(Body::empty()).unwrap()).is(400);
        assert_eq!(answer.code(), "tenant_invalid", "{name}");
        assert!(name.len() < 2 || !answer.json()["detail"].as_str().unwrap().contains(name), "{name}");
    }
    let none = surface.call("POST", "schedule", &[], "").is(400);
    assert_eq!(none.code(), "tenant_required");
    surface.post(&"a".repeat(64), "schedule", "").is(200);
    surface.post("0.a_b-c", "schedule", "").is(200);
}

#[test]
fn addresses_and_methods_that_do_not_exist_are_problems() {
    let surface = Surface::open();
    for path in [
        "/",
        "/api",
        "/api/nothing",
        "/ops",
        "/apix",
        "/api/crm/import/acculynx",
        "/metrics/x",
        "/%00",
        "/..%2f",
    ] {
        assert_eq!(surface.call("GET", path, &[], "").is(404).code(), "route_unknown", "{path}");
    }
    for source in ["hubspot", "ACCULYNX", "acculynx%00", "_system"] {
        let answer = surface.call("GET", &format!("/api/crm/import/{source}/schedules"), &[], "").is(404);
        assert_eq!(answer.code(), "source_unknown", "{source}");
    }
    for (method, path, allow) in [
        ("PUT", "schedule", "GET,HEAD,POST,PATCH,DELETE"),
        ("GET", "pause", "POST"),
        ("POST", "schedules", "GET,HEAD"),
        ("BREW", "/ops/ping", "GET,HEAD"),
        ("OPTIONS", "/api/whoami", "GET,HEAD"),
    ] {
        let answer = surface.call(method, path, &[], "").is(405);
        assert_eq!(answer.code(), "method_not_allowed");
        let mut allowed: Vec<_> = answer.header("allow").split(',').map(str::trim).collect();
        let mut expected: Vec<_> = allow.split(',').collect();
        allowed.sort_unstable();
        expected.sort_unstable();
        assert_eq!(allowed, expected, "{method} {path}");
    }
    for run in ["x", "../../x", "0000000000000000000000000O", "%ff", "00000000000000000000000000"] {
        let answer = surface.call("GET", &format!("runs/{run}"), &[], "");
        assert_eq!(answer.status, 404, "{run}: {}", answer.text);
    }
}

#[test]
fn a_head_is_a_get_without_its_body() {
    let surface = Surface::open();
    surface.post("a", "schedule", "").is(200);
    for path in [
        "schedule",
        "schedules",
        "schedule/status",
        "/ops/ping",
        "/openapi.json",
        "audit/export",
        "/api/events",
    ] {
        let answer = surface.call("HEAD", path, &[("x-tenant", "a")], "").is(200);
        assert_eq!(answer.text, "", "{path}");
    }
    let missing = surface.call("HEAD", "schedule", &[("x-tenant", "b")], "").is(404);
    assert_eq!(missing.text, "");
}

#[test]
fn every_answer_carries_its_id_and_the_safety_headers() {
    let surface = Surface::open();
    let paths = [
        "schedules",
        "/ops/ping",
        "/nowhere",
        "/openapi.json",
        "schedule",
        "/metrics",
        "pause",
        "/api/changes",
    ];
    for path in paths {
        let answer = surface.call("GET", path, &[("x-request-id", "abc-1")], "");
        assert_eq!(answer.header("x-request-id"), "abc-1", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{path}");
        assert!(!answer.header("cache-control").is_empty(), "{path}");
    }
    let long = "x".repeat(129);
    let mut seen = std::collections::HashSet::new();
    for id in ["", " ", "a b", "é", &long] {
        let request = Request::get("/ops/ping").header("x-request-id", id.as_bytes());
        let made = surface.send(request.body(Body::empty()).unwrap()).header("x-request-id").to_owned();
        assert_ne!(made, id);
        assert!(made.len() == 16 && seen.insert(made));
    }
}

#[test]
fn hostile_parameters_are_refused_by_name() {
    let surface = Surface::open();
    surface.post("a", "schedule", "").is(200);
    for (path, status) in [
        ("runs?since=x", 422),
        ("runs?until=1e400", 422),
        ("runs?state=asleep", 422),
        ("runs?trigger=whim", 422),
        ("runs?limit=99999999999999999999999", 422),
        ("occurrences?since=1", 422),
        ("explain?at=never", 422),
        ("records?changed_since=NaN", 422),
        ("records?changed_since=inf", 422),
        ("/api/changes?since=-1", 422),
        ("/api/changes", 422),
        ("schedules?q=%ff%fe", 200),
        ("schedules?%", 200),
        ("schedules?a=b&a=c&limit=5", 200),
        ("runs?since=2027-01-01T00:00:00%2B02:00", 200),
        ("runs?since=2027-01-01T00:00:00+02:00", 200),
    ] {
        let answer = surface.get("a", path);
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text);
    }
    let long = format!("schedules?q={}", "x".repeat(5000));
    surface.get("a", &long).is(422);
}

#[test]
fn a_panic_is_a_problem_that_tells_nothing() {
    let surface = Surface::open();
    surface.call("PUT", "connection", &[("x-tenant", "a")], r#"{"api_key":"k"}"#).is(200);
    surface.script(Script::Panic);

    let answer = surface.post("a", "connection/test", "").is(500);

    assert_eq!(answer.code(), "internal");
    assert!(!answer.text.contains("script") && !answer.text.contains("secret"), "{}", answer.text);
    let metrics = surface.call("GET", "/metrics", &[], "").text;
    assert!(
        metrics.lines().any(|line| line.contains("connection/test") && line.contains("5xx")),
        "{metrics}"
    );
}

#[test]
fn the_web_app_answers_what_is_not_the_api() {
    let page = axum::Router::new().fallback(|| async { "page" });
    let surface = Surface::with(|app| app.ui(page));

    for path in ["/", "/tenants/a", "/apix", "/index.html"] {
        assert_eq!(surface.call("GET", path, &[], "").is(200).text, "page", "{path}");
    }
    for (method, path) in
        [("GET", "/api/x"), ("GET", "/ops"), ("GET", "/metrics/x"), ("POST", "/"), ("PUT", "/x")]
    {
        assert_eq!(surface.call(method, path, &[], "").is(404).code(), "route_unknown", "{path}");
    }
}
