//! The component, compiled once for all tests.

mod cases;
mod handover;
mod kill;
mod many;
mod tape;
