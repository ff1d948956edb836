#![doc = include_str!("../README.md")]

pub mod answer;
pub mod ask;
pub mod binary;
pub mod cases;
#[cfg(feature = "collector")]
pub mod collector;
pub mod host;
#[cfg(feature = "hosts")]
pub mod in_process;
#[cfg(feature = "hosts")]
pub mod lambda;
pub mod prometheus;
pub mod random;
pub mod sse;
pub mod tape;
pub mod upstream;
mod wire;

pub use answer::Answer;
pub use ask::{Ask, ask, delete, get, patch, post, put};
pub use host::{Capabilities, Host};
