//! The components, each compiled once for all tests.

mod cases;
mod dynamodb;
mod handover;
mod kill;
mod many;
mod tape;
mod traces;
