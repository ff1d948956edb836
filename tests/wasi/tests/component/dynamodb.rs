//! The component with a DynamoDB table as its store, against DynamoDB Local.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use dynamodb_local::Local;
use host_conformance::host::START;
use host_conformance::upstream::{Upstream, key_of};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use puller_acculynx::sandbox::Sandbox;
use scheduler_core::domain::Timestamp;
use scheduler_core::ports::ManualClock;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tower::ServiceExt;
use wasi_conformance::{Component, Instance, Outcome};
use wasmtime_wasi_http::io::TokioIo;

const TENANT: &str = "peakpro";
const SCHEDULE: &str = "/api/crm/import/acculynx/schedule";

/// The sandbox under its own address; everything else is really sent.
fn outside(sandbox: &Sandbox) -> Router {
    let upstream = sandbox.router();
    Router::new().fallback(move |request: Request<Body>| async move {
        if Sandbox::BASE_URL.contains(request.uri().host().unwrap_or_default()) {
            return upstream.oneshot(request).await.unwrap_or_else(|never| match never {});
        }
        send(request).await.expect("DynamoDB Local answers")
    })
}

async fn send(mut request: Request<Body>) -> Result<Response<Body>, Box<dyn std::error::Error>> {
    let place = request.uri().authority().ok_or("no address")?.to_string();
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    *request.uri_mut() = target.parse::<Uri>()?;
    request.headers_mut().insert("host", place.parse()?);
    let (mut sender, connection) = http1::handshake(TokioIo::new(TcpStream::connect(place).await?)).await?;
    tokio::spawn(connection);
    let (parts, body) = sender.send_request(request).await?.into_parts();
    Ok(Response::from_parts(parts, Body::from(body.collect().await?.to_bytes())))
}

/// Asks a new instance, as one who has seen a revision.
async fn ask(
    component: &Instance,
    method: &str,
    target: &str,
    body: Value,
    revision: Option<&str>,
) -> Response<Bytes> {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("http://localhost{target}"))
        .header("host", "localhost")
        .header("x-tenant", TENANT)
        .header("content-type", "application/json");
    if let Some(revision) = revision {
        request = request.header("if-match", revision);
    }
    let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
    let (answer, task) = component.answer(request.body(body).expect("a request")).await;
    task.await.expect("it ends");
    answer.expect("an answer: WASI_LOG=1 shows why there is none")
}

async fn get(component: &Instance, target: &str) -> Response<Bytes> {
    ask(component, "GET", target, Value::Null, None).await
}

fn read(answer: &Response<Bytes>) -> Value {
    assert_eq!(answer.status(), StatusCode::OK, "{}", String::from_utf8_lossy(answer.body()));
    serde_json::from_slice(answer.body()).expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_lives_in_a_table() {
    let Some(local) = Local::shared() else { return };
    let (table, nothing) = (local.table(), tempfile::tempdir().expect("a directory"));
    let upstream = Upstream::new(Arc::new(ManualClock::at(Timestamp::parse(START).expect("an instant"))));
    upstream.open(TENANT, 3);
    let mut component = Instance::on(nothing.path(), upstream.sandbox().clone());
    component.component = Component::with_features();
    component.outside = Some(outside(upstream.sandbox()));
    component.env.extend(local.variables().map(|(name, value)| (name.to_owned(), value.to_owned())));
    component.env.push(("COMMAND_CENTER_TABLE".to_owned(), table));

    let key = json!({ "api_key": key_of(TENANT) });
    read(&ask(&component, "PUT", "/api/crm/import/acculynx/connection", key, None).await);
    let hourly = json!({ "interval_sec": 3600 });
    let scheduled = ask(&component, "POST", SCHEDULE, hourly, None).await;
    read(&scheduled);
    let ticked = component.run(&["tick"]).await;
    assert!(
        matches!(&ticked, Outcome::Done(said) if said.starts_with("claimed 1, succeeded 1")),
        "{ticked:?}"
    );

    // Each of these is asked of an instance that knows nothing.
    let runs = read(&get(&component, "/api/crm/import/acculynx/runs").await);
    assert_eq!(runs["runs"][0]["state"], "succeeded", "{runs}");
    let trail = read(&get(&component, "/api/audit/verify").await);
    assert_eq!(trail["ok"], true, "{trail}");
    let metrics = String::from_utf8_lossy(get(&component, "/metrics").await.body()).into_owned();
    for counted in [
        r#"aetherlink_audit_entries_total{operation="schedule"} 1"#,
        r#"aetherlink_runs_total{outcome="ok",trigger="schedule"} 1"#,
    ] {
        assert!(metrics.lines().any(|line| line == counted), "{counted} is not in\n{metrics}");
    }

    assert!(!metrics.contains(r#"aetherlink_ticks_total{result="ok"} 0"#), "{metrics}");

    // Of two who change the same revision, one does.
    let revision = scheduled.headers().get("etag").and_then(|etag| etag.to_str().ok());
    let change =
        |seconds: u32| ask(&component, "PATCH", SCHEDULE, json!({ "interval_sec": seconds }), revision);
    let (one, other) = tokio::join!(change(600), change(900));
    let mut answers = [one.status(), other.status()];
    answers.sort();
    assert_eq!(answers, [StatusCode::OK, StatusCode::PRECONDITION_FAILED]);
    assert_eq!(std::fs::read_dir(nothing.path()).expect("a directory").count(), 0, "a file was written");
}
