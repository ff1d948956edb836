//! Joins the parts, and runs them from start to stop.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use puller_acculynx::ReqwestClient;
use scheduler_core::domain::{Limits, Role};
use scheduler_core::engine::Engine;
use scheduler_core::notify::Notifier;
use scheduler_core::ports::Clock;
use scheduler_core::rest::{self, App};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate, SizeAbove};
use traces_otlp::Traces;
use tracing::{error, info, warn};

use crate::alarm::SystemClock;
use crate::client::show;
use crate::config::{Backup, Migrate, Serve, StoreChoice, Token, TokenCreate};
use crate::parts::{Parts, acculynx};
use crate::process::{Stop, log, on_own_thread};
use crate::restarts::Restarts;
use crate::server::{ServerOptions, serve as serve_http};
use crate::{Failure, demo, migrate, stores, tokens};

/// How often spans are sent, and how long their collector may take.
const SPANS: Duration = Duration::from_secs(1);
const COLLECTOR: Duration = Duration::from_secs(5);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Runs the scheduler, its REST surface and its web app until the process is told to stop.
///
/// # Errors
///
/// When the settings do not hold together, or a part can not be opened.
pub async fn serve(settings: Serve) -> Result<(), Failure> {
    let traces = settings.watch.otlp_endpoint.as_deref().map(open_traces).transpose()?;
    log(settings.log_format, &settings.log_level, traces.as_ref())?;
    let settings = settings.settled();
    let webhook = settings.watch.webhook()?;
    let stop = Stop::on_signals()?;
    let parts = Parts::open(&settings, traces.as_ref()).await?;
    let engine = &parts.engine;
    let mode = Mode::of(&settings, engine).await?;
    let listener = TcpListener::bind(settings.listen)
        .await
        .map_err(|error| Failure::config(format!("--listen {}: {error}", settings.listen)))?;
    if mode == Mode::NewToken {
        give_token(&settings, engine).await?;
    }
    demo::register(&parts, &acculynx()?).await?;

    let restarts = match settings.store() {
        StoreChoice::Memory | StoreChoice::Files(_) => None,
        StoreChoice::Sqlite(path) => Some(Restarts::note(&path, engine.clock().now())),
    };
    let delay = restarts.as_ref().map_or(Duration::ZERO, Restarts::delay);
    let driver = on_own_thread("ticker", drive(engine.clone(), delay, stop.clone()))?;
    let housekeeper = tokio::spawn(keep_house(engine.clone(), DAY * settings.retention_days));
    let notifier = webhook.map(|webhook| {
        let notifier = Notifier::new(engine.clone(), parts.http.clone(), webhook);
        tokio::spawn(notifier.run(Duration::from_secs(settings.watch.webhook_every_sec.into())))
    });
    announce(&settings, &listener, mode, &parts)?;
    let mut router = router(&settings, mode, &parts);
    if let Some(traces) = &traces {
        router = traces.taken_in_by(router);
    }
    if let Some(traces) = traces.clone() {
        tokio::spawn(send_spans(traces, engine.clone()));
    }
    let served = serve_http(listener, router, options(&settings), stop.clone().stopped());
    both(served, driver, &stop).await?;
    housekeeper.abort();
    notifier.inspect(tokio::task::JoinHandle::abort);
    if let Some(traces) = traces {
        traces.flush().await;
    }
    restarts.as_ref().inspect(|restarts| restarts.forget());
    info!("stopped");
    Ok(())
}

/// Waits for the server and the scheduler. A scheduler that ends by itself ends the process, for a supervisor
/// to start again: a server alone would look healthy.
async fn both(
    served: impl Future<Output = std::io::Result<()>>,
    driver: oneshot::Receiver<()>,
    stop: &Stop,
) -> Result<(), Failure> {
    let driver = async {
        let ended = driver.await;
        if ended.is_ok() && stop.is_stopped() {
            return Ok(());
        }
        Err(Failure::other("the scheduler has ended by itself"))
    };
    tokio::try_join!(async { served.await.map_err(Failure::from) }, driver)?;
    Ok(())
}

/// Checks the settings and the store, whether or not a server has it open.
///
/// # Errors
///
/// What would keep the server from starting.
pub async fn check(settings: Serve) -> Result<(), Failure> {
    settings.watch.webhook()?;
    let found = stores::check(&settings.store, &settings.store())?;
    if let Some(path) = &settings.connections {
        crate::connections::read(path)?;
    }
    show(&format!("ok: {found}"))
}

/// Makes, lists and revokes access tokens.
///
/// # Errors
///
/// When the store fails, or there is no such token.
pub async fn token(command: Token) -> Result<(), Failure> {
    let now = SystemClock::start()?.now();
    match command {
        Token::Create(wanted) => {
            let secret = tokens::create(&*stores::for_tool(&wanted.store)?, &wanted, now).await?;
            eprintln!("The token, shown only now. A running server asks for one within two seconds.");
            show(&secret)
        }
        Token::List(args) => show(tokens::list(&*stores::for_tool(&args)?, now).await?.trim_end()),
        Token::Revoke(revoked) => {
            tokens::revoke(&*stores::for_tool(&revoked.store)?, &revoked.id, now).await?;
            show(&format!("{} is revoked", revoked.id))
        }
    }
}

/// Copies the store to a file.
///
/// # Errors
///
/// When the file exists or can not be written, or the store can not be copied.
pub async fn backup(command: Backup) -> Result<(), Failure> {
    stores::backup(&command.store, &command.path)?;
    show(&format!("{} is written", command.path.display()))
}

/// Copies everything from one store to another.
///
/// # Errors
///
/// When one of the two is in use or fails, or the second is not empty.
pub async fn migrate(command: Migrate) -> Result<(), Failure> {
    let from = stores::existing(&command.from)?;
    let to = stores::empty(&command.to)?;
    let copied = migrate::copy(&*from, &*to).await?;
    show(&format!(
        "{} holds {} records, {} runs, {} audit entries, {} imported records",
        command.to, copied.records, copied.runs, copied.entries, copied.imported
    ))
}

/// The REST surface, and the web app for every other path.
fn router(settings: &Serve, mode: Mode, parts: &Parts) -> Router {
    let limits = Limits { min_interval_sec: settings.min_interval_sec, ..Limits::default() };
    let app = App::new(parts.engine.clone(), parts.vault.clone())
        .host("axum", env!("CARGO_PKG_VERSION"))
        .limits(limits)
        .streaming(true)
        .loopback(mode == Mode::Open)
        .environment(settings.demo.then_some("demo"))
        .base_url("acculynx", &parts.base_url)
        .ui(command_center_ui::router());
    // Assets of the web app come compressed already, and event streams must not wait for more.
    let worth_it = DefaultPredicate::new().and(SizeAbove::new(1024));
    let compression = CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(worth_it);
    rest::router(app).layer(compression)
}

/// The scheduler's own thread.
async fn drive(engine: Arc<Engine>, delay: Duration, stop: Stop) {
    if !delay.is_zero() {
        error!(?delay, "the server was started too often without a clean stop: waiting before work begins");
        tokio::select! {
            () = engine.clock().sleep(delay) => {}
            () = stop.clone().stopped() => return,
        }
    }
    match engine.recover().await {
        Ok(0) => {}
        Ok(runs) => info!(runs, "took back the runs that an earlier process left behind"),
        Err(error) => warn!(%error, "could not take back runs yet: their leases will run out"),
    }
    engine.run(stop.stopped()).await;
}

/// A collector may be anywhere, private networks included.
fn open_traces(endpoint: &str) -> Result<Traces, Failure> {
    let http = Arc::new(ReqwestClient::within_private_networks().map_err(Failure::other)?);
    let wrong = |error| Failure::config(format!("--otlp-endpoint: {error}"));
    Traces::to(endpoint, http, COLLECTOR).map_err(wrong)
}

/// Sends the spans that have ended, now and then.
async fn send_spans(traces: Traces, engine: Arc<Engine>) {
    loop {
        engine.clock().sleep(SPANS).await;
        traces.flush().await;
    }
}

/// Forgets what is older than its retention, hourly.
async fn keep_house(engine: Arc<Engine>, retention: Duration) {
    loop {
        let now = engine.clock().now();
        match engine.store().prune(now - retention, now).await {
            Ok(0) => {}
            Ok(rows) => info!(rows, "forgot what is past its retention"),
            Err(error) => warn!(%error, "could not forget what is past its retention"),
        }
        engine.clock().sleep(HOUR).await;
    }
}

fn options(settings: &Serve) -> ServerOptions {
    ServerOptions {
        drain: Duration::from_secs(settings.drain_sec.into()),
        max_connections: settings.max_connections as usize,
        max_per_address: settings.max_connections_per_address as usize,
        ..ServerOptions::default()
    }
}

/// Who may do what on a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Whoever has a token, what that allows.
    Token,
    /// Everyone on this machine, everything.
    Open,
    /// A store in memory that others can reach: it is given a token, since no other command can.
    NewToken,
}

impl Mode {
    async fn of(settings: &Serve, engine: &Engine) -> Result<Self, Failure> {
        let store = settings.store();
        if tokens::any(&**engine.store(), engine.clock().now()).await? {
            Ok(Self::Token)
        } else if settings.listen.ip().to_canonical().is_loopback() {
            Ok(Self::Open)
        } else if store == StoreChoice::Memory {
            Ok(Self::NewToken)
        } else {
            Err(Failure::config(format!(
                "refusing to listen on {} without an access token: make one with `command-center token create \
                 --role admin --store {store}`, or listen on 127.0.0.1",
                settings.listen,
            )))
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Token | Self::NewToken => "token",
            Self::Open => "open: no token, this machine only",
        }
    }
}

async fn give_token(settings: &Serve, engine: &Engine) -> Result<(), Failure> {
    let wanted = TokenCreate {
        store: settings.store.clone(),
        role: Role::Admin,
        tenants: Vec::new(),
        name: "made at start".into(),
        expires_days: None,
    };
    let secret = tokens::create(&**engine.store(), &wanted, engine.clock().now()).await?;
    eprintln!("access token, good until this process ends: {secret}");
    Ok(())
}

fn announce(settings: &Serve, listener: &TcpListener, mode: Mode, parts: &Parts) -> Result<(), Failure> {
    let (address, store, mode) = (listener.local_addr()?, settings.store(), mode.words());
    if parts.demo.is_empty() {
        info!(%store, mode, "AetherLink Command Center is ready at http://{address}");
    } else {
        let tenants: Vec<_> =
            parts.demo.iter().map(|demo| format!("{} ({})", demo.name, demo.temper)).collect();
        let tenants = tenants.join(", ");
        info!(%store, mode, %tenants, "AetherLink Command Center, a demonstration, is ready at http://{address}");
    }
    Ok(())
}
