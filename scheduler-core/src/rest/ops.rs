//! For machines: capabilities, ticks, liveness, readiness, metrics.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::Surface;
use super::call::Call;
use super::moment::{Epoch, Iso};
use super::problem::Result;
use super::reply::{Reply, json};
use super::session_routes::AuthWord;
use crate::domain::Role;
use crate::engine::Budget;
use crate::ports::StoreError;

/// What this host can do.
#[derive(Serialize, ToSchema)]
#[schema(as = CapabilitiesAnswer)]
struct Capabilities<'a> {
    ok: bool,
    /// The kind of host: `axum`, `lambda` or `wasi`.
    host: &'static str,
    version: &'static str,
    /// Whether `/api/events` streams.
    streaming: bool,
    /// How often to poll where it does not.
    poll_interval_sec: u32,
    min_interval_sec: u32,
    max_interval_sec: u32,
    sources: Vec<&'a str>,
    /// How callers show who they are.
    auth: AuthWord,
    /// What this deployment calls itself.
    environment: Option<&'a str>,
}

/// Say what this host can do.
#[utoipa::path(get, path = "/api/capabilities", tag = "session", operation_id = "capabilities", security(()),
    responses((status = 200, description = "What this host can do", body = Capabilities<'static>)))]
pub(super) async fn capabilities(call: &mut Call) -> Result<Response> {
    let shared = &call.shared;
    let guarded = !shared.loopback || shared.tokens_exist().await?;
    json(&Capabilities {
        ok: true,
        host: shared.host,
        version: shared.version,
        streaming: shared.streaming,
        poll_interval_sec: shared.poll_interval_sec,
        min_interval_sec: shared.limits.min_interval_sec,
        max_interval_sec: shared.limits.max_interval_sec,
        sources: shared.sources.iter().map(|source| source.as_str()).collect(),
        auth: if guarded { AuthWord::Token } else { AuthWord::Open },
        environment: shared.environment.as_deref(),
    })
}

/// What a tick did.
#[derive(Serialize, ToSchema)]
#[schema(as = TickAnswer)]
struct Ticked {
    ok: bool,
    /// Runs that were started.
    claimed: u64,
    succeeded: u64,
    failed: u64,
    /// Records that are still due.
    remaining_due: u64,
    /// When the next one is due.
    next_due: Option<Epoch>,
    next_due_iso: Option<Iso>,
}

/// Run everything that is due.
#[utoipa::path(post, path = "/ops/tick", tag = "ops", operation_id = "tick",
    responses((status = 200, description = "What the tick did", body = Ticked)))]
pub(super) async fn tick(call: &mut Call) -> Result<Response> {
    call.machinery(Role::Operator).await?;
    let shared = &call.shared;
    let report = shared.engine.tick(Budget { time: shared.tick_budget, ..Budget::default() }).await?;
    json(&Ticked {
        ok: true,
        claimed: report.claimed,
        succeeded: report.succeeded,
        failed: report.failed,
        remaining_due: report.remaining_due,
        next_due: report.next_due.map(Epoch),
        next_due_iso: report.next_due.map(Iso),
    })
}

/// The process lives.
#[derive(Serialize, ToSchema)]
#[schema(as = PingAnswer)]
struct Pong {
    ok: bool,
    status: &'static str,
    service: &'static str,
    version: &'static str,
    host: &'static str,
}

/// Say that the process lives; touches nothing.
#[utoipa::path(get, path = "/ops/ping", tag = "ops", operation_id = "ping", security(()),
    responses((status = 200, description = "The process lives", body = Pong)))]
pub(super) async fn ping(call: &mut Call) -> Result<Response> {
    let shared = &call.shared;
    let (version, host) = (shared.version, shared.host);
    json(&Pong { ok: true, status: "up", service: "command-center", version, host })
}

/// Whether the control plane can do its job.
#[derive(Serialize, ToSchema)]
#[schema(as = HealthAnswer)]
struct Health {
    ok: bool,
    status: HealthWord,
    components: Components,
    ts: Epoch,
    ts_iso: Iso,
}

/// The parts.
#[derive(Serialize, ToSchema)]
#[schema(as = HealthComponents)]
struct Components {
    store: Component,
    ticker: TickerHealth,
    upstreams: Component,
}

/// One part.
#[derive(Serialize, ToSchema)]
#[schema(as = ComponentHealth)]
struct Component {
    ok: bool,
    /// In words.
    detail: &'static str,
}

/// The scheduler.
#[derive(Serialize, ToSchema)]
struct TickerHealth {
    ok: bool,
    /// In words.
    detail: &'static str,
    /// Whether a driver is at work all the time, or ticks come from outside.
    resident: bool,
    in_flight: u64,
    last_tick: Option<Epoch>,
    last_tick_iso: Option<Iso>,
}

/// The whole in one word.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum HealthWord {
    Healthy,
    Unhealthy,
}

/// Say whether the control plane can do its job.
#[utoipa::path(get, path = "/ops/health", tag = "ops", operation_id = "health", security(()),
    responses((status = 200, description = "It can", body = Health),
        (status = 503, description = "It can not", body = Health)))]
pub(super) async fn health(call: &mut Call) -> Result<Response> {
    let shared = &call.shared;
    let (now, facts) = (shared.now(), shared.engine.health());
    let writable = shared.store_is_writable().await;
    let silent = facts.last_tick.is_some_and(|tick| now.duration_since(tick) > Duration::from_secs(120));
    let stalled = facts.resident && silent;
    let ticking = !stalled && !facts.store_failing;
    let components = Components {
        store: Component { ok: writable, detail: if writable { "writable" } else { "can not be written" } },
        ticker: TickerHealth {
            ok: ticking,
            detail: match (facts.last_tick, stalled, facts.store_failing) {
                (_, true, _) => "has not looked for work for two minutes",
                (_, _, true) => "the store refused its last round",
                (None, _, _) => "has not ticked yet",
                (Some(_), _, _) => "ticking",
            },
            resident: facts.resident,
            in_flight: facts.in_flight as u64,
            last_tick: facts.last_tick.map(Epoch),
            last_tick_iso: facts.last_tick.map(Iso),
        },
        upstreams: Component {
            ok: !shared.sources.is_empty(),
            detail: if shared.sources.is_empty() { "no source is registered" } else { "registered" },
        },
    };
    let ok = writable && ticking && !shared.sources.is_empty();
    let (status, code) = if ok {
        (HealthWord::Healthy, StatusCode::OK)
    } else {
        (HealthWord::Unhealthy, StatusCode::SERVICE_UNAVAILABLE)
    };
    Ok(Reply::new(code, &Health { ok, status, components, ts: Epoch(now), ts_iso: Iso(now) }).into_response())
}

/// The counters, in the text format of Prometheus.
///
/// For callers who may see all tenants, and for the tick token.
#[utoipa::path(get, path = "/metrics", tag = "ops", operation_id = "metrics",
    responses((status = 200, description = "The counters", body = String,
        content_type = "text/plain; version=0.0.4; charset=utf-8")))]
pub(super) async fn metrics(call: &mut Call) -> Result<Response> {
    call.machinery(Role::Viewer).await?;
    let shared = &call.shared;
    let mut response = Response::new(Body::from(shared.engine.metrics_text(true).await?));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

/// How the store answered the last probe, and when.
#[derive(Default)]
pub(super) struct Probe(Mutex<Option<(Duration, bool)>>);

/// A probe is good for this long, so that nobody can make the store busy with them.
const PROBED: Duration = Duration::from_secs(2);

impl Surface {
    async fn store_is_writable(&self) -> bool {
        let monotonic = self.engine.clock().monotonic();
        let known = *self.probe.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, writable)) = known
            && monotonic.saturating_sub(at) < PROBED
        {
            return writable;
        }
        let writable = match self.engine.store().probe(self.now()).await {
            Ok(()) => true,
            Err(
                StoreError::Unavailable(_)
                | StoreError::Corrupt(_)
                | StoreError::LeaseLost
                | StoreError::Cursor,
            ) => false,
        };
        *self.probe.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((monotonic, writable));
        writable
    }
}
