//! Pausing, resuming, running by hand, cancelling.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::access::authorize;
use super::call::Call;
use super::moment::{Epoch, Iso};
use super::problem::{Error, Result, no_run};
use super::reply::Reply;
use super::schedules::with_schedule;
use super::schema::Instant;
use super::views::ScheduleView;
use crate::domain::{Record, Role, Run, RunState, Stats, Timestamp};
use crate::machine::{Command, Outcome};

/// Why and until when to pause.
#[derive(ToSchema)]
#[schema(as = PauseRequest)]
#[expect(dead_code, reason = "documents what the handler reads")]
pub(super) struct PauseRequest {
    /// In the operator's words.
    #[schema(max_length = 500)]
    reason: Option<String>,
    /// Resume by itself then.
    until: Option<Instant>,
}

/// Nothing is asked.
#[derive(ToSchema)]
#[schema(as = EmptyRequest)]
pub(super) struct EmptyRequest {}

/// Why to run, and how long to wait for the end.
#[derive(ToSchema)]
#[schema(as = RunNowRequest)]
#[expect(dead_code, reason = "documents what the handler reads")]
pub(super) struct RunNowRequest {
    /// In the operator's words.
    #[schema(max_length = 500)]
    reason: Option<String>,
    /// How long the answer may wait for the run's end.
    #[schema(minimum = 0, maximum = 30, default = 10)]
    wait_sec: Option<u32>,
}

/// A schedule after it was paused or resumed.
#[derive(Serialize, ToSchema)]
#[schema(as = PausedAnswer)]
struct Paused<'a> {
    ok: bool,
    tenant: &'a str,
    paused: bool,
    /// Whether this request changed anything.
    changed: bool,
    schedule: ScheduleView<'a>,
}

/// Pause the tenant's schedule.
///
/// Once answered, no scheduled run starts. A run in flight goes on.
#[utoipa::path(post, path = "/api/crm/import/{source}/pause", tag = "schedules", operation_id = "pauseSchedule",
    request_body(content = Option<PauseRequest>),
    responses((status = 200, description = "The schedule is paused", body = Paused<'static>,
        headers(("etag" = String, description = "The revision")))))]
pub(super) async fn pause(call: &mut Call) -> Result<Response> {
    let grant = call.of_tenant(Role::Operator).await?;
    let mut order = call.order(&grant).await?;
    let shared = &call.shared;
    let reason = order.fields.reason()?;
    let until = order.fields.instant("until")?;
    order.finish()?;
    let ask = |_: &Record| Ok(Command::Pause { reason: reason.clone(), until });
    let now = shared.now();
    order.carry_out(shared, &grant.key, &ask, &|outcome| paused(outcome, true, now)).await
}

/// Resume the tenant's schedule.
///
/// Slots that passed while paused follow `catch_up`.
#[utoipa::path(post, path = "/api/crm/import/{source}/resume", tag = "schedules", operation_id = "resumeSchedule",
    request_body(content = Option<EmptyRequest>),
    responses((status = 200, description = "The schedule is not paused", body = Paused<'static>,
        headers(("etag" = String, description = "The revision")))))]
pub(super) async fn resume(call: &mut Call) -> Result<Response> {
    let grant = call.of_tenant(Role::Operator).await?;
    let mut order = call.order(&grant).await?;
    let shared = &call.shared;
    order.finish()?;
    let now = shared.now();
    let ask = |_: &Record| Ok(Command::Resume);
    order.carry_out(shared, &grant.key, &ask, &|outcome| paused(outcome, false, now)).await
}

fn paused(outcome: &Outcome, paused: bool, now: Timestamp) -> Reply {
    with_schedule(outcome, |record, schedule| {
        Reply::ok(&Paused {
            ok: true,
            tenant: record.key.tenant.as_str(),
            paused,
            changed: outcome.changed,
            schedule: ScheduleView::new(record, schedule, now),
        })
    })
}

/// A run that has ended in time.
#[derive(Serialize, ToSchema)]
#[schema(as = RanAnswer)]
struct Ran<'a> {
    /// Whether the import went well.
    ok: bool,
    tenant: &'a str,
    run_id: &'a str,
    state: RunState,
    message: &'a str,
    result: RanResult<'a>,
    /// When it ended.
    ts: Epoch,
    ts_iso: Iso,
}

/// What a run brought.
#[derive(Serialize, ToSchema)]
struct RanResult<'a> {
    ok: bool,
    stats: Stats,
    message: &'a str,
}

/// A run that is still in flight.
#[derive(Serialize, ToSchema)]
#[schema(as = StartedAnswer)]
struct Started<'a> {
    ok: bool,
    tenant: &'a str,
    run_id: &'a str,
    state: RunState,
    /// Where to ask how it goes.
    location: String,
}

/// Run the tenant's import by hand, paused or not.
#[utoipa::path(post, path = "/api/crm/import/{source}/run-now", tag = "runs", operation_id = "runNow",
    request_body(content = Option<RunNowRequest>),
    responses((status = 200, description = "The run has succeeded", body = Ran<'static>),
        (status = 202, description = "The run is still in flight", body = Started<'static>,
            headers(("location" = String, description = "The run"))),
        (status = 502, description = "The import failed upstream", body = Ran<'static>)))]
pub(super) async fn run_now(call: &mut Call) -> Result<Response> {
    let grant = call.of_tenant(Role::Operator).await?;
    let mut order = call.order(&grant).await?;
    let shared = &call.shared;
    let reason = order.fields.reason()?;
    let wait = Duration::from_secs(order.fields.number("wait_sec", 0, 30)?.unwrap_or(10));
    order.finish()?;
    let ask = |_: &Record| {
        let (worker, ttl) = (shared.engine.worker(), shared.engine.lease());
        Ok(Command::RunNow { reason: reason.clone(), worker, ttl })
    };
    let key = &grant.key;
    let location = |run_id: &str| format!("/api/crm/import/{}/runs/{run_id}", key.source);
    let started = |outcome: &Outcome| {
        let run_id = outcome.started.as_ref().map_or("", |lease| lease.run_id.as_str());
        let (tenant, location) = (key.tenant.as_str(), location(run_id));
        let body = Started { ok: true, tenant, run_id, state: RunState::Running, location };
        Reply::new(StatusCode::ACCEPTED, &body)
    };
    let (outcome, accepted) = order.outcome(shared, key, &ask, &started).await?;
    if let Some(run) = shared.engine.follow(&outcome, wait).await {
        let reply = ran(&run);
        order.keep(shared, &reply).await?;
        return Ok(reply.into_response());
    }
    let mut response = accepted.into_response();
    if let Some(lease) = &outcome.started
        && let Ok(location) = HeaderValue::from_str(&location(lease.run_id.as_str()))
    {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

fn ran(run: &Run) -> Reply {
    let ok = run.state == RunState::Succeeded;
    let message = run.message.as_deref().unwrap_or(if ok { "import finished" } else { "import failed" });
    let ended = run.finished.unwrap_or(run.started);
    let body = Ran {
        ok,
        tenant: run.key.tenant.as_str(),
        run_id: run.run_id.as_str(),
        state: run.state,
        message,
        result: RanResult { ok, stats: run.stats, message },
        ts: Epoch(ended),
        ts_iso: Iso(ended),
    };
    Reply::new(if ok { StatusCode::OK } else { StatusCode::BAD_GATEWAY }, &body)
}

/// A run that is being stopped.
#[derive(Serialize, ToSchema)]
#[schema(as = CancelledAnswer)]
struct Cancelled<'a> {
    ok: bool,
    tenant: &'a str,
    run_id: &'a str,
    state: RunState,
}

/// Stop a run in flight.
#[utoipa::path(post, path = "/api/crm/import/{source}/runs/{run_id}/cancel", tag = "runs",
    operation_id = "cancelRun", params(("run_id" = String, Path, description = "The run")),
    request_body(content = Option<EmptyRequest>),
    responses((status = 202, description = "The run ends cancelled", body = Cancelled<'static>)))]
pub(super) async fn cancel(call: &mut Call) -> Result<Response> {
    let run_id = call.segment("run_id")?;
    let grant = call.of_source(Role::Operator).await?;
    let mut order = call.order(&grant).await?;
    let shared = &call.shared;
    order.finish()?;
    let run_id = no_run(&run_id)?;
    let run = shared.engine.store().run(&run_id).await?;
    let run = run.filter(|run| run.key.source == grant.source).ok_or(Error::NotFound("run"))?;
    let foreign = |_| Error::NotFound("run");
    authorize(&grant.principal, Role::Operator, Some(&run.key.tenant)).map_err(foreign)?;
    let ask = |_: &Record| Ok(Command::Cancel { run_id: run_id.clone() });
    let body = Cancelled {
        ok: true,
        tenant: run.key.tenant.as_str(),
        run_id: run_id.as_str(),
        state: RunState::Cancelled,
    };
    let reply = |_: &Outcome| Reply::new(StatusCode::ACCEPTED, &body);
    order.carry_out(shared, &run.key, &ask, &reply).await
}
