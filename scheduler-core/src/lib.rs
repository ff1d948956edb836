//! Decides when each tenant's data is pulled, and accounts for everything that happened.

pub mod domain;
pub mod memory;
pub mod ports;

pub mod backoff;
pub mod breaker;
pub mod machine;
pub mod timetable;

pub mod engine;
pub mod metrics;
pub mod vault;
