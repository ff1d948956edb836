//! The component in an embedded Wasmtime, under a clock that is moved by hand.
//!
//! Each request gets an instance of its own, as `wasmtime serve` does it; ticks come when something is due, as
//! a platform's timer would bring them. Files, clocks and the upstream are this process's.

mod account;
mod component;
mod host;
mod upstream;

pub use account::{runs, slots_add_up};
pub use component::{Component, Instance, MASTER_KEY, Outcome, SimulatedClock, Spent, Stop, shared};
pub use host::WasiHost;
pub use upstream::location;
