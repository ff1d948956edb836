//! Gathers spans, and sends them to a collector, as OTLP over HTTP.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use bytes::Bytes;
use opentelemetry::context::FutureExt;
use opentelemetry::propagation::{Injector, TextMapPropagator};
use opentelemetry::trace::TracerProvider;
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{HeaderExtractor, HttpClient as Carrier, HttpError as CarrierError};
use opentelemetry_otlp::{RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{
    SdkTracer, SdkTracerProvider, Span as SdkSpan, SpanData, SpanExporter as _, SpanProcessor,
};
use scheduler_core::ports::{HttpClient, HttpError, HttpRequest, HttpResponse, Method};
use tracing::Span;
use tracing::level_filters::LevelFilter;
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{Filtered, Targets};

/// Spans that are kept at the most until they are sent; what comes then is dropped.
const KEPT: usize = 8192;
/// Spans in one request.
const BATCH: usize = 512;
const ADDRESS: &str = "expected an address such as http://127.0.0.1:4318";
/// No answer of a collector is longer.
const ANSWER: usize = 65_536;

/// Where spans are gathered, and to whom they are sent. Clones share them.
#[derive(Clone)]
pub struct Traces {
    provider: SdkTracerProvider,
    ended: Ended,
    exporter: Arc<SpanExporter>,
    /// Whether the last spans could not be sent.
    failing: Arc<AtomicBool>,
}

impl Traces {
    /// Sends over `http` to the collector at `endpoint`, such as `http://127.0.0.1:4318`, and waits for it no longer
    /// than `patience`.
    ///
    /// # Errors
    ///
    /// When the address is none.
    pub fn to(endpoint: &str, http: Arc<dyn HttpClient>, patience: Duration) -> Result<Self, String> {
        let uri: http::Uri = endpoint.parse().map_err(|_| ADDRESS)?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(ADDRESS.into());
        }
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource =
            Resource::builder().with_service_name("command-center").with_attribute(version).build();
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Sender { http, patience, names: Arc::default() })
            // It would sleep with the thread between two tries.
            .with_retry_policy(RetryPolicy::disabled())
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .build()
            .map_err(|error| error.to_string())?;
        exporter.set_resource(&resource);
        let ended = Ended::default();
        let provider = SdkTracerProvider::builder().with_resource(resource);
        let provider = provider.with_span_processor(ended.clone()).build();
        Ok(Self { provider, ended, exporter: Arc::new(exporter), failing: Arc::default() })
    }

    /// The part of the log that gathers spans.
    pub fn layer<S>(&self) -> Filtered<OpenTelemetryLayer<S, SdkTracer>, Targets, S>
    where
        S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
    {
        let ours = Targets::new()
            .with_target("acculynx-scheduler", LevelFilter::INFO)
            .with_target("acculynx-request", LevelFilter::INFO);
        tracing_opentelemetry::layer().with_tracer(self.provider.tracer("command-center")).with_filter(ours)
    }

    /// A router whose requests belong to their caller's trace.
    pub fn taken_in_by(&self, router: Router) -> Router {
        router.layer(middleware::from_fn(|request: Request, next: Next| {
            let context = TraceContextPropagator::new().extract(&HeaderExtractor(request.headers()));
            next.run(request).with_context(context)
        }))
    }

    /// A client whose requests carry the trace that they belong to.
    pub fn passed_on_by(&self, http: Arc<dyn HttpClient>) -> Arc<dyn HttpClient> {
        Arc::new(PassedOn(http))
    }

    /// Sends the spans that have ended. Those that can not be sent are lost, which the log says once.
    pub async fn flush(&self) {
        let mut spans = std::mem::take(&mut *self.ended.spans());
        while !spans.is_empty() {
            let rest = spans.split_off(spans.len().min(BATCH));
            let sent = self.exporter.export(spans).await;
            let failed = sent.is_err();
            match (self.failing.swap(failed, Ordering::Relaxed), sent) {
                (false, Err(error)) => tracing::warn!(%error, "spans can not be sent"),
                (true, Ok(())) => tracing::info!("spans can be sent again"),
                (_, _) => {}
            }
            // The next ones would wait as long for nothing.
            spans = if failed { Vec::new() } else { rest };
        }
    }
}

/// Spans that have ended and are not sent yet.
#[derive(Debug, Clone, Default)]
struct Ended(Arc<Mutex<Vec<SpanData>>>);

impl Ended {
    fn spans(&self) -> MutexGuard<'_, Vec<SpanData>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SpanProcessor for Ended {
    fn on_start(&self, _: &mut SdkSpan, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        let mut spans = self.spans();
        if span.span_context.is_sampled() && spans.len() < KEPT {
            spans.push(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

struct PassedOn(Arc<dyn HttpClient>);

#[async_trait]
impl HttpClient for PassedOn {
    async fn send(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let context = Span::current().context();
        TraceContextPropagator::new().inject_context(&context, &mut Headers(&mut request));
        self.0.send(request).await
    }
}

struct Headers<'a>(&'a mut HttpRequest);

impl Injector for Headers<'_> {
    fn set(&mut self, key: &str, value: String) {
        let known = ["traceparent", "tracestate"].into_iter().find(|known| *known == key);
        if let Some(name) = known.filter(|_| !value.is_empty()) {
            self.0.headers.push((name, value));
        }
    }
}

/// Carries batches over the host's client.
#[derive(Clone)]
struct Sender {
    http: Arc<dyn HttpClient>,
    patience: Duration,
    /// The names of headers, which requests want to have for ever: those of the settings, a handful.
    names: Arc<Mutex<BTreeSet<&'static str>>>,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("patience", &self.patience).finish_non_exhaustive()
    }
}

impl Sender {
    fn name(&self, name: &http::HeaderName) -> &'static str {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = names.get(name.as_str()) {
            return known;
        }
        let name: &'static str = name.as_str().to_owned().leak();
        names.insert(name);
        name
    }
}

#[async_trait]
impl Carrier for Sender {
    async fn send_bytes(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, CarrierError> {
        let (parts, body) = request.into_parts();
        // Who sends, the host's client says itself.
        let headers = parts.headers.iter().filter(|(name, _)| **name != http::header::USER_AGENT);
        let headers = headers.map(|(name, value)| Ok((self.name(name), value.to_str()?.to_owned())));
        let request = HttpRequest {
            method: Method::Post,
            url: parts.uri.to_string(),
            headers: headers.collect::<Result<_, CarrierError>>()?,
            body: Some(body),
            timeout: self.patience,
            max_body: ANSWER,
        };
        let answer = self.http.send(request).await?;
        Ok(http::Response::builder().status(answer.status).body(answer.body)?)
    }
}
