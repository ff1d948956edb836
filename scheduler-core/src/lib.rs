//! Decides when each tenant's data is pulled, and accounts for everything that happened.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod domain;
pub mod memory;
pub mod ports;
