//! The component that was built with `otel` sends its spans to a collector, over the HTTP of its runtime.

use axum::Router;
use axum::http::StatusCode;
use host_conformance::collector::{
    Collector, a_collector_that_is_away_hinders_nothing,
    a_request_its_run_and_the_calls_upstream_are_one_trace,
};
use wasi_conformance::{Component, WasiHost};

/// A host whose instances send everything to one place, spans too.
async fn host(collector: &Collector, outside: Router) -> WasiHost {
    let (address, upstream) = (collector.address().to_owned(), collector.upstream());
    WasiHost::with(|mut instance| {
        instance.component = Component::with_features();
        instance.outside = Some(outside);
        instance.with("COMMAND_CENTER_OTLP_ENDPOINT", &address).with("ACCULYNX_BASE_URL", &upstream)
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_request_its_run_and_the_calls_upstream_belong_together() {
    let collector = Collector::at("http://collector");
    let host = host(&collector, collector.router()).await;
    a_request_its_run_and_the_calls_upstream_are_one_trace(&host, &collector).await;
}

#[tokio::test(start_paused = true)]
async fn a_collector_that_refuses_or_never_answers_hinders_nothing() {
    let collector = Collector::at("http://nobody");
    let refuses = Router::new().fallback(async || StatusCode::SERVICE_UNAVAILABLE);
    let silent = Router::new().fallback(std::future::pending::<StatusCode>);
    for outside in [refuses, silent] {
        a_collector_that_is_away_hinders_nothing(&host(&collector, outside).await).await;
    }
}
