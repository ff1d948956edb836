//! One JSON object a line on standard error.

use traces_otlp::Traces;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt, registry};

/// Begins to log from `level` on, and to gather spans; a word that is no level is `info`.
pub(crate) fn begin(level: &str, traces: Option<&Traces>) {
    let level: LevelFilter = level.parse().unwrap_or(LevelFilter::INFO);
    let lines = fmt::layer().json().flatten_event(true).with_writer(std::io::stderr);
    // A second call in one instance finds it begun.
    let _begun = registry().with(lines.with_filter(level)).with(traces.map(Traces::layer)).try_init();
}
