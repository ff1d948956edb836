//! The REST surface as its callers see it: requests in, answers out, over a memory store and a settable clock.
#![cfg(feature = "rest")]
#![expect(clippy::unwrap_used, reason = "a test that can not go on may panic")]

mod access;
mod bulk;
mod commands;
mod harness;
mod hostile;
mod lists;
mod live;
mod secrets;
