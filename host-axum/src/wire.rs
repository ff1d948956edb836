//! Chooses the parts and joins them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use scheduler_core::domain::{Role, Source, Timestamp};
use scheduler_core::engine::{Engine, EngineConfig, Pullers};
use scheduler_core::memory::MemoryStore;
use scheduler_core::metrics::{Metrics, TenantLabels};
use scheduler_core::ports::{Clock, Store};
use scheduler_core::vault::{self, Vault};
use tokio::net::TcpListener;
use tracing::{info, warn};

use crate::alarm::SystemClock;
use crate::client::show;
use crate::config::{Backup, Serve, StoreArgs, StoreChoice, Token, TokenCreate};
use crate::connections::{self, FileConnections};
use crate::keys::MasterKey;
use crate::process::{Stop, log, on_own_thread};
use crate::server::{ServerOptions, serve as serve_http};
use crate::{Failure, tokens};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Runs the scheduler, its REST surface and its web app until the process is told to stop.
///
/// # Errors
///
/// When the settings do not hold together, or a part can not be opened.
pub async fn serve(settings: Serve) -> Result<(), Failure> {
    log(settings.log_format, &settings.log_level)?;
    let stop = Stop::on_signals()?;
    let engine = engine(&settings).await?;
    let mode = Mode::of(&settings, &engine).await?;
    let listener = TcpListener::bind(settings.listen)
        .await
        .map_err(|error| Failure::config(format!("--listen {}: {error}", settings.listen)))?;
    if mode == Mode::NewToken {
        give_token(&settings, &engine).await?;
    }

    let driver = on_own_thread("ticker", drive(engine.clone(), stop.clone()))?;
    let housekeeper = tokio::spawn(keep_house(engine.clone(), DAY * settings.retention_days));
    announce(&settings, &listener, mode)?;
    serve_http(listener, router(&engine), options(&settings, mode), stop.stopped()).await?;
    housekeeper.abort();
    let _ = driver.await;
    info!("stopped");
    Ok(())
}

/// Checks the settings and the store, as far as that is possible without listening.
///
/// # Errors
///
/// What would keep the server from starting.
pub async fn check(settings: Serve) -> Result<(), Failure> {
    let engine = engine(&settings).await?;
    engine.store().probe(engine.clock().now()).await?;
    let mode = Mode::of(&settings, &engine).await?;
    show(&format!("ok: {}, {}", store_of(&settings), mode.words()))
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
            let store = durable(&wanted.store).await?;
            let secret = tokens::create(&*store, &wanted, now).await?;
            eprintln!(
                "The token, which is shown only now; a running server that had none must be restarted:"
            );
            show(&secret)
        }
        Token::List(args) => show(tokens::list(&*durable(&args).await?, now).await?.trim_end()),
        Token::Revoke(revoked) => {
            tokens::revoke(&*durable(&revoked.store).await?, &revoked.id, now).await?;
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
    match command.store.choice() {
        StoreChoice::Memory => Err(Failure::config("a store in memory can not be copied")),
        StoreChoice::Sqlite(path) => Err(Failure::config(format!("{}: not in this build", path.display()))),
    }
}

/// Joins store, clock, pullers and connections to an engine.
async fn engine(settings: &Serve) -> Result<Arc<Engine>, Failure> {
    let clock = Arc::new(SystemClock::start()?);
    refuse_absurd_time(clock.now())?;
    let choice = store_of(settings);
    let store = open(&choice).await?;
    let vault = Arc::new(Vault::new(master_key(settings, &choice)?.expose()));
    let entries = settings.connections.as_deref().map(connections::read).transpose()?.unwrap_or_default();
    let source = Source::parse("acculynx").map_err(|error| Failure::other(error.to_string()))?;
    let connections = Arc::new(FileConnections::new(source, entries, store.clone(), vault));
    let metrics = Metrics::new("axum", env!("CARGO_PKG_VERSION"), "unknown", TenantLabels::default());
    let config = EngineConfig {
        boot: vault::random::<4>().iter().map(|byte| format!("{byte:02x}")).collect(),
        lease: Duration::from_secs(settings.lease_sec.into()),
        parallel: settings.parallel as usize,
        drain: Duration::from_secs(settings.drain_sec.into()),
        ..EngineConfig::default()
    };
    Ok(Engine::new(store, clock, pullers(settings)?, connections, metrics, config).await?)
}

fn pullers(_settings: &Serve) -> Result<Pullers, Failure> {
    Ok(Pullers::new())
}

async fn open(choice: &StoreChoice) -> Result<Arc<dyn Store>, Failure> {
    match choice {
        StoreChoice::Memory => Ok(Arc::new(MemoryStore::new())),
        StoreChoice::Sqlite(path) => Err(Failure::config(format!("{}: not in this build", path.display()))),
    }
}

/// Opens a store that outlives this process.
async fn durable(args: &StoreArgs) -> Result<Arc<dyn Store>, Failure> {
    match args.choice() {
        StoreChoice::Memory => {
            Err(Failure::config("a token needs a store that is kept: give --store sqlite:PATH"))
        }
        choice => open(&choice).await,
    }
}

fn store_of(settings: &Serve) -> StoreChoice {
    if settings.demo { StoreChoice::Memory } else { settings.store.choice() }
}

fn master_key(settings: &Serve, choice: &StoreChoice) -> Result<MasterKey, Failure> {
    match (&settings.master_key, choice) {
        (Some(key), _) => Ok(key.clone()),
        (None, StoreChoice::Memory) => Ok(MasterKey::random()?),
        (None, StoreChoice::Sqlite(_)) => MasterKey::in_dir(&settings.store.data_dir),
    }
}

fn router(_engine: &Arc<Engine>) -> Router {
    Router::new()
        .route("/ops/ping", get(|| async { r#"{"ok":true,"status":"up"}"# }))
        .fallback(command_center_ui::serve)
}

/// The scheduler's own thread.
async fn drive(engine: Arc<Engine>, stop: Stop) {
    match engine.recover().await {
        Ok(0) => {}
        Ok(runs) => info!(runs, "took back the runs that an earlier process left behind"),
        Err(error) => warn!(%error, "could not take back runs yet: their leases will run out"),
    }
    engine.run(stop.stopped()).await;
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

fn options(settings: &Serve, mode: Mode) -> ServerOptions {
    ServerOptions {
        drain: Duration::from_secs(settings.drain_sec.into()),
        max_connections: settings.max_connections as usize,
        max_per_address: settings.max_connections_per_address as usize,
        local_only: mode == Mode::Open,
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
        let store = store_of(settings);
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

/// A clock that lies by decades would settle decades of slots.
fn refuse_absurd_time(now: Timestamp) -> Result<(), Failure> {
    let sane = ["2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z"].map(Timestamp::parse);
    if sane[0] <= Some(now) && Some(now) < sane[1] {
        return Ok(());
    }
    Err(Failure::config(format!("the machine's clock says {now}: set it first")))
}

fn announce(settings: &Serve, listener: &TcpListener, mode: Mode) -> Result<(), Failure> {
    let address = listener.local_addr()?;
    info!(store = %store_of(settings), mode = mode.words(), "AetherLink Command Center is ready at http://{address}");
    Ok(())
}
