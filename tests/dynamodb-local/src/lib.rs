#![doc = include_str!("../README.md")]
#![expect(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skips"
)]

pub mod faults;
mod install;
mod runtime;
mod server;

pub use runtime::{OnRuntime, on_runtime};
pub use server::Local;
