#![doc = include_str!("../README.md")]

mod error;
mod rows;
mod state;

#[cfg(feature = "sqlite")]
pub mod sqlite;
