//! The component in an embedded Wasmtime, under a clock that is moved by hand.
//!
//! Each request gets an instance of its own, as `wasmtime serve` does it; ticks come when something is due, as
//! a platform's timer would bring them. Files, clocks and the upstream are this process's.

mod component;
mod host;

pub use component::{Component, Instance, Outcome, SimulatedClock, UNBOUNDED};
pub use host::WasiHost;
