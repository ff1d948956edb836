//! A collector of traces, which is the upstream too: it sees what a host tells of itself, and in which trace it calls.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Attribute;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::json;
use tokio::net::TcpListener;

use crate::host::Host;
use crate::{get, post as post_to, put};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
const KEY: &str = "s3cret-key";
/// Looks for a span before it is given up.
const LOOKS: usize = 400;

#[derive(Default)]
struct Seen {
    spans: Vec<Span>,
    parents: Vec<String>,
}

/// Takes batches of spans, and refuses every upstream key.
pub struct Collector {
    address: String,
    seen: Arc<Mutex<Seen>>,
}

impl Collector {
    /// Serves one on a free port of loopback.
    pub async fn serve() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        let collector = Self::at(&format!("http://{}", listener.local_addr().expect("an address")));
        tokio::spawn(axum::serve(listener, collector.router()).into_future());
        collector
    }

    /// One with an address, such as `http://collector`, where nothing listens: its router takes what is sent there.
    pub fn at(address: &str) -> Self {
        Self { address: address.to_owned(), seen: Arc::default() }
    }

    /// What answers a host's requests.
    pub fn router(&self) -> Router {
        Router::new().route("/v1/traces", post(take)).fallback(refuse).with_state(self.seen.clone())
    }

    /// Its address, to be set as the collector's.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its address, to be set as the upstream's.
    pub fn upstream(&self) -> String {
        format!("{}/api/v2", self.address)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first span like that, once it has come.
    async fn wait(&self, host: &dyn Host, what: &str, is_it: impl Fn(&Span) -> bool) -> Span {
        for _ in 0..LOOKS {
            let found = self.seen().spans.iter().find(|span| is_it(span)).cloned();
            if let Some(span) = found {
                return span;
            }
            host.pass(Duration::from_millis(50)).await;
        }
        panic!("no such span came: {what} in {:#?}", self.seen().spans);
    }
}

async fn take(State(seen): State<Arc<Mutex<Seen>>>, body: Bytes) {
    let batch = ExportTraceServiceRequest::decode(body).expect("OTLP");
    let scopes = batch.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    seen.lock().unwrap_or_else(PoisonError::into_inner).spans.extend(scopes.flat_map(|scope| scope.spans));
}

async fn refuse(State(seen): State<Arc<Mutex<Seen>>>, headers: HeaderMap) -> StatusCode {
    let parent = headers.get("traceparent").map(|parent| parent.to_str().expect("text").to_owned());
    seen.lock().unwrap_or_else(PoisonError::into_inner).parents.push(parent.unwrap_or_default());
    StatusCode::UNAUTHORIZED
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

/// A tick and its run are a trace; so are a caller, its request, the run that it started, and the calls upstream.
pub async fn a_request_its_run_and_the_calls_upstream_are_one_trace(host: &dyn Host, collector: &Collector) {
    let schedule = json!({ "interval_sec": 3600, "retry": { "max_attempts": 1 } });
    put("connection").tenant("peakpro").json(json!({ "api_key": KEY })).of(host).await;
    post_to("schedule").tenant("peakpro").json(schedule).good(host).await;
    let slot = |span: &Span| span.name == "run" && of(span, "trigger") == "schedule";
    let slot = collector.wait(host, "a slot's run", slot).await;
    let is_tick = |span: &Span| span.name == "tick" && span.span_id == slot.parent_span_id;
    let tick = collector.wait(host, "its tick", is_tick).await;
    assert_eq!((of(&slot, "tenant"), &slot.trace_id), ("peakpro".into(), &tick.trace_id));

    collector.seen().parents.clear();
    let ask = post_to("run-now").tenant("peakpro").json(json!({ "wait_sec": 30 }));
    let ask = ask.header("traceparent", format!("00-{TRACE}-{CALLER}-01")).header("x-request-id", "run-now");
    let answer = ask.may_fail(502).of(host).await.json();
    let run_id = answer["run_id"].as_str().unwrap_or_else(|| panic!("a run: {answer}"));
    let is_run = |span: &Span| span.name == "run" && of(span, "run_id") == run_id;
    let run = collector.wait(host, "the run", is_run).await;
    let request = collector.wait(host, "its request", |span| span.span_id == run.parent_span_id).await;

    assert_eq!((of(&run, "tenant"), of(&run, "trigger")), ("peakpro".into(), "manual".into()));
    assert_eq!((request.name.as_str(), of(&request, "request_id")), ("request", "run-now".into()));
    assert_eq!(of(&request, "route"), "/api/crm/import/{source}/run-now");
    assert_eq!([&run, &request].map(|span| hex(&span.trace_id)), [TRACE, TRACE]);
    assert_eq!(hex(&request.parent_span_id), CALLER);
    let parents = collector.seen().parents.clone();
    assert!(!parents.is_empty(), "the upstream was not called");
    for parent in parents {
        assert_eq!(parent, format!("00-{TRACE}-{}-01", hex(&run.span_id)));
    }
    let all = format!("{:?}", collector.seen().spans);
    assert!(!all.contains(KEY), "an upstream key is in a span");
}

/// A host whose collector is away works as ever.
pub async fn a_collector_that_is_away_hinders_nothing(host: &dyn Host) {
    post_to("schedule").tenant("peakpro").json(json!({ "interval_sec": 3600 })).good(host).await;

    let told = get("schedule").tenant("peakpro").good(host).await;

    assert_eq!(told["ok"], true, "{told}");
}
