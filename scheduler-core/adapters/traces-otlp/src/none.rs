//! A build that sends no traces says so when it is asked to.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use scheduler_core::ports::HttpClient;
use tracing_subscriber::layer::Identity;

/// Never made in this build.
#[derive(Clone)]
pub enum Traces {}

impl Traces {
    /// Refuses.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn to(_endpoint: &str, _http: Arc<dyn HttpClient>, _patience: Duration) -> Result<Self, String> {
        Err("this build sends no traces: build it with `--features otel`".into())
    }

    /// The part of the log that gathers spans.
    pub fn layer(&self) -> Identity {
        match *self {}
    }

    /// A router whose requests belong to their caller's trace.
    pub fn taken_in_by(&self, _router: Router) -> Router {
        match *self {}
    }

    /// A client whose requests carry the trace that they belong to.
    pub fn passed_on_by(&self, _http: Arc<dyn HttpClient>) -> Arc<dyn HttpClient> {
        match *self {}
    }

    /// Sends the spans that have ended.
    #[expect(clippy::unused_async, reason = "sending takes time where there is something to send")]
    pub async fn flush(&self) {
        match *self {}
    }
}
