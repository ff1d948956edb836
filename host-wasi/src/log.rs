//! One JSON object a line on standard error.

use tracing::level_filters::LevelFilter;

/// Begins to log from `level` on; a word that is none is `info`.
pub(crate) fn begin(level: &str) {
    let level = level.parse().unwrap_or(LevelFilter::INFO);
    // A second call in one instance finds it begun.
    let _begun = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .try_init();
}
