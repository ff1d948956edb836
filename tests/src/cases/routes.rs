//! Every route: methods, headers, media types, and what is public.

use serde_json::{Value, json};

use super::setup::{everything, idle, quiet, run};
use crate::host::Host;
use crate::{Ask, ask, delete, get, needs, patch, post, put};

/// Targets with the methods that they know.
const TARGETS: [(&str, &[&str]); 33] = [
    ("schedule", &["GET", "POST", "PATCH", "DELETE"]),
    ("schedule/status", &["GET"]),
    ("schedules", &["GET"]),
    ("schedule/preview", &["GET", "POST"]),
    ("pause", &["POST"]),
    ("resume", &["POST"]),
    ("run-now", &["POST"]),
    ("runs/00000000000000000000000000/cancel", &["POST"]),
    ("bulk", &["GET", "POST"]),
    ("bulk/0-1", &["GET"]),
    ("bulk/0-1/cancel", &["POST"]),
    ("runs", &["GET"]),
    ("runs/00000000000000000000000000", &["GET"]),
    ("occurrences", &["GET"]),
    ("explain", &["GET"]),
    ("audit", &["GET"]),
    ("audit/export", &["GET"]),
    ("connection", &["GET", "PUT", "DELETE"]),
    ("connection/test", &["POST"]),
    ("records", &["GET"]),
    ("records/jobs/x", &["GET"]),
    ("records/export", &["GET"]),
    ("/api/audit/verify", &["GET"]),
    ("/api/changes", &["GET"]),
    ("/api/whoami", &["GET"]),
    ("/api/session", &["POST", "DELETE"]),
    ("/api/tokens", &["GET", "POST"]),
    ("/api/tokens/x", &["DELETE"]),
    ("/api/capabilities", &["GET"]),
    ("/ops/tick", &["POST"]),
    ("/ops/ping", &["GET"]),
    ("/ops/health", &["GET"]),
    ("/openapi.json", &["GET"]),
];

/// A method that a route does not know is refused, with those that it does.
pub async fn a_wrong_method_is_refused_with_the_right_ones(host: &dyn Host) {
    for (target, methods) in TARGETS {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
            if methods.contains(&method) {
                continue;
            }
            let answer = ask(method, target).tenant("peakpro").of(host).await;
            assert_eq!(
                (answer.status, &answer.problem()["code"]),
                (405, &json!("method_not_allowed")),
                "{answer}"
            );
            let allow = answer.header("allow");
            assert!(
                methods.iter().all(|known| allow.split(',').any(|name| name.trim() == *known)),
                "{answer}"
            );
        }
    }
}

/// `HEAD` answers as `GET` does, without the body.
pub async fn head_answers_as_get_without_the_body(host: &dyn Host) {
    idle(host, "peakpro").await;
    run(host, "peakpro").await;
    for (target, methods) in TARGETS {
        if !methods.contains(&"GET") || target == "/api/changes" {
            continue;
        }
        let got = get(target).tenant("peakpro").of(host).await;
        let head = ask("HEAD", target).tenant("peakpro").of(host).await;
        assert_eq!(head.status, got.status, "{head}");
        for name in ["content-type", "etag", "cache-control"] {
            assert_eq!(head.header(name), got.header(name), "{name} of {head}");
        }
    }
}

/// Addresses that lead nowhere, sources that are none.
pub async fn what_is_nowhere_is_not_found(host: &dyn Host) {
    for target in
        ["nothing", "schedule/", "schedule/x", "/api", "/api/", "/api/x", "/ops/x", "/api/crm/import"]
    {
        for method in ["GET", "POST"] {
            ask(method, target).tenant("peakpro").refused(host, 404, "route_unknown").await;
        }
    }
    for source in ["nope", "ACCULYNX", "acculynx%00", "..", "%2e%2e"] {
        for (method, path) in [("GET", "schedules"), ("GET", "schedule"), ("POST", "pause"), ("POST", "bulk")]
        {
            let answer =
                ask(method, &format!("/api/crm/import/{source}/{path}")).tenant("peakpro").of(host).await;
            assert_eq!(answer.status, 404, "{answer}");
        }
    }
    get("/api/crm/import/nope/schedules").refused(host, 404, "source_unknown").await;
}

/// A tenant must be named, by a name that can be one.
pub async fn a_tenant_must_be_named_well(host: &dyn Host) {
    for (target, methods) in TARGETS.iter().take(22) {
        let no_tenant = ["schedules", "schedule/status", "bulk", "runs", "audit", "audit/export"];
        if no_tenant.contains(target) || target.starts_with("runs/") || target.starts_with("bulk/") {
            continue;
        }
        for method in *methods {
            ask(method, target).refused(host, 400, "tenant_required").await;
            for wrong in ["Peak", "peak pro", "-peak", ".peak", "peak/pro", "päk", "", "a,b", &"a".repeat(65)]
            {
                let answer = ask(method, target).tenant(wrong).of(host).await;
                assert_eq!(
                    (answer.status, &answer.problem()["code"]),
                    (400, &json!("tenant_invalid")),
                    "{answer}"
                );
                assert!(wrong.is_empty() || wrong.len() < 4 || !answer.holds(wrong), "{answer}");
            }
        }
    }
    for fine in ["a", "0", "a.b", "a_b-c", &"a".repeat(64)] {
        quiet(host, fine).await;
    }
}

/// A request's id is taken, bounded and printable, or made; it is in the answer and in the audit.
pub async fn a_request_id_is_echoed_or_made(host: &dyn Host) {
    let ask = post("schedule").tenant("peakpro").header("x-request-id", "my-id-7");
    assert_eq!(ask.of(host).await.header("x-request-id"), "my-id-7");
    let entries = super::setup::audit(host, "tenant=peakpro").await;
    assert!(entries.iter().any(|entry| entry["request_id"] == "my-id-7"), "{entries:?}");

    let long = "x".repeat(129);
    for wrong in ["", "two words", "ä", "tab\tbed", long.as_str()] {
        let answer = get("/ops/ping").header("x-request-id", wrong).of(host).await;
        assert_ne!(answer.header("x-request-id"), wrong);
    }
    let made: std::collections::BTreeSet<_> = {
        let mut made = std::collections::BTreeSet::new();
        for _ in 0..50 {
            made.insert(get("/ops/ping").of(host).await.header("x-request-id").to_owned());
        }
        made
    };
    assert_eq!(made.len(), 50, "no id comes twice");
}

/// Where the command came from is what the client says of itself.
pub async fn the_audit_knows_where_a_command_came_in(host: &dyn Host) {
    quiet(host, "peakpro").await;
    for (client, source) in [("ui", "ui"), ("cli", "cli"), ("system", "api"), ("x", "api")] {
        post("pause").tenant("peakpro").header("x-client", client).good(host).await;
        let entries = super::setup::audit(host, "tenant=peakpro&operation=pause").await;
        assert_eq!(entries[0]["source"], source, "{client}");
    }
}

/// What a host can do is told to anybody, and fits what it does.
pub async fn capabilities_health_and_ping_are_public(host: &dyn Host) {
    let told = get("/api/capabilities").anonymous().good(host).await;
    let capabilities = host.capabilities();
    assert_eq!(told["host"], capabilities.name, "{told}");
    assert_eq!(told["streaming"], capabilities.streaming, "{told}");
    assert_eq!(told["auth"], if capabilities.open_mode { "open" } else { "token" }, "{told}");
    assert_eq!(told["sources"], json!(["acculynx"]));
    for name in ["poll_interval_sec", "min_interval_sec", "max_interval_sec"] {
        assert!(told[name].is_u64(), "{name} in {told}");
    }
    let ping = get("/ops/ping").anonymous().good(host).await;
    assert_eq!((&ping["status"], &ping["service"]), (&json!("up"), &json!("command-center")));
    assert!(ping["version"].is_string(), "{ping}");
    let health = get("/ops/health").anonymous().good(host).await;
    assert_eq!(health["status"], "healthy", "a fresh install is healthy: {health}");
    for name in ["store", "ticker", "upstreams"] {
        assert_eq!(health["components"][name]["ok"], true, "{health}");
    }
    let unstreamed = get("/api/events");
    if !capabilities.streaming {
        unstreamed.refused(host, 404, "streaming_unavailable").await;
    }
}

/// The document tells of every route.
pub async fn the_document_tells_of_every_route(host: &dyn Host) {
    let document = get("/openapi.json").anonymous().of(host).await;
    assert_eq!((document.status, document.header("content-type")), (200, "application/json"), "{document}");
    let document = document.json();
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.")), "{document}");
    let fits = |path: &str, target: &str| {
        let same = |(part, given): (&str, &str)| part.starts_with('{') || part == given;
        path.split('/').count() == target.split('/').count()
            && path.split('/').zip(target.split('/')).all(same)
    };
    for (target, methods) in TARGETS {
        let target = if target.starts_with('/') {
            target.to_owned()
        } else {
            format!("{}/{target}", crate::ask::BASE)
        };
        let paths = document["paths"].as_object().expect("paths");
        let found: Vec<_> = paths.iter().filter(|(path, _)| fits(path, &target)).collect();
        for method in methods {
            let method = method.to_lowercase();
            assert!(found.iter().any(|(_, item)| item.get(&method).is_some()), "{method} {target}");
        }
    }
}

/// Metrics are text for Prometheus, and count what happened.
pub async fn metrics_count_what_happened(host: &dyn Host) {
    needs!(host, one_process);
    idle(host, "peakpro").await;
    run(host, "peakpro").await;
    let answer = get("/metrics").of(host).await;
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text();
    assert!(text.lines().any(|line| line.contains("peakpro") && line.ends_with(" 1")), "{text}");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (_, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
    delete("schedule").tenant("peakpro").good(host).await;
    let text = get("/metrics").of(host).await;
    assert!(!text.holds("tenant=\"peakpro\""), "a deleted schedule leaves no series: {text}");
}

/// Bodies must be JSON, of a bounded length, and say so.
pub async fn bodies_are_json_of_a_bounded_length(host: &dyn Host) {
    quiet(host, "peakpro").await;
    let before = everything(host).await;
    let ask = || patch("schedule").tenant("peakpro");
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json", "x"]
    {
        let answer = ask().header("content-type", kind).body(r#"{"note":"x"}"#).of(host).await;
        assert_eq!(
            (answer.status, &answer.problem()["code"]),
            (415, &json!("media_type_unsupported")),
            "{kind} {answer}"
        );
    }
    for garbage in [
        "{",
        "}",
        "{\"note\":}",
        "{'note':1}",
        "{\"note\":\"x\"}x",
        "nul",
        "\u{feff}{}",
        "[1",
        "\"",
        "{\"a\":1,}",
    ] {
        let refused = ask().body(garbage).of(host).await;
        assert_eq!(
            (refused.status, &refused.problem()["code"]),
            (400, &json!("json_invalid")),
            "{garbage} {refused}"
        );
    }
    for other in ["[]", "1", "\"x\"", "true"] {
        let refused = ask().body(other).refused(host, 422, "field_invalid").await;
        assert_eq!(refused["field"], "body", "{other}");
    }
    ask().body(vec![b'{', b'"', 0xff, b'"', b':', b'1', b'}']).refused(host, 400, "json_invalid").await;
    let long = format!(r#"{{"note":"x"{}}}"#, " ".repeat(64 * 1024));
    ask().body(long).refused(host, 413, "body_too_large").await;
    assert_eq!(everything(host).await, before);
    for kind in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/merge-patch+json",
    ] {
        ask().header("content-type", kind).body(format!(r#"{{"note":"{}"}}"#, kind.len())).good(host).await;
    }
}

/// A field that nobody knows is named, in every request.
pub async fn unknown_fields_are_named_in_every_request(host: &dyn Host) {
    quiet(host, "peakpro").await;
    let before = everything(host).await;
    let known = json!({ "api_key": "canary" });
    let asks: [(Ask, Value); 12] = [
        (post("schedule"), json!({})),
        (patch("schedule"), json!({})),
        (delete("schedule"), json!({})),
        (post("schedule/preview"), json!({})),
        (post("pause"), json!({})),
        (post("resume"), json!({})),
        (post("run-now"), json!({})),
        (put("connection"), known),
        (delete("connection"), json!({})),
        (post("bulk"), json!({ "operation": "pause", "filter": { "all": true } })),
        (post("/api/tokens"), json!({ "name": "x", "role": "admin" })),
        (post("/api/session"), json!({ "token": "x" })),
    ];
    for (ask, mut body) in asks {
        body["wrench"] = json!({ "deep": [1] });
        let refused = ask.tenant("peakpro").json(body).refused(host, 422, "field_invalid").await;
        assert_eq!(refused["field"], "wrench", "{refused}");
    }
    assert_eq!(everything(host).await, before);
}
