//! `bootstrap`: what AWS Lambda starts.

use std::sync::Arc;

use host_lambda::parts::open_traces;
use host_lambda::settings::Role;
use host_lambda::{Function, Settings};
use lambda_extension::Extension;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use traces_otlp::Traces;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let settings = Settings::read(|name| std::env::var(name).ok())?;
    let filter = EnvFilter::builder()
        .parse(&settings.log_level)
        .map_err(|error| format!("COMMAND_CENTER_LOG_LEVEL: {error}"))?;
    let traces = settings.otlp_endpoint.as_deref().map(open_traces).transpose()?;
    let lines = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
    registry().with(lines.with_filter(filter)).with(traces.as_ref().map(Traces::layer)).init();
    let answers = settings.role.covers(Role::Api);
    let function = Arc::new(Function::new(settings, traces));
    if answers { with_background(function).await } else { alone(function).await }
}

/// Handles invocations; an environment is frozen when its answer is given.
async fn alone(function: Arc<Function>) -> Result<(), Error> {
    let handle = |event: LambdaEvent<Box<RawValue>>| async {
        let answer = function.handle(event).await;
        function.settle().await;
        answer
    };
    lambda_runtime::run(service_fn(handle)).await
}

/// Handles invocations, and keeps the environment awake until what they have begun has ended.
async fn with_background(function: Arc<Function>) -> Result<(), Error> {
    // As many permits as there are invocations that were answered and whose event the extension has not seen.
    let answered = Arc::new(Semaphore::new(0));
    let after = {
        let (function, answered) = (function.clone(), answered.clone());
        move |_invoked: lambda_extension::LambdaEvent| {
            let (function, answered) = (function.clone(), answered.clone());
            async move {
                answered.acquire().await?.forget();
                function.settle().await;
                Ok::<_, Error>(())
            }
        }
    };
    let extension = Extension::new()
        .with_extension_name("background")
        .with_events(&["INVOKE"])
        .with_events_processor(service_fn(after))
        .register()
        .await?;
    let handle = |event: LambdaEvent<Box<RawValue>>| async {
        let _answered = Answered(&answered);
        function.handle(event).await
    };
    // AWS sends it to functions with an extension before it takes an environment away.
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        ended = async { tokio::try_join!(lambda_runtime::run(service_fn(handle)), extension.run()) } => {
            ended.map(drop)
        }
        _ = terminated.recv() => {
            function.close().await;
            Ok(())
        }
    }
}

/// Tells the extension, when it goes, that an invocation was answered, or has failed.
struct Answered<'a>(&'a Semaphore);

impl Drop for Answered<'_> {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}
