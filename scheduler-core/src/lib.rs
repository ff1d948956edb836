//! Decides when each tenant's data is pulled, and accounts for everything that happened.

pub mod domain;
pub mod memory;
pub mod ports;
