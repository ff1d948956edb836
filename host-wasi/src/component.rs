//! What the component exports.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, Response};
use scheduler_core::domain::{AuditDraft, Caller, Key, Operation, Record, Role, Scope, Via, Write};
use scheduler_core::engine::CommandError;
use scheduler_core::machine::Command;
use scheduler_core::ports::HttpClient;
use scheduler_core::rest;
use tower::ServiceExt;
use traces_otlp::Traces;
use wasip2::cli::environment::{get_arguments, get_environment};
use wasip2::http::types::{IncomingRequest, ResponseOutparam};
use wstd::runtime::block_on;

use crate::background::Background;
use crate::clock::RuntimeClock;
use crate::http_client::RuntimeHttp;
use crate::{Outside, Parts, Settings, stores, wire};

/// A runtime that uses an instance again finds its parts here.
static PARTS: OnceLock<(Parts, Arc<Background>)> = OnceLock::new();

/// Where its spans go, if anywhere.
static TRACES: OnceLock<Option<Traces>> = OnceLock::new();
/// How long a collector of traces may take. Nobody waits for it but the instance.
const COLLECTOR: Duration = Duration::from_secs(1);

struct Component;

impl wasip2::exports::http::incoming_handler::Guest for Component {
    fn handle(request: IncomingRequest, to: ResponseOutparam) {
        block_on(async move {
            let request = match wire::request(request) {
                Ok(request) => request,
                Err(code) => return ResponseOutparam::set(to, Err(code)),
            };
            let writes = !matches!(*request.method(), Method::GET | Method::HEAD);
            let answer = match parts().await {
                Ok((parts, _)) => {
                    parts.router.clone().oneshot(request).await.unwrap_or_else(|never| match never {})
                }
                Err(problem) => unavailable(&problem),
            };
            let changed = writes && answer.status().is_success();
            wire::answer(to, measured(answer)).await;
            if let Some((parts, background)) = PARTS.get() {
                background.ended().await;
                // To write for each page that is read would make reads as dear as writes.
                if changed {
                    keep_counts(parts).await;
                }
            }
            send_spans().await;
        });
    }
}

impl wasip2::exports::cli::run::Guest for Component {
    fn run() -> Result<(), ()> {
        let done = block_on(async {
            let done = command().await;
            send_spans().await;
            done
        });
        match done {
            Ok(line) => {
                println(&line);
                Ok(())
            }
            Err(problem) => {
                tracing::error!(target: "acculynx-scheduler", problem, "the command failed");
                Err(())
            }
        }
    }
}

/// A runtime takes a body for broken that is shorter than announced, as that of an answer to HEAD always is.
fn measured(mut answer: Response<Body>) -> Response<Body> {
    if answer.body().size_hint().exact() == Some(0) {
        answer.headers_mut().remove(CONTENT_LENGTH);
    }
    answer
}

/// `tick`, or no argument: runs what is due. `token`: makes an administrator's token.
async fn command() -> Result<String, String> {
    let arguments = get_arguments();
    match arguments.iter().skip(1).map(String::as_str).collect::<Vec<_>>()[..] {
        [] | ["tick"] => {
            let parts = &parts().await?.0;
            let report = parts.tick().await.map_err(|error| error.to_string())?;
            keep_counts(parts).await;
            Ok(format!(
                "claimed {}, succeeded {}, failed {}, still due {}, next due {}",
                report.claimed,
                report.succeeded,
                report.failed,
                report.remaining_due,
                report.next_due.map_or_else(|| "never".to_owned(), |next| next.iso()),
            ))
        }
        ["token"] => token(&parts().await?.0).await.map_err(|error| error.to_string()),
        _ => Err("expected tick or token".into()),
    }
}

/// Writes down what this instance has counted: there may be no other time.
async fn keep_counts(parts: &Parts) {
    if let Err(error) = parts.engine.save_counts(Duration::ZERO).await {
        tracing::warn!(target: "acculynx-scheduler", %error, "counters could not be written down");
    }
}

/// Makes a token for whoever may run the component: that is how the first one comes about.
async fn token(parts: &Parts) -> Result<String, CommandError> {
    let engine = &parts.engine;
    let now = engine.clock().now();
    let (token, secret) = rest::mint("made by the component", Role::Admin, Scope::All, now, None);
    let caller = Caller { actor: "wasi:cli".into(), role: Role::Admin, via: Via::Cli, request_id: None };
    let metadata = serde_json::json!({ "created": token.id, "token_role": token.role, "scope": token.scope });
    let ask = |_: &Record| {
        let note =
            AuditDraft { metadata: metadata.clone().into(), ..AuditDraft::new(Operation::Token, &caller) };
        let writes = vec![Write::Token(Box::new(token.clone()))];
        Ok::<_, CommandError>(Command::Note { draft: Box::new(note), writes })
    };
    engine.command(&Key::system(), &caller, None, ask, |_| None).await?;
    Ok(secret.expose().to_owned())
}

async fn parts() -> Result<&'static (Parts, Arc<Background>), String> {
    if let Some(parts) = PARTS.get() {
        return Ok(parts);
    }
    let environment = get_environment();
    let get =
        |name: &str| environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let open = |path: &str| std::fs::read_to_string(path).map_err(|error| error.to_string());
    let settings = Settings::read(get, open)?;
    let mut http: Arc<dyn HttpClient> = Arc::new(RuntimeHttp);
    let traces = settings.otlp_endpoint.as_deref().map(|to| Traces::to(to, http.clone(), COLLECTOR));
    let traces = traces.transpose().map_err(|error| format!("COMMAND_CENTER_OTLP_ENDPOINT: {error}"))?;
    let traces = TRACES.get_or_init(|| traces).as_ref();
    begin_log(&settings.log_level, traces);
    if let Some(traces) = traces {
        http = traces.passed_on_by(http);
    }
    let store = stores::open(&settings, get)?;
    let background = Arc::new(Background::new(Duration::from_secs(settings.tick_budget_sec.into())));
    let outside = Outside { clock: Arc::new(RuntimeClock), store, http, background: background.clone() };
    let mut parts = Parts::join(&settings, outside).await.map_err(|error| error.to_string())?;
    if let Some(traces) = traces {
        parts.router = traces.taken_in_by(parts.router);
    }
    Ok(PARTS.get_or_init(|| (parts, background)))
}

/// Begins to log. A second call in one instance finds it begun.
#[cfg(not(feature = "otel"))]
fn begin_log(level: &str, _: Option<&Traces>) {
    use scheduler_core::ports::Clock;
    let log = crate::log::Log::new(level, || RuntimeClock.now(), |line| eprint!("{line}"));
    let _begun = tracing::subscriber::set_global_default(log);
}

/// The same in a build that sends traces: the subscribers that spans want come with one for lines.
#[cfg(feature = "otel")]
fn begin_log(level: &str, traces: Option<&Traces>) {
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::util::SubscriberInitExt;
    use tracing_subscriber::{Layer, filter::LevelFilter, fmt, registry};
    let level: LevelFilter = level.parse().unwrap_or(LevelFilter::INFO);
    let lines = fmt::layer().json().flatten_event(true).with_span_list(false).with_writer(std::io::stderr);
    let _begun = registry().with(lines.with_filter(level)).with(traces.map(Traces::layer)).try_init();
}

/// Sends the spans of what has ended: there may be no other time.
async fn send_spans() {
    if let Some(Some(traces)) = TRACES.get() {
        traces.flush().await;
    }
}

/// Without its parts the component can only say so. The reason is for the log, not for callers.
fn unavailable(problem: &str) -> Response<Body> {
    tracing::error!(target: "acculynx-scheduler", problem, "the component can not start");
    let mut response = Response::new(Body::from(
        r#"{"ok":false,"type":"about:blank","title":"Service Unavailable","status":503,"code":"not_ready","detail":"the component can not start: its log says why","error":"the component can not start: its log says why"}"#,
    ));
    *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

fn println(line: &str) {
    // Nobody listens: the exit code says enough.
    let _lost = wasip2::cli::stdout::get_stdout().blocking_write_and_flush(format!("{line}\n").as_bytes());
}

wasip2::http::proxy::export!(Component);
wasip2::cli::command::export!(Component);
