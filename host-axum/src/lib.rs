//! The self-hosted AetherLink Command Center: its clock, its HTTP server, its command line.

pub mod alarm;
pub mod client;
pub mod config;
pub mod connections;
pub mod demo;
mod failure;
pub mod keys;
pub mod migrate;
pub mod parts;
pub mod process;
pub mod restarts;
pub mod server;
pub mod settings_table;
pub mod stores;
mod table;
pub mod tokens;
pub mod wire;

pub use failure::Failure;
