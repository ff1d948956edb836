//! The self-hosted server as it ships: a process of its own, reached over a socket.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use http::{Request, Response};
use http_body_util::{BodyExt, BodyStream};
use puller_acculynx::sandbox::Sandbox;
use scheduler_core::domain::Timestamp;
use scheduler_core::ports::Clock;
use tokio::net::TcpListener;

use crate::host::{Capabilities, Host};
use crate::upstream::{CANARY, Upstream};
use crate::wire::exchange;

/// No answer may take longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// The server on a store in memory.
pub async fn memory() -> Binary {
    Binary::start(true, &[]).await
}

/// The server on a SQLite file.
pub async fn sqlite() -> Binary {
    Binary::start(false, &[]).await
}

/// The server in a process of its own.
pub struct Binary {
    upstream: Upstream,
    flags: Vec<String>,
    durable: bool,
    said: Arc<Mutex<String>>,
    running: Mutex<Option<Running>>,
    dir: tempfile::TempDir,
}

struct Running {
    child: Child,
    address: String,
}

impl Binary {
    /// Starts the server with more flags.
    pub async fn start(memory: bool, flags: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let upstream = Upstream::new(clock);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        let base_url = Sandbox::base_url(listener.local_addr().expect("an address"));
        tokio::spawn(upstream.sandbox().clone().serve(listener));
        let mut all = vec![
            "--listen=127.0.0.1:0".to_owned(),
            format!("--data-dir={}", dir.path().join("data").display()),
            format!("--acculynx-base-url={base_url}"),
            "--min-interval-sec=1".to_owned(),
            "--drain-sec=5".to_owned(),
        ];
        let name = |flag: &str| flag.split('=').next().unwrap_or_default().to_owned();
        all.retain(|usual| flags.iter().all(|flag| name(flag) != name(usual)));
        all.extend(memory.then(|| "--store=memory".to_owned()));
        all.extend(flags.iter().map(|flag| (*flag).to_owned()));
        let said = Arc::new(Mutex::new(String::new()));
        let host = Self { upstream, flags: all, durable: !memory, said, running: Mutex::new(None), dir };
        host.boot();
        host
    }

    /// Where it keeps its data.
    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A place for other files.
    pub fn scratch(&self) -> &Path {
        self.dir.path()
    }

    /// Everything that it has written to its streams.
    pub fn said(&self) -> String {
        lock(&self.said).clone()
    }

    /// Where it is reached, as `host:port`.
    pub fn address(&self) -> String {
        lock(&self.running).as_ref().expect("it runs").address.clone()
    }

    /// Starts a process on the data.
    pub fn boot(&self) {
        let mut child = command(&["serve"])
            .args(&self.flags)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let (tell, told) = std::sync::mpsc::channel();
        let streams: [Box<dyn std::io::Read + Send>; 2] = [
            Box::new(child.stderr.take().expect("a stream")),
            Box::new(child.stdout.take().expect("a stream")),
        ];
        for stream in streams {
            let (said, tell) = (self.said.clone(), tell.clone());
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let address = line.split_once("ready at http://").map(|(_, rest)| rest.to_owned());
                    *lock(&said) += &(line + "\n");
                    if let Some(address) = address {
                        let end = address.find(|c: char| c != ':' && c != '.' && !c.is_ascii_digit());
                        let _gone = tell.send(address[..end.unwrap_or(address.len())].to_owned());
                    }
                }
            });
        }
        drop(tell);
        let address = told.recv_timeout(PATIENCE);
        let address = address.unwrap_or_else(|_| panic!("it did not start:\n{}", self.said()));
        *lock(&self.running) = Some(Running { child, address });
    }

    /// Ends the process in the middle of what it does.
    pub fn kill(&self) {
        if let Some(mut running) = lock(&self.running).take() {
            let _gone = running.child.kill();
            let _gone = running.child.wait();
        }
    }

    /// Tells the process to stop, and waits until it has; gives its exit code.
    pub async fn stop(&self) -> Option<i32> {
        self.terminate();
        let began = Instant::now();
        loop {
            if let Some(running) = lock(&self.running).as_mut()
                && let Ok(Some(status)) = running.child.try_wait()
            {
                break status.code();
            }
            assert!(began.elapsed() < PATIENCE, "it does not stop:\n{}", self.said());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        let id = lock(&self.running).as_ref().expect("it runs").child.id().to_string();
        assert!(Command::new("kill").arg(id).status().expect("kill").success());
    }

    /// Sends a request; none when no answer came, as when the process is killed meanwhile.
    pub async fn try_send(&self, request: Request<Bytes>) -> Option<Response<Bytes>> {
        let address = self.address();
        try_send(&address, request).await
    }
}

/// Sends a request to an address; none when no answer came.
pub async fn try_send(address: &str, request: Request<Bytes>) -> Option<Response<Bytes>> {
    let answer = async {
        let (parts, body) = exchange(address, request).await.ok()?.into_parts();
        Some(Response::from_parts(parts, body.collect().await.ok()?.to_bytes()))
    };
    tokio::time::timeout(PATIENCE, answer).await.expect("an answer in time")
}

#[async_trait]
impl Host for Binary {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "axum",
            simulated_time: false,
            streaming: true,
            durable: self.durable,
            open_mode: true,
            one_process: true,
        }
    }

    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        let what = format!("{} {}", request.method(), request.uri());
        let answer = self.try_send(request).await;
        answer.unwrap_or_else(|| panic!("no answer to {what}:\n{}", self.said()))
    }

    async fn stream(&self, request: Request<Bytes>) -> Response<BoxStream<'static, Bytes>> {
        let answer = exchange(&self.address(), request).await.expect("an answer");
        answer.map(|body| {
            let frames = BodyStream::new(body).take_while(|frame| std::future::ready(frame.is_ok()));
            let data = frames.filter_map(|frame| async { frame.ok()?.into_data().ok() });
            data.boxed()
        })
    }

    async fn pass(&self, span: Duration) {
        assert!(span <= Duration::from_secs(5), "a real host is not made to wait that long");
        tokio::time::sleep(span).await;
    }

    fn now(&self) -> Timestamp {
        self.upstream.now()
    }

    async fn restart(&self) {
        assert_eq!(self.stop().await, Some(0), "{}", self.said());
        self.boot();
    }

    fn upstream(&self) -> &Upstream {
        &self.upstream
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let said = self.said();
            let tail = said.len().saturating_sub(4000);
            eprintln!("the server said:\n{}", said.get(tail..).unwrap_or(&said));
            return;
        }
        assert!(!self.said().contains(CANARY), "an upstream key is in the log");
        let files = std::fs::read_dir(self.data_dir()).into_iter().flatten().flatten();
        for file in files {
            let bytes = std::fs::read(file.path()).unwrap_or_default();
            let found = bytes.windows(CANARY.len()).any(|part| part == CANARY.as_bytes());
            assert!(!found, "an upstream key is in clear in {}", file.path().display());
        }
    }
}

/// The binary with arguments, in an environment that configures nothing.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(path());
    command.args(arguments).env("NO_COLOR", "1").env("RUST_BACKTRACE", "0");
    let ours = |name: &str| name.starts_with("COMMAND_CENTER_") || name.starts_with("ACCULYNX_");
    for (name, _) in std::env::vars().filter(|(name, _)| ours(name)) {
        command.env_remove(name);
    }
    command
}

/// Runs the binary to its end.
pub async fn run(arguments: &[&str]) -> Output {
    let mut command = command(arguments);
    let output = tokio::task::spawn_blocking(move || command.output());
    output.await.expect("a thread").expect("it starts")
}

/// The binary: what `COMMAND_CENTER_BIN` names, or the one of this profile, built when it is not current.
fn path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| match std::env::var_os("COMMAND_CENTER_BIN") {
        Some(path) => path.into(),
        None => built("command-center"),
    })
}

/// A binary of this profile, built when it is not current. All are built at once, so that they share what they
/// depend on.
pub(crate) fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a path");
    let profile = test.ancestors().nth(2).expect("target/<profile>/deps");
    let mut cargo = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    cargo.args(["build", "--quiet", "--locked", "-p", "host-axum", "-p", "host-lambda", "--bins"]);
    cargo.args(["--features", "host-axum/otel,host-lambda/otel"]);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
    assert!(cargo.current_dir(root).status().expect("cargo").success(), "{name} does not build");
    profile.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// The machine's clock.
pub struct SystemClock(Instant);

impl SystemClock {
    /// Its monotonic time begins now.
    #[allow(clippy::new_without_default, reason = "it takes the time")]
    pub fn new() -> Self {
        Self(Instant::now())
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
