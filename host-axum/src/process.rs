//! What a process does besides its work: it logs, it is told to stop, it keeps a thread for what must be on time.

use std::io::{self, IsTerminal};
use std::thread;

use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};
use traces_otlp::Traces;
use tracing::info;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

use crate::Failure;
use crate::config::LogFormat;

/// Sends log lines to the standard error, and spans to where `traces` go.
///
/// # Errors
///
/// When `level` is no filter.
pub fn log(format: LogFormat, level: &str, traces: Option<&Traces>) -> Result<(), Failure> {
    let filter = EnvFilter::builder()
        .parse(level)
        .map_err(|error| Failure::config(format!("--log-level: {error}")))?;
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    let lines = match format {
        LogFormat::Human => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    };
    registry()
        .with(lines.with_filter(filter))
        .with(traces.map(Traces::layer))
        .try_init()
        .map_err(|error| Failure::other(error.to_string()))
}

/// Whether the process is to stop. Clones share it.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Stops on SIGTERM and SIGINT; the second one ends the process at once.
    ///
    /// # Errors
    ///
    /// When the operating system refuses the handlers.
    pub fn on_signals() -> io::Result<Self> {
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(async move {
            let mut next = async || {
                tokio::select! {
                    _ = terminate.recv() => 143,
                    _ = interrupt.recv() => 130,
                }
            };
            next().await;
            info!("stopping: work in flight may finish; a second signal ends it at once");
            stop.send_replace(true);
            std::process::exit(next().await);
        });
        Ok(Self(stopped))
    }

    /// Whether the process is to stop.
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns once the process is to stop.
    pub async fn stopped(mut self) {
        if self.0.wait_for(|stopped| *stopped).await.is_err() {
            std::future::pending().await
        }
    }
}

/// Drives `work` on a thread of its own, so that requests never delay it. Wait for its end at the receiver.
///
/// # Errors
///
/// When the operating system refuses a thread.
pub fn on_own_thread(
    name: &str,
    work: impl Future<Output = ()> + Send + 'static,
) -> io::Result<oneshot::Receiver<()>> {
    let (ended, end) = oneshot::channel();
    let runtime = Handle::current();
    thread::Builder::new().name(name.into()).spawn(move || {
        runtime.block_on(work);
        let _ = ended.send(());
    })?;
    Ok(end)
}
