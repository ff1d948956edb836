//! The serverless host as it ships: the bootstrap behind a Runtime API, on DynamoDB Local.

mod environment;
pub mod events;
mod function;
mod kms;
mod queue;
mod recorder;
pub mod tools;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use dynamodb_local::Local;
use futures::StreamExt;
use futures::stream::BoxStream;
use http::{Request, Response};
use puller_acculynx::sandbox::Sandbox;
use scheduler_core::domain::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;

pub use environment::{Environment, Outcome};
pub use function::Function;
pub use kms::KeyService;
pub use queue::Queue;
pub use recorder::{Actions, Recorder};

use crate::binary::SystemClock;
use crate::host::{Capabilities, Host};
use crate::upstream::{CANARY, Upstream};

/// The time that each invocation has, as the template gives it to the API.
const TIME: Duration = Duration::from_secs(300);
/// Looks at a condition before it is given up.
const LOOKS: usize = 400;

/// The host on a table of its own; none where DynamoDB Local can not run.
pub async fn dynamodb() -> Option<Lambda> {
    Lambda::start(&[], false).await
}

/// The functions, and what is around them.
pub struct Lambda {
    upstream: Upstream,
    /// Answers requests.
    pub api: Function,
    /// Runs what is due, or hands it to the queue.
    pub tick: Arc<Function>,
    /// Runs what the queue brings.
    pub worker: Function,
    /// Stands between them.
    pub queue: Option<Queue>,
    /// The doors to AWS's services, by role.
    pub recorders: BTreeMap<&'static str, Recorder>,
    /// The table that it works on.
    pub table: String,
    admin: OnceLock<String>,
    ticking: Arc<AtomicBool>,
}

impl Lambda {
    /// Deploys the functions with more variables, with a queue or without.
    ///
    /// Each role reaches what `AWS_ENDPOINT_URL_*` names through doors of its own.
    pub async fn start(more: &[(&str, &str)], queued: bool) -> Option<Self> {
        let local = Local::shared()?;
        let (upstream, base_url) = serve_upstream().await;
        let queue = if queued { Some(Queue::serve().await) } else { None };
        let table = local.table();
        let mut variables = variables(local, &table, &base_url);
        variables.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        if let Some(queue) = &queue {
            variables.push(("COMMAND_CENTER_QUEUE_URL".into(), queue.url().to_owned()));
            variables.push(("AWS_ENDPOINT_URL_SQS".into(), queue.endpoint().to_owned()));
        }
        let (mut recorders, mut functions) = (BTreeMap::new(), Vec::new());
        for (role, most) in [("api", 8), ("tick", 4), ("worker", 4)] {
            let recorder = Recorder::default();
            let mut variables = variables.clone();
            variables.push(("COMMAND_CENTER_ROLE".into(), role.to_owned()));
            for (_, value) in variables.iter_mut().filter(|(name, _)| name.starts_with("AWS_ENDPOINT_URL_")) {
                *value = recorder.door(value).await;
            }
            recorders.insert(role, recorder);
            functions.push(Function::new(variables, most, TIME));
        }
        let [api, tick, worker] = <[Function; 3]>::try_from(functions).ok().expect("three");
        let host = Self {
            upstream,
            api,
            tick: Arc::new(tick),
            worker,
            queue,
            recorders,
            table,
            admin: OnceLock::new(),
            ticking: Arc::default(),
        };
        let made = host.api.invoke(r#"{"token":{"name":"first","role":"admin"}}"#.into()).await.good();
        let secret = made["secret"].as_str().expect("a secret").to_owned();
        host.admin.get_or_init(|| secret);
        Some(host)
    }

    /// Takes what is in the queue to a worker, as the event source mapping does.
    pub async fn drain(&self) {
        let queue = self.queue.as_ref().expect("a queue");
        for batch in queue.batches() {
            let answer = self.worker.invoke(events::messages(&batch)).await.good();
            let failed = answer["batchItemFailures"].as_array().expect("failures");
            let failed: Vec<_> =
                failed.iter().map(|failure| failure["itemIdentifier"].as_str().expect("an id")).collect();
            queue.settle(batch, &failed);
        }
    }

    /// Everything that the functions have written.
    pub fn said(&self) -> String {
        self.api.said() + &self.tick.said() + &self.worker.said()
    }
}

#[async_trait]
impl Host for Lambda {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "lambda",
            simulated_time: false,
            streaming: false,
            durable: true,
            open_mode: false,
            // Requests that follow each other meet one environment, counters are kept together, and ticks come.
            one_process: true,
        }
    }

    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        let answer = self.api.invoke(events::request(&request, events::DOMAIN)).await;
        events::response(&answer.good())
    }

    async fn stream(&self, request: Request<Bytes>) -> Response<BoxStream<'static, Bytes>> {
        self.send(request).await.map(|body| futures::stream::once(std::future::ready(body)).boxed())
    }

    /// Minutes pass faster here: whenever a case waits, a tick comes.
    async fn pass(&self, span: Duration) {
        assert!(span <= Duration::from_secs(5), "a real host is not made to wait that long");
        if !self.ticking.swap(true, Ordering::AcqRel) {
            let (tick, ticking) = (self.tick.clone(), self.ticking.clone());
            tokio::spawn(async move {
                let _killed = tick.try_invoke(events::TICK.into()).await;
                ticking.store(false, Ordering::Release);
            });
        }
        tokio::time::sleep(span).await;
    }

    fn now(&self) -> Timestamp {
        self.upstream.now()
    }

    async fn restart(&self) {
        self.api.kill();
        self.tick.kill();
        self.worker.kill();
    }

    fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    fn admin(&self) -> Option<&str> {
        self.admin.get().map(String::as_str)
    }
}

impl Drop for Lambda {
    fn drop(&mut self) {
        let said = self.said();
        if std::thread::panicking() {
            let tail = said.len().saturating_sub(4000);
            eprintln!("the functions said:\n{}", said.get(tail..).unwrap_or(&said));
            return;
        }
        assert!(!said.contains(CANARY), "an upstream key is in the log");
        for line in said.lines() {
            assert!(serde_json::from_str::<Value>(line).is_ok(), "a log line is no JSON: {line}");
        }
    }
}

/// An upstream that is reached over a socket, and its address.
pub async fn serve_upstream() -> (Upstream, String) {
    let upstream = Upstream::new(Arc::new(SystemClock::new()));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
    let base_url = Sandbox::base_url(listener.local_addr().expect("an address"));
    tokio::spawn(upstream.sandbox().clone().serve(listener));
    (upstream, base_url)
}

/// The environment of a function on a table, without its role.
pub fn variables(local: &Local, table: &str, base_url: &str) -> Vec<(String, String)> {
    let key = "07".repeat(32);
    let own = [
        ("COMMAND_CENTER_TABLE", table),
        ("COMMAND_CENTER_MASTER_KEY", &key),
        ("COMMAND_CENTER_MIN_INTERVAL_SEC", "1"),
        ("ACCULYNX_BASE_URL", base_url),
    ];
    let all = local.variables().into_iter().chain(own);
    all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The newest version of glibc that a program asks for, such as 2.34.
pub fn newest_glibc(program: &Path) -> (u32, u32) {
    let program = std::fs::read(program).expect("the program");
    // Versions of symbols stand in the file as text.
    let text = String::from_utf8_lossy(&program);
    let versions = text.split("GLIBC_").skip(1).filter_map(|rest| {
        let version = rest.split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
        let (major, minor) = version.split_once('.')?;
        Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
    });
    versions.max().expect("a program linked with glibc")
}

/// The bootstrap: what `LAMBDA_BOOTSTRAP` names, or the one of this profile, built when it is not current.
pub fn bootstrap() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| match std::env::var_os("LAMBDA_BOOTSTRAP") {
        Some(path) => path.into(),
        None => crate::binary::built("bootstrap"),
    })
}

/// Looks until there is something to see.
pub async fn eventually<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    for _ in 0..LOOKS {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never came: {what}")
}
