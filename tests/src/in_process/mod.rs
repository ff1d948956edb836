//! The router called in process, under a clock that is moved by hand.

mod serverless;
mod watched;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use host_lambda::background::Background;
use host_lambda::parts::Parts;
use http::{Request, Response};
use http_body_util::BodyExt;
use puller_acculynx::sandbox::{Sandbox, SandboxClient};
use puller_acculynx::{AccuLynx, Config};
use scheduler_core::domain::{Limits, Source, Timestamp};
use scheduler_core::engine::{Engine, EngineConfig, Pullers};
use scheduler_core::memory::MemoryStore;
use scheduler_core::metrics::{Metrics, TenantLabels};
use scheduler_core::ports::{Clock, ManualClock, Puller, Store};
use scheduler_core::rest::{App, router};
use scheduler_core::vault::{StoredConnections, Vault};
use store_sql::sqlite::{Options, Sqlite};
use tokio::task::JoinHandle;
use tower::ServiceExt;

use crate::host::{Capabilities, Host, START};
use crate::upstream::Upstream;
use serverless::Serverless;
use watched::{Pulse, WatchedClock, WatchedStore};

/// A request that waits longer than this never ends.
const PATIENCE: Duration = Duration::from_secs(1800);

/// A host on a store in memory.
pub async fn memory() -> InProcess {
    InProcess::new(Keeper::Memory(Arc::new(MemoryStore::new()))).await
}

/// A host on a SQLite file.
pub async fn sqlite() -> InProcess {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("command-center.db");
    InProcess::new(Keeper::Sqlite { path, _dir: dir }).await
}

/// The router behind the events of the serverless host, whose ticks come whenever something is due.
pub async fn serverless() -> InProcess {
    InProcess::behind(Gate::Lambda, Keeper::Memory(Arc::new(MemoryStore::new()))).await
}

/// How requests come in, and who looks for what is due.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gate {
    /// Straight to the router, with a driver in the process.
    Axum,
    /// As events, with ticks from outside.
    Lambda,
}

/// What is kept while the process is not there.
enum Keeper {
    Memory(Arc<MemoryStore>),
    Sqlite { path: PathBuf, _dir: tempfile::TempDir },
}

impl Keeper {
    async fn open(&self) -> Arc<dyn Store> {
        match self {
            Self::Memory(store) => store.clone(),
            Self::Sqlite { path, .. } => {
                // The threads of the process before let go of the file when they see that it is gone.
                for _ in 0..200 {
                    match Sqlite::open(path, Options::default()) {
                        Ok(store) => return Arc::new(store),
                        Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                    }
                }
                panic!("the store stays locked");
            }
        }
    }
}

/// One process: an engine with its driver, and the router over it.
struct Process {
    door: Door,
    driver: JoinHandle<()>,
}

/// Where requests go in.
#[derive(Clone)]
enum Door {
    Router(Router),
    Function(Arc<Serverless>),
}

impl Door {
    async fn answer(self, request: Request<Bytes>) -> Response<Bytes> {
        let router = match self {
            Self::Function(function) => return function.answer(request).await,
            Self::Router(router) => router,
        };
        let answer = router.oneshot(request.map(Body::from)).await.unwrap_or_else(|never| match never {});
        let (parts, body) = answer.into_parts();
        Response::from_parts(parts, body.collect().await.expect("a body").to_bytes())
    }
}

/// A host in this process.
pub struct InProcess {
    gate: Gate,
    clock: ManualClock,
    pulse: Arc<Pulse>,
    keeper: Keeper,
    upstream: Upstream,
    boots: Mutex<u32>,
    process: Mutex<Option<Process>>,
}

impl InProcess {
    async fn new(keeper: Keeper) -> Self {
        Self::behind(Gate::Axum, keeper).await
    }

    async fn behind(gate: Gate, keeper: Keeper) -> Self {
        let clock = ManualClock::at(Timestamp::parse(START).expect("an instant"));
        let pulse = Arc::new(Pulse::default());
        let upstream = Upstream::new(Arc::new(WatchedClock::new(clock.clone(), pulse.clone())));
        let host =
            Self { gate, clock, pulse, keeper, upstream, boots: Mutex::new(0), process: Mutex::new(None) };
        host.boot().await;
        host
    }

    async fn boot(&self) {
        let boot = {
            let mut boots = lock(&self.boots);
            *boots += 1;
            *boots
        };
        let clock: Arc<dyn Clock> = Arc::new(WatchedClock::new(self.clock.clone(), self.pulse.clone()));
        let store: Arc<dyn Store> = Arc::new(WatchedStore::new(self.keeper.open().await, self.pulse.clone()));
        let vault = Arc::new(Vault::new([7; 32]));
        let source = Source::parse("acculynx").expect("a source");
        let http = Arc::new(SandboxClient::new(self.upstream.sandbox().clone()));
        let config = Config { base_url: Sandbox::BASE_URL.into(), ..Config::default() };
        let puller: Arc<dyn Puller> = Arc::new(AccuLynx::new(http, config));
        let connections = Arc::new(StoredConnections::new(store.clone(), vault.clone()));
        let metrics = Metrics::new("axum", "0.0.0", "none", TenantLabels::default());
        let background = Arc::new(Background::default());
        let config = EngineConfig {
            boot: format!("{boot}"),
            background: (self.gate == Gate::Lambda).then(|| background.clone() as _),
            ..EngineConfig::default()
        };
        let engine =
            Engine::new(store, clock, Pullers::from([(source, puller)]), connections, metrics, config)
                .await
                .expect("the store answers");
        let app = App::new(engine.clone(), vault)
            .host("axum", "0.0.0")
            .limits(Limits { min_interval_sec: 1, ..Limits::default() })
            .streaming(true)
            .loopback(true)
            .base_url("acculynx", Sandbox::BASE_URL);
        let (door, driver) = match self.gate {
            Gate::Axum => {
                let driver = tokio::spawn(async move {
                    engine.recover().await.expect("the store answers");
                    engine.run(std::future::pending()).await;
                });
                (Door::Router(router(app)), driver)
            }
            Gate::Lambda => {
                let parts = Parts { engine, router: router(app) };
                let function = Arc::new(Serverless::new(parts, background));
                (Door::Function(function.clone()), tokio::spawn(function.tick_when_due()))
            }
        };
        *lock(&self.process) = Some(Process { door, driver });
        self.settle().await;
    }

    fn door(&self) -> Door {
        lock(&self.process).as_ref().expect("it runs").door.clone()
    }

    /// Lets everything happen that needs no time.
    async fn settle(&self) {
        let (mut quiet, mut seen) = (0, self.pulse.moves());
        while quiet < 30 {
            if self.pulse.is_busy() {
                tokio::time::sleep(Duration::from_micros(50)).await;
                quiet = 0;
            } else {
                tokio::task::yield_now().await;
                quiet += 1;
            }
            if self.pulse.moves() != seen {
                (quiet, seen) = (0, self.pulse.moves());
            }
        }
    }

    /// Moves the clock to the next instant that something waits for, at most by `most`.
    fn step(&self, most: Duration) -> Duration {
        let wake = self.clock.next_wake().unwrap_or(most).clamp(Duration::from_millis(1), most);
        self.clock.advance(wake);
        self.pulse.moved();
        wake
    }

    async fn finished<T: Send + 'static>(&self, task: JoinHandle<T>) -> T {
        let mut waited = Duration::ZERO;
        loop {
            self.settle().await;
            if task.is_finished() {
                return task.await.expect("no panic outside of handlers");
            }
            assert!(waited < PATIENCE, "a request never ends");
            waited += self.step(Duration::from_secs(60));
        }
    }
}

#[async_trait]
impl Host for InProcess {
    fn capabilities(&self) -> Capabilities {
        // Behind Lambda's gate it is the same surface, but nothing streams.
        let streaming = self.gate == Gate::Axum;
        Capabilities {
            name: "axum",
            simulated_time: true,
            streaming,
            durable: true,
            open_mode: true,
            one_process: true,
        }
    }

    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        // A request takes time; no two are of the same instant.
        self.clock.advance(Duration::from_millis(1));
        self.finished(tokio::spawn(self.door().answer(request))).await
    }

    async fn stream(&self, request: Request<Bytes>) -> Response<BoxStream<'static, Bytes>> {
        let Door::Router(router) = self.door() else { panic!("this host does not stream") };
        let task = tokio::spawn(router.oneshot(request.map(Body::from)));
        let answer = self.finished(task).await.unwrap_or_else(|never| match never {});
        answer.map(|body| {
            // As a connection does, whether or not the case looks.
            let (sender, receiver) = futures::channel::mpsc::unbounded();
            let frames = body.into_data_stream().map(|frame| Ok(frame.expect("a body")));
            tokio::spawn(frames.forward(sender));
            receiver.boxed()
        })
    }

    async fn pass(&self, span: Duration) {
        let mut left = span;
        while !left.is_zero() {
            self.settle().await;
            left = left.saturating_sub(self.step(left));
        }
        self.settle().await;
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn restart(&self) {
        let process = lock(&self.process).take().expect("it runs");
        process.driver.abort();
        let _aborted = process.driver.await;
        drop(process.door);
        self.boot().await;
    }

    fn upstream(&self) -> &Upstream {
        &self.upstream
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
