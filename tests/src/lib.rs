//! The promises of the REST contract as test cases, written once and run against every host as it ships.
//!
//! A case is a plain `async fn` over a [`Host`]; [`host_conformance!`] gives each a named test per host:
//!
//! ```ignore
//! host_conformance::host_conformance!(host_conformance::in_process::memory());
//! ```
//!
//! Hosts: [`in_process`] calls the router under a clock that is moved by hand; [`binary`] starts the
//! self-hosted server and talks to it over a socket. Both get their data from an [`upstream::Upstream`].

pub mod answer;
pub mod ask;
pub mod binary;
pub mod cases;
pub mod host;
pub mod in_process;
pub mod random;
pub mod sse;
pub mod tape;
pub mod upstream;
mod wire;

pub use answer::Answer;
pub use ask::{Ask, ask, delete, get, patch, post, put};
pub use host::{Capabilities, Host};
