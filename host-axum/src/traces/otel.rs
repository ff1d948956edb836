//! Sends spans to a collector, as OTLP over HTTP.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use bytes::Bytes;
use opentelemetry::context::FutureExt;
use opentelemetry::propagation::{Injector, TextMapPropagator};
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{HeaderExtractor, HttpClient as Carrier, HttpError as CarrierError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use scheduler_core::ports::{HttpClient, HttpError, HttpRequest, HttpResponse};
use tokio::runtime::Handle;
use tracing::Span;
use tracing::level_filters::LevelFilter;
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{Filtered, Targets};

use crate::Failure;

/// Where spans are gathered. Batches are sent in the background; what does not fit is dropped.
#[derive(Debug)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Sends to the collector at `endpoint`, such as `http://127.0.0.1:4318`.
    ///
    /// # Errors
    ///
    /// When the address is none.
    pub fn to(endpoint: &str) -> Result<Self, Failure> {
        let wrong = |error: String| Failure::config(format!("--otlp-endpoint: {error}"));
        reqwest::Url::parse(endpoint).map_err(|error| wrong(error.to_string()))?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Sender::new().map_err(|error| wrong(error.to_string()))?)
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .build()
            .map_err(|error| wrong(error.to_string()))?;
        let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource =
            Resource::builder().with_service_name("command-center").with_attribute(version).build();
        Ok(Self(SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build()))
    }

    /// The part of the log that sends spans.
    pub fn layer<S>(&self) -> Filtered<OpenTelemetryLayer<S, SdkTracer>, Targets, S>
    where
        S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
    {
        let ours = Targets::new()
            .with_target("acculynx-scheduler", LevelFilter::INFO)
            .with_target("acculynx-request", LevelFilter::INFO);
        tracing_opentelemetry::layer().with_tracer(self.0.tracer("command-center")).with_filter(ours)
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

    /// Sends what is left.
    pub async fn end(self) {
        let ended = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(Duration::from_secs(5)));
        if !matches!(ended.await, Ok(Ok(()))) {
            tracing::warn!("the last spans could not be sent");
        }
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

/// Carries batches. The exporter calls from a thread of its own, which has no runtime.
#[derive(Debug, Clone)]
struct Sender {
    http: reqwest::Client,
    runtime: Handle,
}

impl Sender {
    fn new() -> reqwest::Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(10))
            .build()?;
        Ok(Self { http, runtime: Handle::current() })
    }
}

#[async_trait]
impl Carrier for Sender {
    async fn send_bytes(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, CarrierError> {
        let http = self.http.clone();
        let sent = self.runtime.spawn(async move {
            let answer = http.execute(request.try_into()?).await?;
            let mut response = http::Response::builder().status(answer.status());
            if let Some(headers) = response.headers_mut() {
                headers.clone_from(answer.headers());
            }
            Ok::<_, CarrierError>(response.body(answer.bytes().await?)?)
        });
        sent.await?
    }
}
