//! The binary sends its spans to a collector: this test is the collector, the caller and the upstream.
//!
//! `cargo test -p host-axum --features otel --test traces`

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Attribute;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::{Value, json};
use tokio::net::TcpListener;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

type Shared<T> = Arc<Mutex<Vec<T>>>;

#[tokio::test]
async fn a_request_its_run_and_the_calls_upstream_are_one_trace() {
    let (collector, spans) = collector().await;
    let (upstream, parents) = upstream().await;
    let server = Server::start(&[
        format!("--otlp-endpoint=http://{collector}"),
        format!("--acculynx-base-url=http://{upstream}/api/v2"),
    ]);

    server.ask("PUT", "connection", json!({ "api_key": "s3cret-key" })).await;
    server.ask("POST", "schedule", json!({ "interval_sec": 3600, "retry": { "max_attempts": 1 } })).await;
    let slot = wait(&spans, |span| span.name == "run" && of(span, "trigger") == "schedule").await;
    let tick = wait(&spans, |span| span.name == "tick" && span.span_id == slot.parent_span_id).await;
    assert_eq!((of(&slot, "tenant"), slot.trace_id.clone()), ("peakpro".into(), tick.trace_id));

    parents.lock().unwrap().clear();
    let answer = server.ask("POST", "run-now", json!({ "wait_sec": 30 })).await;
    let run_id = answer["run_id"].as_str().unwrap();
    let run = wait(&spans, |span| span.name == "run" && of(span, "run_id") == run_id).await;
    let request = wait(&spans, |span| span.span_id == run.parent_span_id).await;
    assert_eq!((of(&run, "tenant"), of(&run, "trigger")), ("peakpro".into(), "manual".into()));
    assert_eq!((request.name.as_str(), of(&request, "request_id")), ("request", "req-run-now".into()));
    assert_eq!(of(&request, "route"), "/api/crm/import/{source}/run-now");
    for span in [&run, &request] {
        assert_eq!(hex(&span.trace_id), TRACE);
    }
    assert_eq!(hex(&request.parent_span_id), CALLER);

    let passed = parents.lock().unwrap().clone();
    assert!(!passed.is_empty(), "the upstream was not called");
    for parent in passed {
        assert_eq!(parent, format!("00-{TRACE}-{}-01", hex(&run.span_id)));
    }
    let all = format!("{:?}", spans.lock().unwrap());
    assert!(!all.contains("s3cret-key"), "an upstream key is in a span");
}

#[tokio::test]
async fn a_collector_that_is_away_hinders_nothing() {
    let server = Server::start(&["--otlp-endpoint=http://127.0.0.1:1".to_owned()]);

    let made = server.ask("POST", "schedule", json!({ "interval_sec": 3600 })).await;

    assert_eq!(made["ok"], true, "{made}");
}

/// Takes batches of spans.
async fn collector() -> (String, Shared<Span>) {
    let spans = Shared::<Span>::default();
    let take = async |State(spans): State<Shared<Span>>, body: Bytes| {
        let batch = ExportTraceServiceRequest::decode(body).unwrap();
        let scopes = batch.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        spans.lock().unwrap().extend(scopes.flat_map(|scope| scope.spans));
    };
    (serve(Router::new().route("/v1/traces", post(take)).with_state(spans.clone())).await, spans)
}

/// Refuses every key, and notes the trace that it was called in.
async fn upstream() -> (String, Shared<String>) {
    let parents = Shared::<String>::default();
    let refuse = async |State(parents): State<Shared<String>>, request: Request| {
        let parent = request.headers().get("traceparent").map(|parent| parent.to_str().unwrap().to_owned());
        parents.lock().unwrap().push(parent.unwrap_or_default());
        StatusCode::UNAUTHORIZED
    };
    (serve(Router::new().fallback(refuse).with_state(parents.clone())).await, parents)
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(flags: &[String]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_command-center"))
            .args(["serve", "--store=memory", "--listen=127.0.0.1:0", "--drain-sec=0"])
            .args(flags)
            .env("NO_COLOR", "1")
            .env("OTEL_BSP_SCHEDULE_DELAY", "50")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.find_map(|line| Some(line.split_once("ready at http://")?.1.to_owned())).unwrap();
        // What it says later is read, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let end = address.find(|c: char| !(c == '.' || c == ':' || c.is_ascii_digit()));
        Self { child, address: address[..end.unwrap_or(address.len())].to_owned() }
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("http://{}/api/crm/import/acculynx/{path}", self.address);
        let _ = rustls::crypto::ring::default_provider().install_default();
        let request = reqwest::Client::new()
            .request(method.parse().unwrap(), url)
            .header("x-tenant", "peakpro")
            .header("x-request-id", format!("req-{path}"))
            .header("traceparent", format!("00-{TRACE}-{CALLER}-01"))
            .header("content-type", "application/json")
            .body(body.to_string());
        serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// The first span like that, once it has come.
async fn wait(spans: &Shared<Span>, is_it: impl Fn(&Span) -> bool) -> Span {
    for _ in 0..600 {
        if let Some(span) = spans.lock().unwrap().iter().find(|span| is_it(span)) {
            return span.clone();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no such span came: {:#?}", spans.lock().unwrap());
}

fn of(span: &Span, name: &str) -> String {
    let attribute = span.attributes.iter().find(|attribute| attribute.key == name);
    match attribute.and_then(|attribute| attribute.value.clone()?.value) {
        Some(Attribute::StringValue(text)) => text,
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
