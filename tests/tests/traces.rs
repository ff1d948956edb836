//! Hosts that were built with `otel` send their spans to a collector.

use host_conformance::binary::Binary;
use host_conformance::collector::{
    Collector, a_collector_that_is_away_hinders_nothing,
    a_request_its_run_and_the_calls_upstream_are_one_trace,
};
use host_conformance::lambda::Lambda;

/// Where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:1";

async fn binary(collector: &str, upstream: &str) -> Binary {
    let flags = [format!("--otlp-endpoint={collector}"), format!("--acculynx-base-url={upstream}")];
    Binary::start(true, &flags.each_ref().map(String::as_str)).await
}

async fn lambda(collector: &str, upstream: &str) -> Option<Lambda> {
    Lambda::start(&[("COMMAND_CENTER_OTLP_ENDPOINT", collector), ("ACCULYNX_BASE_URL", upstream)], false)
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_server_a_request_its_run_and_the_calls_upstream_are_one_trace() {
    let collector = Collector::serve().await;
    let host = binary(collector.address(), &collector.upstream()).await;
    a_request_its_run_and_the_calls_upstream_are_one_trace(&host, &collector).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_lambda_a_request_its_run_and_the_calls_upstream_are_one_trace() {
    let collector = Collector::serve().await;
    let Some(host) = lambda(collector.address(), &collector.upstream()).await else { return };
    a_request_its_run_and_the_calls_upstream_are_one_trace(&host, &collector).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_away_hinders_neither() {
    a_collector_that_is_away_hinders_nothing(&binary(NOWHERE, NOWHERE).await).await;
    let Some(host) = lambda(NOWHERE, NOWHERE).await else { return };
    a_collector_that_is_away_hinders_nothing(&host).await;
    assert!(host.said().contains("spans can not be sent"), "it is said");
}
