//! The component, compiled once, and what an instance of it is given.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use puller_acculynx::sandbox::Sandbox;
use scheduler_core::domain::Timestamp;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tower::ServiceExt;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime::{Config, Engine, Store};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{FsPerms, HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

/// The component, ready to be instantiated.
pub struct Component {
    engine: Engine,
    proxy: ProxyPre<State>,
    command: CommandPre<State>,
}

/// How a command ended.
#[derive(Debug)]
pub enum Outcome {
    /// With exit code 0, and this on its standard output.
    Done(String),
    /// With exit code 1, and this in its log.
    Failed(String),
    /// It was stopped.
    Trapped,
}

impl Component {
    /// The component that `HOST_WASI` names, or the one that `make wasm` leaves.
    pub fn get() -> &'static Self {
        static COMPONENT: OnceLock<Component> = OnceLock::new();
        COMPONENT.get_or_init(|| Self::load(&Self::path()).expect("the component: build it with `make wasm`"))
    }

    /// Where the component is.
    pub fn path() -> PathBuf {
        let built = "../../target/wasm/wasm32-wasip2/wasm/host_wasi.wasm";
        let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join(built);
        std::env::var_os("HOST_WASI").map_or_else(default, PathBuf::from)
    }

    fn load(path: &Path) -> wasmtime::Result<Self> {
        let mut config = Config::new();
        // Work is counted, so that an instance can be stopped at any point of it.
        config.consume_fuel(true);
        let engine = Engine::new(&config)?;
        let component = wasmtime::component::Component::from_file(&engine, path)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
        let pre = linker.instantiate_pre(&component)?;
        Ok(Self { engine, proxy: ProxyPre::new(pre.clone())?, command: CommandPre::new(pre)? })
    }
}

/// What an instance is given of the world.
#[derive(Clone)]
pub struct Instance {
    /// The directory of its store.
    pub data: PathBuf,
    /// Its environment.
    pub env: Vec<(String, String)>,
    /// Its clock.
    pub clock: SimulatedClock,
    /// Where its outgoing requests arrive, all of them.
    pub upstream: Sandbox,
    /// How much work it may do before it is stopped.
    pub fuel: u64,
}

impl Instance {
    /// With an open door, over a directory and a clock, and an upstream that knows nobody.
    pub fn on(data: &Path, clock: SimulatedClock) -> Self {
        let env = [
            ("COMMAND_CENTER_MASTER_KEY", "07".repeat(32)),
            ("COMMAND_CENTER_OPEN", "true".to_owned()),
            ("COMMAND_CENTER_MIN_INTERVAL_SEC", "1".to_owned()),
            ("COMMAND_CENTER_LEASE_SEC", "10".to_owned()),
            ("ACCULYNX_BASE_URL", Sandbox::BASE_URL.to_owned()),
        ];
        Self {
            data: data.to_owned(),
            env: env.map(|(name, value)| (name.to_owned(), value)).into(),
            clock,
            upstream: Sandbox::new(shared(clock)),
            fuel: UNBOUNDED,
        }
    }

    fn store(&self, component: &Component, arguments: &[&str]) -> (Store<State>, [MemoryOutputPipe; 2]) {
        let pipes = [MemoryOutputPipe::new(1 << 20), MemoryOutputPipe::new(1 << 22)];
        let mut wasi = WasiCtx::builder();
        wasi.allow_blocking_current_thread(true)
            .envs(&self.env)
            .args(arguments)
            .stdout(pipes[0].clone())
            .stderr(pipes[1].clone())
            .wall_clock(self.clock)
            .monotonic_clock(self.clock)
            .preopened_dir(&self.data, "/data", FsPerms::ReadWrite)
            .expect("a directory");
        let state = State {
            table: ResourceTable::new(),
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            upstream: Upstream(self.upstream.clone()),
        };
        let mut store = Store::new(&component.engine, state);
        store.set_fuel(self.fuel).expect("work is counted");
        (store, pipes)
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Outcome {
        let component = Component::get();
        let named: Vec<_> = std::iter::once("host_wasi.wasm").chain(arguments.iter().copied()).collect();
        let (mut store, [stdout, stderr]) = self.store(component, &named);
        let ended = async {
            let instance = component.command.instantiate_async(&mut store).await?;
            instance.wasi_cli_run().call_run(&mut store).await
        };
        let text = |pipe: MemoryOutputPipe| String::from_utf8_lossy(&pipe.contents()).into_owned();
        match ended.await {
            Ok(Ok(())) => Outcome::Done(text(stdout)),
            Ok(Err(())) => Outcome::Failed(text(stderr)),
            Err(_) => Outcome::Trapped,
        }
    }

    /// Answers a request; the instance may go on after that, in a task of its own.
    ///
    /// None when it was stopped before it answered.
    pub async fn answer(&self, request: Request<Bytes>) -> (Option<Response<Bytes>>, JoinHandle<()>) {
        let component = Component::get();
        let (mut store, [_, stderr]) = self.store(component, &[]);
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let (mut parts, body) = request.into_parts();
        let host = parts.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        parts.uri = format!("http://{host}{target}").parse().unwrap_or(parts.uri);
        let body = Full::new(body).map_err(|never| -> Error { match never {} });
        let request = Request::from_parts(parts, body);
        let request = store.data_mut().http().new_incoming_request(Scheme::Http, request).expect("a request");
        let out = store.data_mut().http().new_response_outparam(sender).expect("a place for the answer");
        let proxy = component.proxy.clone();
        let task = tokio::spawn(async move {
            let handled = async {
                let instance = proxy.instantiate_async(&mut store).await?;
                instance.wasi_http_incoming_handler().call_handle(&mut store, request, out).await
            };
            if let Err(error) = handled.await
                && std::env::var_os("WASI_LOG").is_some()
            {
                eprintln!("stopped: {error:#}\n{}", String::from_utf8_lossy(&stderr.contents()));
            }
        });
        let answer = match receiver.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => return (None, task),
        };
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.ok().map(|body| body.to_bytes());
        (body.map(|body| Response::from_parts(parts, body)), task)
    }
}

struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    upstream: Upstream,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.upstream }
    }
}

/// Answers every outgoing request from the sandbox.
struct Upstream(Sandbox);

type Sent = (Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl WasiHttpHooks for Upstream {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        _options: Option<RequestOptions>,
        _processed: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        let router = self.0.router();
        Box::new(async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await?.to_bytes();
            let request = Request::from_parts(parts, axum::body::Body::from(body));
            let answer = router.oneshot(request).await.unwrap_or_else(|never| match never {});
            let answer = answer.map(|body| body.map_err(|_| Error::ConnectionTerminated).boxed_unsync());
            Ok((answer, Box::new(async { Ok(()) }) as Box<_>))
        })
    }
}

/// The wall clock as it is when Tokio's own clock stands still and is moved.
#[derive(Debug, Clone, Copy)]
pub struct SimulatedClock {
    start: Timestamp,
    base: Instant,
}

impl SimulatedClock {
    /// Says `start` now. From here on, time passes only when all tasks of this runtime wait for it.
    pub fn at(start: Timestamp) -> Self {
        tokio::time::pause();
        Self { start, base: Instant::now() }
    }

    fn passed(&self) -> Duration {
        self.base.elapsed()
    }
}

#[async_trait::async_trait]
impl scheduler_core::ports::Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        self.start + self.passed()
    }

    fn monotonic(&self) -> Duration {
        self.passed()
    }

    async fn sleep(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }
}

impl HostWallClock for SimulatedClock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.start.millis().unsigned_abs()) + self.passed()
    }
}

impl HostMonotonicClock for SimulatedClock {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        u64::try_from(self.passed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// As much work as it wants.
pub const UNBOUNDED: u64 = u64::MAX;

/// The arc that the sandbox wants for a clock.
pub(crate) fn shared(clock: SimulatedClock) -> Arc<dyn scheduler_core::ports::Clock> {
    Arc::new(clock)
}
