#![doc = include_str!("../README.md")]

#[cfg(not(feature = "otel"))]
mod none;
#[cfg(feature = "otel")]
mod otel;

#[cfg(not(feature = "otel"))]
pub use none::Traces;
#[cfg(feature = "otel")]
pub use otel::Traces;
