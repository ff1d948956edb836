//! Traces: a span for each tick, run and request, with the W3C context taken in and passed upstream.
//!
//! The spans are the core's own; the feature `otel` sends them to a collector.

#[cfg(not(feature = "otel"))]
mod none;
#[cfg(feature = "otel")]
mod otel;

#[cfg(not(feature = "otel"))]
pub use none::Traces;
#[cfg(feature = "otel")]
pub use otel::Traces;
