//! Events, as a stream and for pollers; sessions of machines.

use std::task::Poll;

use axum::body::Body;
use futures::executor::block_on;
use futures::task::noop_waker_ref;
use http::Request;
use http_body_util::BodyExt;
use scheduler_core::domain::{Role, Scope, Write};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::harness::{Surface, tenant};

struct Stream(Body);

impl Stream {
    fn open(surface: &Surface, headers: &[(&str, &str)]) -> Self {
        let mut request = Request::get("/api/events");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response =
            block_on(surface.router.clone().oneshot(request.body(Body::empty()).unwrap())).unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self(response.into_body())
    }

    /// What has come so far, and whether more may come.
    fn read(&mut self) -> (String, bool) {
        let mut text = String::new();
        let mut context = std::task::Context::from_waker(noop_waker_ref());
        loop {
            let mut frame = std::pin::pin!(self.0.frame());
            match frame.as_mut().poll(&mut context) {
                Poll::Ready(Some(Ok(frame))) => {
                    text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
                }
                Poll::Ready(_) => return (text, false),
                Poll::Pending => return (text, true),
            }
        }
    }
}

/// The events of a stream's text as (name, id, data).
fn events(text: &str) -> Vec<(String, Option<u64>, Value)> {
    let mut events = Vec::new();
    for block in text.split("\n\n").filter(|block| block.starts_with("event: ")) {
        let (mut name, mut id, mut data) = (String::new(), None, Value::Null);
        for line in block.lines() {
            let (field, value) = line.split_once(": ").unwrap();
            match field {
                "event" => name = value.to_owned(),
                "id" => id = Some(value.parse().unwrap()),
                "data" => data = serde_json::from_str(value).unwrap(),
                other => panic!("unknown field {other}"),
            }
        }
        assert_eq!(data["event"], *name);
        events.push((name, id, data));
    }
    events
}

fn names(text: &str) -> Vec<String> {
    events(text).into_iter().map(|(name, ..)| name).collect()
}

#[test]
fn a_stream_tells_what_changes_and_resumes_where_it_broke() {
    let surface = Surface::open();
    let mut stream = Stream::open(&surface, &[]);
    assert_eq!(stream.read(), ("retry: 2000\n\n".into(), true));

    surface.post("a", "schedule", r#"{"note":"line\nbreak"}"#).is(200);
    let (text, _) = stream.read();
    assert_eq!(names(&text), ["schedule.changed", "audit.appended", "counts.changed"]);
    let told = events(&text);
    assert_eq!(told[0].2["schedule"]["note"], "line\nbreak");
    assert_eq!(told[0].2["version"], told[0].1.unwrap());
    surface.post("a", "run-now", "").is(200);
    let (text, _) = stream.read();
    assert!(names(&text).contains(&"run.started".into()), "{text}");
    assert!(names(&text).contains(&"run.finished".into()), "{text}");
    surface.call("DELETE", "schedule", &[("x-tenant", "a")], "").is(200);
    let (text, _) = stream.read();
    assert_eq!(names(&text)[0], "schedule.deleted");

    let last = told[0].1.unwrap().to_string();
    let mut again = Stream::open(&surface, &[("last-event-id", &last)]);
    let (missed, _) = again.read();
    assert_eq!(names(&missed).last().unwrap(), "counts.changed");
    assert!(names(&missed).contains(&"schedule.deleted".into()));
    for unknown in ["999999", "x", "-1"] {
        let mut lost = Stream::open(&surface, &[("last-event-id", unknown)]);
        assert_eq!(names(&lost.read().0), ["resync"], "{unknown}");
    }
}

#[test]
fn a_stream_has_a_heart_and_an_end() {
    let surface = Surface::open();
    let mut stream = Stream::open(&surface, &[]);
    stream.read();

    surface.pass(14);
    assert_eq!(stream.read().0, "");
    surface.pass(1);
    assert_eq!(stream.read(), (": still here\n\n".into(), true));
    let mut ends = 0;
    for _ in 0..60 {
        surface.pass(15);
        if !stream.read().1 {
            break;
        }
        ends += 1;
    }
    assert!((38..=45).contains(&ends), "{ends}");
}

#[test]
fn a_slow_reader_is_told_to_read_again() {
    let surface = Surface::open();
    let mut stream = Stream::open(&surface, &[]);
    surface.post("a", "schedule", "").is(200);
    for n in 0..600 {
        surface.post("a", if n % 2 == 0 { "pause" } else { "resume" }, "").is(200);
    }

    let (text, open) = stream.read();

    assert!(open);
    assert!(names(&text).contains(&"resync".into()));
}

#[test]
fn a_stream_shows_its_caller_what_it_may_see_and_ends_with_its_token() {
    let surface = Surface::guarded();
    let root = format!("Bearer {}", surface.token(Role::Admin, Scope::All, None));
    let token = surface.token(Role::Viewer, Scope::Only([tenant("one")].into()), None);
    let one = format!("Bearer {token}");
    let mut stream = Stream::open(&surface, &[("authorization", &one)]);
    let first = stream.read().0;
    assert_eq!(names(&first), ["resync"]);

    for name in ["two", "one"] {
        surface.call("POST", "schedule", &[("authorization", &root), ("x-tenant", name)], "").is(200);
    }
    let (text, _) = stream.read();
    assert!(!text.contains("two") && text.contains("\"tenant\":\"one\""), "{text}");
    assert!(events(&text).iter().all(|(_, id, data)| id.is_none() && data["version"] == 0));
    surface.system(Write::RevokeToken(token.split('_').nth(1).unwrap().into()));
    surface.pass(15);
    assert!(!stream.read().1);
}

#[test]
fn pollers_get_the_same_events() {
    let surface = Surface::open();
    surface.post("a", "schedule", "").is(200);
    let version = surface.call("GET", "schedules", &[], "").json()["version"].as_u64().unwrap();
    let ask = |since: u64| surface.call("GET", &format!("/api/changes?since={since}"), &[], "");

    ask(version).is(304);
    surface.post("a", "pause", "").is(200);
    let changes = ask(version).is(200).json();
    assert_eq!(changes["changes"][0]["event"], "schedule.changed");
    assert_eq!(changes["changes"][0]["schedule"]["paused"], true);
    ask(changes["version"].as_u64().unwrap()).is(304);
    assert_eq!(ask(99_999_999).is(410).code(), "changes_forgotten");
    let still = Surface::with(|app| app.loopback(true).streaming(false));
    assert_eq!(still.call("GET", "/api/events", &[], "").is(404).code(), "streaming_unavailable");
    assert_eq!(still.call("GET", "/api/capabilities", &[], "").is(200).json()["streaming"], false);
}

#[test]
fn machines_learn_what_they_need() {
    let surface = Surface::open();
    let capabilities = surface.call("GET", "/api/capabilities", &[], "").is(200).json();
    assert_eq!(capabilities["sources"], json!(["acculynx"]));
    assert_eq!(
        (&capabilities["min_interval_sec"], &capabilities["max_interval_sec"]),
        (&json!(5), &json!(604_800))
    );
    assert_eq!((&capabilities["auth"], &capabilities["host"]), (&json!("open"), &json!("axum")));
    let ping = surface.call("GET", "/ops/ping", &[], "").is(200).json();
    assert_eq!((&ping["status"], &ping["service"]), (&json!("up"), &json!("command-center")));
    let health = surface.call("GET", "/ops/health", &[], "").is(200).json();
    assert_eq!((&health["ok"], &health["components"]["store"]["ok"]), (&json!(true), &json!(true)));
    surface.post("a", "schedule", "").is(200);
    let tick = surface.call("POST", "/ops/tick", &[], "").is(200).json();
    assert_eq!(
        (&tick["claimed"], &tick["succeeded"], &tick["remaining_due"]),
        (&json!(1), &json!(1), &json!(0))
    );
    assert!(tick["next_due_iso"].is_string());
    let metrics = surface.call("GET", "/metrics", &[], "").is(200);
    assert!(metrics.header("content-type").starts_with("text/plain"));
    assert!(metrics.text.contains("tenant=\"a\""));
    let document = surface.call("GET", "/openapi.json", &[], "").is(200).json();
    assert_eq!(document["openapi"], "3.1.0");
}
