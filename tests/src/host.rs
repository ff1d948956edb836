//! What a case asks of a host.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use http::{Request, Response};
use scheduler_core::domain::Timestamp;

use crate::upstream::Upstream;

/// When a simulated host starts.
pub const START: &str = "2026-11-22T10:57:00Z";

/// What a host can do beyond answering; a case that needs more is skipped there, and says so.
#[derive(Debug, Clone, Copy)]
pub struct Capabilities {
    /// The host's name in `/api/capabilities`.
    pub name: &'static str,
    /// Its clock is moved by hand: a day passes in no time.
    pub simulated_time: bool,
    /// It streams events.
    pub streaming: bool,
    /// What it stores outlives [`Host::restart`].
    pub durable: bool,
    /// Without a token, everybody is the administrator.
    pub open_mode: bool,
    /// All requests meet one process, which remembers (rate limits, turns of equal keys, counters, the feed of
    /// changes) and runs what is due by itself.
    pub one_process: bool,
}

/// A host that is up, with nothing in it.
///
/// Every case gets one of its own.
#[async_trait]
pub trait Host: Send + Sync {
    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Sends a request and reads the answer whole.
    async fn send(&self, request: Request<Bytes>) -> Response<Bytes>;

    /// Sends a request whose answer does not end by itself.
    async fn stream(&self, request: Request<Bytes>) -> Response<BoxStream<'static, Bytes>>;

    /// Lets time pass: a simulated host moves its clock, a real one waits. Cases keep it short on real ones.
    async fn pass(&self, span: Duration);

    /// The host's time.
    fn now(&self) -> Timestamp;

    /// Ends the process and starts another on the same data.
    async fn restart(&self);

    /// Where its data comes from.
    fn upstream(&self) -> &Upstream;

    /// The token of an administrator of all tenants, on a host that has no open mode.
    fn admin(&self) -> Option<&str> {
        None
    }
}

/// A host, or none where what it needs is not there.
pub trait Fresh {
    /// The host.
    type Host: Host;

    /// The host, if it can be had; why it can not, has been said.
    fn ready(self) -> Option<Self::Host>;
}

impl<H: Host> Fresh for H {
    type Host = H;

    fn ready(self) -> Option<H> {
        Some(self)
    }
}

impl<H: Host> Fresh for Option<H> {
    type Host = H;

    fn ready(self) -> Self {
        self
    }
}

/// Rounds of [`until!`](crate::until) before it gives up.
pub const ROUNDS: usize = 400;

/// How long one round of [`until!`](crate::until) takes.
pub const ROUND: Duration = Duration::from_millis(50);

/// Tries an expression until it is `Some`, letting a little time pass in between; gives up loudly.
#[macro_export]
macro_rules! until {
    ($host:expr, $what:expr, $found:expr) => {{
        let mut found = None;
        for _ in 0..$crate::host::ROUNDS {
            found = $found;
            if found.is_some() {
                break;
            }
            $host.pass($crate::host::ROUND).await;
        }
        found.unwrap_or_else(|| panic!("it never came: {}", $what))
    }};
}

/// Ends a case, with a word, on a host that lacks a capability.
#[macro_export]
macro_rules! needs {
    ($host:expr, $capability:ident) => {
        if !$host.capabilities().$capability {
            eprintln!("skipped on {}: needs {}", $host.capabilities().name, stringify!($capability));
            return;
        }
    };
}
