//! One execution environment of Lambda: the process of a function, and the Runtime API that it speaks to.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};

/// No process takes longer to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came of an invocation.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Whether the handler gave an answer, instead of an error.
    pub ok: bool,
    /// The answer, or the error.
    pub body: Bytes,
}

impl Outcome {
    /// The answer as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("not JSON, {error}: {self:?}"))
    }

    /// The answer of an invocation that went well.
    pub fn good(&self) -> serde_json::Value {
        assert!(self.ok, "the function failed: {}", String::from_utf8_lossy(&self.body));
        self.json()
    }
}

/// What the runtime and its extension wait for. An environment is free when each waits for what comes next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Waits {
    runtime: bool,
    registered: bool,
    extension: bool,
}

impl Waits {
    fn free(self) -> bool {
        self.runtime && (self.extension || !self.registered)
    }
}

type Queue<T> = (mpsc::UnboundedSender<T>, tokio::sync::Mutex<mpsc::UnboundedReceiver<T>>);

fn queue<T>() -> Queue<T> {
    let (sender, receiver) = mpsc::unbounded_channel();
    (sender, tokio::sync::Mutex::new(receiver))
}

struct Invocation {
    id: String,
    payload: String,
    deadline_ms: u128,
}

/// What both sides of the Runtime API share.
struct Api {
    invocations: Queue<Invocation>,
    events: Queue<String>,
    answer: Mutex<Option<(String, oneshot::Sender<Outcome>)>>,
    waits: watch::Sender<Waits>,
}

impl Api {
    fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(answered))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failed))
            .route("/2020-01-01/extension/register", post(register))
            .route("/2020-01-01/extension/event/next", get(event))
            .with_state(self)
    }

    fn done(&self, id: &str, ok: bool, body: Bytes) -> StatusCode {
        let waiting = lock(&self.answer).take_if(|(expected, _)| expected == id);
        match waiting {
            Some((_, answer)) => {
                let _gone = answer.send(Outcome { ok, body });
                StatusCode::ACCEPTED
            }
            None => StatusCode::BAD_REQUEST,
        }
    }
}

async fn next(State(api): State<Arc<Api>>) -> Response {
    api.waits.send_modify(|waits| waits.runtime = true);
    let Some(invocation) = api.invocations.1.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let headers = [
        ("lambda-runtime-aws-request-id", invocation.id),
        ("lambda-runtime-deadline-ms", invocation.deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:000000000000:function:test".into()),
    ];
    (headers, invocation.payload).into_response()
}

async fn answered(State(api): State<Arc<Api>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    api.done(&id, true, body)
}

async fn failed(State(api): State<Arc<Api>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    api.done(&id, false, body)
}

async fn register(State(api): State<Arc<Api>>, headers: HeaderMap) -> Response {
    if !headers.contains_key("lambda-extension-name") {
        return StatusCode::BAD_REQUEST.into_response();
    }
    api.waits.send_modify(|waits| waits.registered = true);
    let about = r#"{"functionName":"test","functionVersion":"$LATEST","handler":"bootstrap"}"#;
    ([("lambda-extension-identifier", "00000000-0000-4000-8000-000000000000")], about).into_response()
}

async fn event(State(api): State<Arc<Api>>) -> Response {
    api.waits.send_modify(|waits| waits.extension = true);
    match api.events.1.lock().await.recv().await {
        Some(event) => event.into_response(),
        None => StatusCode::GONE.into_response(),
    }
}

/// A process of the function with its own Runtime API. It dies with this value, by SIGKILL.
pub struct Environment {
    api: Arc<Api>,
    child: Mutex<Child>,
    started: Duration,
}

impl Environment {
    /// Starts `program`, and waits until it asks for its first invocation. What it writes goes to `said`.
    pub async fn start(
        program: &std::path::Path,
        variables: &[(String, String)],
        said: Arc<Mutex<String>>,
    ) -> Self {
        let waits = watch::Sender::new(Waits::default());
        let api = Arc::new(Api { invocations: queue(), events: queue(), answer: Mutex::default(), waits });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        let address = listener.local_addr().expect("an address").to_string();
        tokio::spawn(axum::serve(listener, api.clone().router()).into_future());
        let began = Instant::now();
        let mut child = Command::new(program)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .env("AWS_LAMBDA_FUNCTION_NAME", "test")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the bootstrap starts");
        let streams: [Box<dyn std::io::Read + Send>; 2] = [
            Box::new(child.stdout.take().expect("a stream")),
            Box::new(child.stderr.take().expect("a stream")),
        ];
        for stream in streams {
            let said = said.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    *lock(&said) += &(line + "\n");
                }
            });
        }
        let mut environment = Self { api, child: Mutex::new(child), started: Duration::ZERO };
        let ready = tokio::time::timeout(PATIENCE, environment.free()).await;
        ready.unwrap_or_else(|_| panic!("it did not start:\n{}", lock(&said)));
        environment.started = began.elapsed();
        environment
    }

    /// How long it took from its start to its first question for work.
    pub fn started(&self) -> Duration {
        self.started
    }

    /// The process.
    pub fn id(&self) -> u32 {
        lock(&self.child).id()
    }

    /// Invokes the function with the time that it has; none when the process has gone meanwhile.
    ///
    /// Like Lambda, it kills the process when the time is over.
    pub async fn invoke(&self, payload: String, time: Duration) -> Option<Outcome> {
        let id = format!("{:032x}", next_id());
        let (sender, receiver) = oneshot::channel();
        *lock(&self.api.answer) = Some((id.clone(), sender));
        let deadline = SystemTime::now() + time;
        let deadline_ms = deadline.duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
        let registered = self.api.waits.borrow().registered;
        self.api.waits.send_modify(|waits| (waits.runtime, waits.extension) = (false, false));
        if registered {
            let event = serde_json::json!({
                "eventType": "INVOKE", "deadlineMs": deadline_ms as u64, "requestId": id,
                "invokedFunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:test",
                "tracing": { "type": "X-Amzn-Trace-Id", "value": "Root=1-0-0" },
            });
            self.api.events.0.send(event.to_string()).expect("the receiver lives as long");
        }
        let invocation = Invocation { id, payload, deadline_ms };
        self.api.invocations.0.send(invocation).unwrap_or_else(|_| panic!("the receiver lives as long"));
        match tokio::time::timeout(time, receiver).await {
            Ok(outcome) => outcome.ok(),
            Err(_) => {
                self.kill();
                None
            }
        }
    }

    /// Waits until it would take an invocation.
    pub async fn free(&self) {
        let mut waits = self.api.waits.subscribe();
        let _lives = waits.wait_for(|waits| waits.free()).await;
    }

    /// Whether it would take an invocation.
    pub fn is_free(&self) -> bool {
        self.api.waits.borrow().free()
    }

    /// Ends the process in the middle of what it does; whoever waits for it hears of it.
    pub fn kill(&self) {
        let mut child = lock(&self.child);
        let _gone = child.kill();
        let _gone = child.wait();
        lock(&self.api.answer).take();
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.kill();
    }
}

fn next_id() -> u64 {
    static LAST: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    LAST.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
