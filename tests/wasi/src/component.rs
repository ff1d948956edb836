//! The component, compiled once, and what an instance of it is given.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use puller_acculynx::sandbox::Sandbox;
use scheduler_core::domain::Timestamp;
use scheduler_core::ports::{Clock, ManualClock};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tower::ServiceExt;
use wasmtime::component::{Component as Compiled, Linker, ResourceTable};
use wasmtime::{CallHook, Config, Engine, OptLevel, RegallocAlgorithm, Store, StoreContextMut};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{FsPerms, HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

/// What encrypts upstream keys.
pub const MASTER_KEY: &str = "0707070707070707070707070707070707070707070707070707070707070707";

/// The component, ready to be instantiated.
pub struct Component {
    engine: Engine,
    compiled: Compiled,
    counted: bool,
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
    /// The component that `HOST_WASI` names, or the one that `make wasm` leaves; it can be stopped.
    pub fn get() -> Arc<Self> {
        static COMPONENT: OnceLock<Arc<Component>> = OnceLock::new();
        COMPONENT.get_or_init(|| Arc::new(Self::load(&Self::path(), true))).clone()
    }

    /// The one with `dynamodb` and `otel` that `HOST_WASI_FEATURES` names, or that `.ci/wasm test` leaves; it can not
    /// be stopped.
    pub fn with_features() -> Arc<Self> {
        static COMPONENT: OnceLock<Arc<Component>> = OnceLock::new();
        let path = place("HOST_WASI_FEATURES", "features.wasm");
        COMPONENT.get_or_init(|| Arc::new(Self::load(&path, false))).clone()
    }

    /// Where the component is.
    pub fn path() -> PathBuf {
        place("HOST_WASI", "host_wasi.wasm")
    }

    /// Loads a component, or machine code that came from [`Self::code`]. Only what is `counted` can be stopped.
    pub fn load(path: &Path, counted: bool) -> Self {
        let engine = engine(counted);
        let compiled = if path.extension().is_some_and(|kind| kind == "cwasm") {
            // SAFETY: a test has just made it with this very runtime.
            unsafe { Compiled::deserialize_file(&engine, path) }
        } else {
            Compiled::from_file(&engine, path)
        };
        let compiled = compiled
            .unwrap_or_else(|error| panic!("{}: `.ci/wasm test` builds it: {error:#}", path.display()));
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).expect("interfaces");
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).expect("interfaces");
        let pre = linker.instantiate_pre(&compiled).expect("it imports nothing else");
        let proxy = ProxyPre::new(pre.clone()).expect("it answers requests");
        let command = CommandPre::new(pre).expect("it is a command");
        Self { engine, compiled, counted, proxy, command }
    }

    /// Its machine code, for a file that ends in `.cwasm`.
    pub fn code(&self) -> Vec<u8> {
        self.compiled.serialize().expect("machine code")
    }
}

/// The file that a variable names, or a place below `target/wasm`.
fn place(variable: &str, built: &str) -> PathBuf {
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/wasm").join(built);
    std::env::var_os(variable).map_or_else(built, PathBuf::from)
}

fn engine(counted: bool) -> Engine {
    let mut config = Config::new();
    config.consume_fuel(counted).epoch_interruption(counted);
    if cfg!(debug_assertions) {
        // A compiler that was built without optimization has enough to do.
        config
            .cranelift_opt_level(OptLevel::None)
            .cranelift_regalloc_algorithm(RegallocAlgorithm::SinglePass);
    }
    Engine::new(&config).expect("an engine")
}

/// What stops an instance in the middle of its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Nothing.
    Never,
    /// It has used up so much fuel.
    Fuel(u64),
    /// The epoch of the runtime ends when it calls the runtime for the so many-th time.
    Epoch(u64),
    /// This process is killed then.
    Kill(u64),
}

/// What instances have used up.
#[derive(Debug, Default)]
pub struct Spent {
    /// Units of work.
    pub fuel: AtomicU64,
    /// Calls of the runtime: files, clocks, requests and all else.
    pub calls: AtomicU64,
}

/// What an instance is given of the world.
#[derive(Clone)]
pub struct Instance {
    /// What it is an instance of.
    pub component: Arc<Component>,
    /// The directory of its store.
    pub data: PathBuf,
    /// Its environment.
    pub env: Vec<(String, String)>,
    /// Its clock; the machine's where there is none.
    pub clock: Option<SimulatedClock>,
    /// Its wall clock, where that one alone is moved by hand.
    pub wall_clock: Option<ManualClock>,
    /// Where its outgoing requests arrive, all of them.
    pub upstream: Sandbox,
    /// Where they arrive instead, if there is more outside than an upstream.
    pub outside: Option<Router>,
    /// What stops it.
    pub stop: Stop,
    /// What it and its clones have used up.
    pub spent: Arc<Spent>,
}

impl Instance {
    /// With an open door, over a directory, with the data of an upstream.
    pub fn on(data: &Path, upstream: Sandbox) -> Self {
        let env = [
            ("COMMAND_CENTER_MASTER_KEY", MASTER_KEY.to_owned()),
            ("COMMAND_CENTER_OPEN", "true".to_owned()),
            ("COMMAND_CENTER_MIN_INTERVAL_SEC", "1".to_owned()),
            ("COMMAND_CENTER_LEASE_SEC", "10".to_owned()),
            ("ACCULYNX_BASE_URL", Sandbox::BASE_URL.to_owned()),
        ];
        Self {
            component: Component::get(),
            data: data.to_owned(),
            env: env.map(|(name, value)| (name.to_owned(), value)).into(),
            clock: None,
            wall_clock: None,
            upstream,
            outside: None,
            stop: Stop::Never,
            spent: Arc::default(),
        }
    }

    /// The same with another value of a variable.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same, stopped by something.
    pub fn stopped(&self, stop: Stop) -> Self {
        Self { stop, ..self.clone() }
    }

    fn store(&self, arguments: &[&str]) -> (Store<State>, [MemoryOutputPipe; 2]) {
        let pipes = [MemoryOutputPipe::new(1 << 20), MemoryOutputPipe::new(1 << 22)];
        let mut wasi = WasiCtx::builder();
        wasi.allow_blocking_current_thread(true)
            .envs(&self.env)
            .args(arguments)
            .stdout(pipes[0].clone())
            .stderr(pipes[1].clone())
            .preopened_dir(&self.data, "/data", FsPerms::ReadWrite)
            .expect("a directory");
        if let Some(clock) = self.clock {
            wasi.wall_clock(clock).monotonic_clock(clock);
        }
        if let Some(clock) = &self.wall_clock {
            wasi.wall_clock(ByHand(clock.clone()));
        }
        let state = State {
            table: ResourceTable::new(),
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            outside: Outside(self.outside.clone().unwrap_or_else(|| self.upstream.router())),
        };
        let mut store = Store::new(&self.component.engine, state);
        if self.component.counted {
            store
                .set_fuel(if let Stop::Fuel(fuel) = self.stop { fuel } else { u64::MAX })
                .expect("work is counted");
            store.set_epoch_deadline(if let Stop::Epoch(_) = self.stop { 1 } else { u64::MAX >> 1 });
            store.call_hook(self.watch());
        }
        (store, pipes)
    }

    /// Counts calls of the runtime, and does at one of them what is to be done.
    fn watch(&self) -> impl FnMut(StoreContextMut<'_, State>, CallHook) -> wasmtime::Result<()> + use<> {
        let (stop, spent) = (self.stop, self.spent.clone());
        let mut call = 0;
        move |store, event| {
            if matches!(event, CallHook::CallingHost) {
                call += 1;
                spent.calls.fetch_add(1, Ordering::SeqCst);
                match stop {
                    Stop::Epoch(at) if at == call => store.engine().increment_epoch(),
                    Stop::Kill(at) if at == call => kill_this_process(),
                    _ => {}
                }
            }
            Ok(())
        }
    }

    fn spend(&self, store: &Store<State>) {
        if self.component.counted {
            let whole = if let Stop::Fuel(fuel) = self.stop { fuel } else { u64::MAX };
            self.spent.fuel.fetch_add(whole - store.get_fuel().expect("work is counted"), Ordering::SeqCst);
        }
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Outcome {
        let named: Vec<_> = std::iter::once("host_wasi.wasm").chain(arguments.iter().copied()).collect();
        let (mut store, [stdout, stderr]) = self.store(&named);
        let ended = async {
            let instance = self.component.command.instantiate_async(&mut store).await?;
            instance.wasi_cli_run().call_run(&mut store).await
        };
        let ended = ended.await;
        self.spend(&store);
        let text = |pipe: MemoryOutputPipe| String::from_utf8_lossy(&pipe.contents()).into_owned();
        match ended {
            Ok(Ok(())) => Outcome::Done(text(stdout)),
            Ok(Err(())) => Outcome::Failed(text(stderr)),
            Err(_) => Outcome::Trapped,
        }
    }

    /// Answers a request; the instance may go on after that, in a task of its own.
    ///
    /// None when it was stopped before it answered.
    pub async fn answer(&self, request: Request<Bytes>) -> (Option<Response<Bytes>>, JoinHandle<()>) {
        let (mut store, [_, stderr]) = self.store(&[]);
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let (mut parts, body) = request.into_parts();
        let host = parts.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        parts.uri = format!("http://{host}{target}").parse().unwrap_or(parts.uri);
        let body = Full::new(body).map_err(|never| -> Error { match never {} });
        let request = Request::from_parts(parts, body);
        let request = store.data_mut().http().new_incoming_request(Scheme::Http, request).expect("a request");
        let out = store.data_mut().http().new_response_outparam(sender).expect("a place for the answer");
        let instance = self.clone();
        let task = tokio::spawn(async move {
            let handled = async {
                let proxy = instance.component.proxy.instantiate_async(&mut store).await?;
                proxy.wasi_http_incoming_handler().call_handle(&mut store, request, out).await
            };
            let handled = handled.await;
            instance.spend(&store);
            if let Err(error) = handled
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

/// SIGKILL, as by hand.
fn kill_this_process() {
    let id = std::process::id().to_string();
    let sent = std::process::Command::new("kill").args(["-9", &id]).status();
    panic!("this process outlived {sent:?}");
}

struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    outside: Outside,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.outside }
    }
}

/// Answers every outgoing request.
struct Outside(Router);

type Sent = (Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl WasiHttpHooks for Outside {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        _options: Option<RequestOptions>,
        _processed: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        let router = self.0.clone();
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
    /// Says `start` now. The runtime was started with its time standing still; it passes only when all tasks wait.
    pub fn at(start: Timestamp) -> Self {
        Self { start, base: Instant::now() }
    }

    fn passed(&self) -> Duration {
        self.base.elapsed()
    }
}

#[async_trait::async_trait]
impl Clock for SimulatedClock {
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

struct ByHand(ManualClock);

impl HostWallClock for ByHand {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.0.now().millis().unsigned_abs())
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

/// The arc that the sandbox wants for a clock.
pub fn shared(clock: SimulatedClock) -> Arc<dyn Clock> {
    Arc::new(clock)
}
