//! Chooses the parts and joins them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tracing::info;

use crate::Failure;
use crate::alarm::SystemClock;
use crate::config::{Backup, Serve, StoreChoice, Token};
use crate::process::{Stop, log, on_own_thread};
use crate::server::{ServerOptions, serve as serve_http};

/// Runs the scheduler, its REST surface and its web app until the process is told to stop.
pub async fn serve(settings: Serve) -> Result<(), Failure> {
    log(settings.log_format, &settings.log_level)?;
    let stop = Stop::on_signals()?;
    let clock = Arc::new(SystemClock::start()?);
    let open = true;
    refuse_open_to_the_world(&settings, open)?;

    let listener = TcpListener::bind(settings.listen)
        .await
        .map_err(|error| Failure::config(format!("--listen {}: {error}", settings.listen)))?;
    let driver = on_own_thread("ticker", drive(clock, stop.clone()))?;
    announce(&settings, &listener, open)?;
    serve_http(listener, router(), options(&settings, open), stop.stopped()).await?;
    let _ = driver.await;
    info!("stopped");
    Ok(())
}

/// Checks configuration and store.
pub async fn check(_settings: Serve) -> Result<(), Failure> {
    Err(Failure::other("not wired"))
}

/// Makes, lists and revokes access tokens.
pub async fn token(_command: Token) -> Result<(), Failure> {
    Err(Failure::other("not wired"))
}

/// Copies the store.
pub async fn backup(_command: Backup) -> Result<(), Failure> {
    Err(Failure::other("not wired"))
}

fn router() -> Router {
    Router::new().route("/ops/ping", get(|| async { "{\"ok\":true}" })).fallback(command_center_ui::serve)
}

async fn drive(_clock: Arc<SystemClock>, stop: Stop) {
    stop.stopped().await;
}

fn options(settings: &Serve, open: bool) -> ServerOptions {
    ServerOptions {
        drain: Duration::from_secs(settings.drain_sec.into()),
        max_connections: settings.max_connections as usize,
        max_per_address: settings.max_connections_per_address as usize,
        local_only: open,
        ..ServerOptions::default()
    }
}

/// Without a token everyone is the administrator: that is for this machine only.
fn refuse_open_to_the_world(settings: &Serve, open: bool) -> Result<(), Failure> {
    if !open || settings.listen.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    Err(Failure::config(format!(
        "refusing to listen on {} without an access token: make one with `command-center token create --role admin \
         --store {}`, or listen on 127.0.0.1",
        settings.listen,
        settings.store.choice(),
    )))
}

fn announce(settings: &Serve, listener: &TcpListener, open: bool) -> Result<(), Failure> {
    let address = listener.local_addr()?;
    let store = if settings.demo { StoreChoice::Memory } else { settings.store.choice() };
    let mode = if open { "open (no token, this machine only)" } else { "token" };
    info!(%store, mode, "AetherLink Command Center is ready at http://{address}");
    Ok(())
}
