//! Decides when each tenant's data is pulled, and accounts for everything that happened.
//!
//! The floors, from the ground up; a module uses those below it only:
//! [`domain`] · [`machine`] with [`timetable`], [`backoff`], [`breaker`] · [`ports`] ·
//! [`memory`], [`kv`], [`vault`], [`metrics`] · [`metered`] · [`engine`] · [`notify`] · `rest`.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod domain;

pub mod backoff;
pub mod breaker;
pub mod machine;
pub mod timetable;

pub mod ports;

pub mod kv;
pub mod memory;
pub mod metered;
pub mod metrics;
pub mod vault;

pub mod env;

pub mod engine;

pub mod notify;

#[cfg(feature = "rest")]
pub mod rest;
