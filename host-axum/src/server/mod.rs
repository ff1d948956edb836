//! The HTTP/1.1 server: an accept loop that lets no silent, slow or greedy peer hold on to it.

mod exchange;
mod head_timer;
mod refusal;
mod seats;
mod socket;

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use exchange::Exchange;
use head_timer::HeadTimer;
use seats::{Seat, Seats};
use socket::{Heard, Socket};

/// The longest request head, in bytes.
const MAX_HEAD: usize = 32 * 1024;

/// What the server puts up with.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// A request's head must arrive within this time; a connection may be idle for as long.
    pub head_timeout: Duration,
    /// A request's body must arrive within this time.
    pub body_timeout: Duration,
    /// A peer that takes nothing of a response for this long is dropped.
    pub write_timeout: Duration,
    /// How long requests in flight may go on once the server is to stop.
    pub drain: Duration,
    /// Connections at one time.
    pub max_connections: usize,
    /// Connections at one time from one address that is not loopback.
    pub max_per_address: usize,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            drain: Duration::from_secs(25),
            max_connections: 1024,
            max_per_address: 64,
        }
    }
}

/// Where the server stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Open.
    Serving,
    /// Requests in flight are finished, streams end, nothing else is taken.
    Draining,
    /// Whatever is left is cut off.
    Closed,
}

/// Serves `router` on `listener` until `stop` ends; then takes nothing more, ends event streams, and lets
/// requests in flight finish.
///
/// Handlers find the peer as `ConnectInfo<SocketAddr>`.
///
/// # Errors
///
/// When the listener has no address. A failed accept is logged and tried again.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    options: ServerOptions,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    listener.local_addr()?;
    let (phase, watched) = watch::channel(Phase::Serving);
    let seats = Seats::new(&options);
    let host = Arc::new(Host::new(router, options, watched));
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                if let Some(seat) = seats.take(peer.ip()) {
                    tokio::spawn(host.clone().converse(stream, peer, seat));
                }
            }
            Err(error) => recover(&error).await,
        }
    }
    drop(listener);
    let drain = host.options.drain;
    drop(host);
    phase.send_replace(Phase::Draining);
    if timeout(drain, phase.closed()).await.is_err() {
        warn!(connections = phase.receiver_count(), "cutting off requests that did not finish in time");
        phase.send_replace(Phase::Closed);
        let _ = timeout(Duration::from_secs(1), phase.closed()).await;
    }
    Ok(())
}

/// Waits a little after an accept that failed for want of something, such as file descriptors.
async fn recover(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        warn!(%error, "can not accept a connection");
        sleep(Duration::from_millis(100)).await;
    }
}

/// What all connections share.
struct Host {
    router: Router,
    options: ServerOptions,
    http: http1::Builder,
    phase: watch::Receiver<Phase>,
}

impl Host {
    fn new(router: Router, options: ServerOptions, phase: watch::Receiver<Phase>) -> Self {
        let mut http = http1::Builder::new();
        http.header_read_timeout(options.head_timeout).max_header_size(MAX_HEAD);
        Self { router, options, http, phase }
    }

    /// Serves one connection until either side ends it.
    async fn converse(self: Arc<Self>, stream: TcpStream, peer: std::net::SocketAddr, seat: Seat) {
        let _ = stream.set_nodelay(true);
        let mut phase = self.phase.clone();
        let heard = Arc::new(Heard::default());
        let socket = Socket::new(stream, heard.clone(), self.options.write_timeout);
        let mut http = self.http.clone();
        http.timer(HeadTimer::new(self.options.head_timeout));
        let exchange = Exchange::new(self, peer, heard);
        let mut connection = pin!(http.serve_connection(TokioIo::new(socket), exchange));
        loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        debug!(%peer, %error, "connection ended");
                    }
                    break;
                }
                changed = phase.changed() => {
                    if changed.is_err() || *phase.borrow_and_update() == Phase::Closed {
                        break;
                    }
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
        drop(seat);
    }
}
