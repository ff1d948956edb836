//! The REST surface as its callers see it: requests in, answers out, over a memory store and a settable clock.
#![cfg(feature = "rest")]

mod access;
mod commands;
mod harness;
mod hostile;
mod lists;
mod live;
mod secrets;
