//! Input that means harm: always a refusal with a code, and nothing changed.

use serde_json::{Value, json};

use super::setup::{everything, idle};
use crate::host::Host;
use crate::random::Random;
use crate::upstream::key_of;
use crate::{Ask, ask, delete, get, patch, post, put};

const WRITES: [(&str, &str); 9] = [
    ("POST", "schedule"),
    ("PATCH", "schedule"),
    ("POST", "schedule/preview"),
    ("POST", "pause"),
    ("POST", "run-now"),
    ("PUT", "connection"),
    ("POST", "bulk"),
    ("POST", "/api/tokens"),
    ("POST", "/api/session"),
];

/// Sends it and expects a refusal.
async fn refused(host: &dyn Host, ask: Ask, what: &str) {
    let answer = ask.of(host).await;
    assert!((400..500).contains(&answer.status), "{what}: {answer}");
    answer.problem();
}

/// Random bytes, and JSON with random bytes changed.
pub async fn random_bytes_change_nothing(host: &dyn Host) {
    idle(host, "peakpro").await;
    let before = everything(host).await;
    let mut random = Random::new(0x5eed);
    for round in 0..180 {
        let (method, target) = WRITES[round % WRITES.len()];
        let length = random.below(300) as usize + 1;
        let mut bytes = random.bytes(length);
        if bytes.iter().all(u8::is_ascii_whitespace) {
            bytes[0] = b'~';
        }
        let ask = ask(method, target).tenant("peakpro").body(bytes.clone());
        refused(host, ask, &format!("{bytes:02x?}")).await;
    }
    assert_eq!(everything(host).await, before);
}

/// Values of wrong types and absurd sizes, in every field of every request.
pub async fn absurd_values_in_every_field_change_nothing(host: &dyn Host) {
    idle(host, "peakpro").await;
    let before = everything(host).await;
    let fields: [(&str, &str, &[&str]); 6] = [
        ("POST", "schedule", &["interval_sec", "jitter_sec", "timeout_sec", "pause_after_failures"]),
        (
            "PATCH",
            "schedule",
            &["cron", "timezone", "starts_at", "ends_at", "overlap", "catch_up", "retry", "tags"],
        ),
        ("POST", "pause", &["until", "reason"]),
        ("POST", "run-now", &["wait_sec", "reason"]),
        ("PUT", "connection", &["api_key", "base_url"]),
        ("POST", "bulk", &["operation", "filter", "expect", "dry_run"]),
    ];
    let absurd = [
        "1e30",
        "-1e30",
        "1e400",
        "-0.5",
        "9223372036854775808",
        "18446744073709551616",
        "-9223372036854775809",
        "\"NaN\"",
        "\"Infinity\"",
        "NaN",
        "Infinity",
        "-",
        "0x10",
        "[[]]",
        "{\"a\":{\"b\":1}}",
        "[null]",
        "true",
        "\"\\ud800\"",
        "\"\\u0000\"",
        "\"\\u202e\"",
        "\"' OR 1=1 --\"",
        "\"../../etc/passwd\"",
        "\"${jndi:ldap://x}\"",
    ];
    for (method, target, names) in fields {
        for name in names {
            for value in absurd {
                let text = value.starts_with('"') && !value.contains("ud800");
                let fine =
                    text && ["reason", "api_key"].contains(name) || *name == "dry_run" && value == "true";
                if fine {
                    continue;
                }
                let rest =
                    if *name == "dry_run" { r#","operation":"pause","filter":{"all":true}"# } else { "" };
                let body = format!(r#"{{"{name}":{value}{rest}}}"#);
                refused(host, ask(method, target).tenant("peakpro").body(body.clone()), &body).await;
            }
        }
    }
    assert_eq!(everything(host).await, before);
}

/// Text of every kind where text is due: kept as it is or refused, never a failure.
pub async fn text_of_every_kind_is_kept_or_refused(host: &dyn Host) {
    idle(host, "peakpro").await;
    let texts = [
        "<script>alert(1)</script>",
        "\u{0}",
        "\u{7}\u{8}",
        "\u{202e}gnp.exe",
        "\r\nx-role: admin",
        "ünïcödé 🦀",
        "'; drop table runs; --",
        "=cmd()",
        "{{7*7}}",
        "%s%n",
        "\u{feff}",
        "\\",
        "\"",
        "\u{2028}",
    ];
    for text in texts {
        for ask in [
            post("pause").json(json!({ "reason": text })),
            patch("schedule").json(json!({ "note": text })),
            patch("schedule").json(json!({ "tags": [text] })),
        ] {
            let answer = ask.tenant("peakpro").of(host).await;
            assert!(answer.status == 200 || answer.status == 422, "{text:?}: {answer}");
        }
        for path in ["schedules", "audit", "schedule/status"] {
            let list = get(path).of(host).await;
            assert_eq!(list.header("content-type"), "application/json");
        }
    }
    for (name, value) in
        [("note", json!("x".repeat(501))), ("tags", json!(vec!["x"; 17])), ("tags", json!(["x".repeat(33)]))]
    {
        let ask = patch("schedule").tenant("peakpro").json(json!({ name: value }));
        assert_eq!(ask.refused(host, 422, "field_invalid").await["field"], name);
    }
}

/// Nesting without end, huge numbers, huge bodies.
pub async fn nesting_and_bulk_are_bounded(host: &dyn Host) {
    idle(host, "peakpro").await;
    let before = everything(host).await;
    for (method, target) in WRITES {
        for body in [
            "[".repeat(30_000),
            "{\"a\":".repeat(10_000),
            format!("{{\"interval_sec\":{}}}", "9".repeat(20_000)),
            format!("{{\"note\":\"{}\"}}", "x".repeat(60_000)),
            format!("{{{}}}", "\"a\":1,".repeat(9_000)),
        ] {
            refused(host, ask(method, target).tenant("peakpro").body(body), target).await;
        }
        // Also a client that sends it all before it reads finds the refusal.
        let huge = ask(method, target).tenant("peakpro").body(vec![b' '; 3 * 1024 * 1024]);
        huge.refused(host, 413, "body_too_large").await;
    }
    assert_eq!(everything(host).await, before);
}

/// The same field twice, a claim of another's identity, another method in a header.
pub async fn claims_in_the_request_are_not_believed(host: &dyn Host) {
    idle(host, "peakpro").await;
    let before = everything(host).await;
    for ask in [
        put("connection").json(json!({ "api_key": key_of("peakpro"), "tenant": "summit" })),
        post("pause").json(json!({ "actor": "root" })),
        post("schedule").json(json!({ "revision": 1 })),
        post("schedule").json(json!({ "paused": false })),
        patch("schedule").json(json!({ "__proto__": { "role": "admin" } })),
        patch("schedule").json(json!({ "tenant": "summit" })),
    ] {
        refused(host, ask.tenant("peakpro"), "a claim").await;
    }
    let over = get("schedule").tenant("peakpro").header("x-http-method-override", "DELETE");
    over.good(host).await;
    let hop = post("pause")
        .tenant("nobody")
        .header("x-forwarded-for", "127.0.0.1")
        .header("x-original-url", "/ops/ping");
    hop.refused(host, 404, "schedule_not_found").await;
    assert_eq!(everything(host).await, before);
}

/// Odd targets and queries: refused or passed over, never a failure.
pub async fn odd_targets_never_fail(host: &dyn Host) {
    idle(host, "peakpro").await;
    let before = everything(host).await;
    for target in [
        "schedules?limit=%00",
        "schedules?q=%ff%fe",
        "schedules?%zz",
        "schedules?q=%F0%28%8C%28",
        "runs?since=%0d%0a",
        "audit?cursor=%2e%2e%2f",
        "schedules?limit=1&limit=x",
        "schedules?&&&===",
        "runs/%ff",
        "runs/%2e%2e%2fschedule",
        "records/%2fetc%2fpasswd/x",
        "records/jobs/%ff%fe",
        "/api/tokens/%00",
        "/api/../ops/ping",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/api/crm/import/%2e%2e/schedule",
        "schedules?tenant=%00",
        "occurrences?since=1e308&until=-1e308",
        "explain?at=-1",
        "occurrences?since=NaN",
        "explain?at=99999999999999999999",
        "runs?until=+275760-09-13T00:00:00Z",
        "//",
        "/\\..\\x",
    ] {
        let Ok(_) = format!(
            "http://x{}",
            if target.starts_with('/') { target.to_owned() } else { format!("/{target}") }
        )
        .parse::<http::Uri>() else {
            continue;
        };
        for method in ["GET", "POST", "DELETE"] {
            let answer = ask(method, target).tenant("peakpro").unchecked(host).await;
            assert!(answer.status < 500, "{answer}");
        }
    }
    let long = format!("schedules?q={}", "x".repeat(7000));
    refused(host, get(&long), "a long query").await;
    assert_eq!(everything(host).await, before);
}

/// Odd headers: bytes that are no text, lists, many of a kind.
pub async fn odd_headers_never_fail(host: &dyn Host) {
    idle(host, "peakpro").await;
    let before = everything(host).await;
    let odd: [&[u8]; 6] = [b"\xff\xfe", b"\x80", b"a\tb", b",", b"'\"<>", &[b'x'; 3000]];
    for name in [
        "x-tenant",
        "x-role",
        "x-ops",
        "authorization",
        "cookie",
        "if-match",
        "if-none-match",
        "idempotency-key",
        "x-request-id",
        "last-event-id",
        "content-type",
        "accept",
        "x-client",
        "origin",
        "sec-fetch-site",
        "accept-encoding",
    ] {
        for value in odd {
            let answer = get("schedules").header(name, value).of(host).await;
            assert!(answer.status < 500, "{name} {answer}");
            let ask = post("resume").header("x-role", "viewer").header(name, value);
            refused(host, ask, name).await;
        }
    }
    let two = get("schedule").tenant("peakpro").tenant("summit").of(host).await;
    assert!(two.status < 500, "{two}");
    let mut many = get("/ops/ping");
    for number in 0..60 {
        many = many.header(&format!("x-filler-{number}"), "x");
    }
    many.good(host).await;
    assert_eq!(everything(host).await, before);
}

/// Bodies where none is due, and none where one is due.
pub async fn bodies_where_none_is_due_never_fail(host: &dyn Host) {
    idle(host, "peakpro").await;
    for target in ["schedules", "schedule", "runs", "/ops/ping", "/api/whoami"] {
        let answer = get(target).tenant("peakpro").body("{\"x\":1}").of(host).await;
        assert_eq!(answer.status, 200, "{answer}");
    }
    for ask in [put("connection"), post("bulk"), post("/api/tokens"), post("/api/session")] {
        ask.tenant("peakpro").refused(host, 422, "field_invalid").await;
    }
    let gone = delete("schedule").tenant("peakpro").body("").good(host).await;
    assert_eq!(gone["message"], Value::from("Schedule deleted"));
}
