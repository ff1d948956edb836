//! Creating, editing, reading and deleting a tenant's schedule.

use std::sync::Arc;

use axum::response::Response;
use http::{StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::Surface;
use super::access::OfTenant;
use super::call::Call;
use super::order::Order;
use super::problem::{Error, Result};
use super::reply::{Reply, etag, json};
use super::schema::Instant;
use super::views::ScheduleView;
use crate::domain::{Cadence, CatchUp, Overlap, Record, Role, Schedule, Spec, SpecDraft, Timestamp};
use crate::machine::{Command, Outcome, Refusal};

/// What an operator asks of a schedule. What is absent stays as it is, or is the default.
#[derive(ToSchema)]
#[schema(as = ScheduleRequest)]
#[expect(dead_code, reason = "documents what `Fields::draft` reads")]
pub(super) struct ScheduleRequest {
    /// Seconds between slots; excludes `cron`.
    #[schema(minimum = 1, maximum = 604_800, default = 300, required = false, nullable = true)]
    interval_sec: Option<u32>,
    /// Five fields, minute to weekday; excludes `interval_sec`.
    #[schema(max_length = 120, example = "*/15 6-20 * * MON-FRI")]
    cron: Option<String>,
    /// The IANA zone of `cron`.
    #[schema(max_length = 64, example = "America/Chicago")]
    timezone: Option<String>,
    /// Each slot starts up to this much later, by a fixed draw.
    #[schema(minimum = 0, maximum = 3600)]
    jitter_sec: Option<u32>,
    /// Slots before do not run: an RFC 3339 instant or epoch seconds; null clears it.
    starts_at: Option<Instant>,
    /// Slots after do not run: an RFC 3339 instant or epoch seconds; null clears it.
    ends_at: Option<Instant>,
    /// A run is stopped after this long.
    #[schema(minimum = 1, maximum = 21_600)]
    timeout_sec: Option<u32>,
    /// What happens to a slot that comes while a run is in flight.
    overlap: Option<Overlap>,
    /// What happens to slots that nothing could run.
    catch_up: Option<CatchUp>,
    /// How a failed run is tried again.
    retry: Option<RetryRequest>,
    /// Failed slots in a row that open the breaker.
    #[schema(minimum = 1, maximum = 1000)]
    pause_after_failures: Option<u32>,
    /// A remark; null clears it.
    #[schema(max_length = 500)]
    note: Option<String>,
    /// Labels that group tenants.
    #[schema(max_items = 16)]
    tags: Option<Vec<String>>,
}

/// How a failed run is tried again; what is absent is the default.
#[derive(ToSchema)]
#[schema(as = RetryRequest)]
#[expect(dead_code, reason = "documents what `Fields::draft` reads")]
pub(super) struct RetryRequest {
    #[schema(minimum = 1, maximum = 20, default = 3)]
    max_attempts: Option<u16>,
    #[schema(minimum = 1, maximum = 3600, default = 5)]
    base_sec: Option<u32>,
    #[schema(minimum = 1, maximum = 3600, default = 300)]
    max_sec: Option<u32>,
}

/// A schedule as it stands.
#[derive(Serialize, ToSchema)]
#[schema(as = ScheduleAnswer)]
pub(super) struct OneSchedule<'a> {
    pub(super) ok: bool,
    pub(super) schedule: ScheduleView<'a>,
}

/// A schedule after it was created or edited.
#[derive(Serialize, ToSchema)]
#[schema(as = ScheduledAnswer)]
pub(super) struct Scheduled<'a> {
    ok: bool,
    tenant: &'a str,
    source: &'a str,
    interval_sec: Option<u32>,
    /// Whether it was created by this request.
    created: bool,
    /// In words.
    message: String,
    schedule: ScheduleView<'a>,
}

/// The schedule is gone.
#[derive(Serialize, ToSchema)]
#[schema(as = DeletedAnswer)]
struct Deleted<'a> {
    ok: bool,
    tenant: &'a str,
    message: &'static str,
}

/// Create the tenant's schedule, or edit it in place.
///
/// An empty body asks for every 300 seconds. An edit keeps paused, history and last status.
#[utoipa::path(post, path = "/api/crm/import/{source}/schedule", tag = "schedules", operation_id = "putSchedule",
    request_body(content = Option<ScheduleRequest>),
    responses((status = 200, description = "The schedule as it stands", body = Scheduled<'static>,
        headers(("etag" = String, description = "The revision")))))]
pub(super) async fn put(call: &mut Call) -> Result<Response> {
    let grant = call.of_tenant(Role::Operator).await?;
    let mut order = call.order(&grant).await?;
    let shared = &call.shared;
    let empty = order.fields.is_empty();
    let mut draft = order.fields.draft()?;
    order.finish()?;
    if empty {
        let (min, max) = (shared.limits.min_interval_sec, shared.limits.max_interval_sec);
        draft.interval_sec = Some(Spec::DEFAULT_INTERVAL_SEC.clamp(min, max).into());
    }
    store(shared, &grant, &order, draft, true).await
}

/// Edit the tenant's schedule.
#[utoipa::path(patch, path = "/api/crm/import/{source}/schedule", tag = "schedules", operation_id = "editSchedule",
    request_body(content = ScheduleRequest),
    responses((status = 200, description = "The schedule as it stands", body = Scheduled<'static>,
        headers(("etag" = String, description = "The revision")))))]
pub(super) async fn edit(call: &mut Call) -> Result<Response> {
    let grant = call.of_tenant(Role::Operator).await?;
    let mut order = call.order(&grant).await?;
    let shared = &call.shared;
    let draft = order.fields.draft()?;
    order.finish()?;
    store(shared, &grant, &order, draft, false).await
}

async fn store(
    shared: &Surface,
    grant: &OfTenant,
    order: &Order,
    draft: SpecDraft,
    may_create: bool,
) -> Result<Response> {
    let key = &grant.key;
    let known = shared.engine.store().load(key).await?;
    let moves = draft.interval_sec.is_some() || draft.cron.is_some();
    let is_new = known.as_ref().is_none_or(|record| record.schedule.is_none());
    // A request that can not succeed takes no place.
    let base = known.as_ref().and_then(|record| record.schedule.as_ref()).map(|schedule| &*schedule.spec);
    draft.clone().apply(base, shared.limits)?;
    let place =
        if moves || (is_new && may_create) { shared.engine.store().place(&key.source, 1).await? } else { 0 };
    let now = shared.engine.clock().now();
    let ask = |record: &Record| {
        let base = record.schedule.as_ref().map(|schedule| &*schedule.spec);
        if base.is_none() && !may_create {
            return Err(Error::Refused(Refusal::NoSchedule).into());
        }
        let spec = draft.clone().apply(base, shared.limits)?;
        Ok(Command::Put { spec, place })
    };
    let reply = |outcome: &Outcome| {
        with_schedule(outcome, |record, schedule| {
            let interval_sec = schedule.spec.interval().map(|interval| interval.secs());
            Reply::ok(&Scheduled {
                ok: true,
                tenant: record.key.tenant.as_str(),
                source: record.key.source.as_str(),
                interval_sec,
                created: outcome.created,
                message: in_words(record.key.source.as_str(), &schedule.spec),
                schedule: ScheduleView::new(record, schedule, now),
            })
        })
    };
    order.carry_out(shared, key, &ask, &reply).await
}

/// Makes the reply of an outcome that has a schedule, with the revision beside it.
pub(super) fn with_schedule(outcome: &Outcome, reply: impl FnOnce(&Record, &Schedule) -> Reply) -> Reply {
    let record = &outcome.change.next;
    match &record.schedule {
        Some(schedule) => reply(record, schedule).at(record.revision),
        None => Reply { status: StatusCode::NOT_FOUND, body: "{\"ok\":false}".into(), revision: None },
    }
}

fn in_words(source: &str, spec: &Spec) -> String {
    let name = if source == "acculynx" { "AccuLynx" } else { source };
    match &spec.cadence {
        Cadence::Interval(interval) => format!("{name} import scheduled every {} seconds", interval.secs()),
        Cadence::Cron(cron) => format!("{name} import scheduled at {} {}", cron.text(), cron.zone().name()),
    }
}

/// Read the tenant's schedule.
#[utoipa::path(get, path = "/api/crm/import/{source}/schedule", tag = "schedules", operation_id = "getSchedule",
    responses((status = 200, description = "The schedule", body = OneSchedule<'static>,
        headers(("etag" = String, description = "The revision")))))]
pub(super) async fn get(call: &mut Call) -> Result<Response> {
    let grant = call.of_tenant(Role::Viewer).await?;
    let shared = &call.shared;
    let record = shared.record(&grant.key).await?;
    let schedule = record.schedule.as_ref().ok_or(Error::Refused(Refusal::NoSchedule))?;
    let now = shared.engine.clock().now();
    let view = ScheduleView::new(&record, schedule, now);
    let mut response = json(&OneSchedule { ok: true, schedule: view })?;
    response.headers_mut().insert(header::ETAG, etag(record.revision));
    Ok(response)
}

/// Delete the tenant's schedule.
///
/// A run in flight is cancelled and can write nothing afterwards; history and audit stay.
#[utoipa::path(delete, path = "/api/crm/import/{source}/schedule", tag = "schedules",
    operation_id = "deleteSchedule",
    responses((status = 200, description = "The schedule is gone", body = Deleted<'static>)))]
pub(super) async fn delete(call: &mut Call) -> Result<Response> {
    let grant = call.of_tenant(Role::Operator).await?;
    let mut order = call.order(&grant).await?;
    let shared = &call.shared;
    order.finish()?;
    let tenant = &grant.key.tenant;
    let ask = |record: &Record| match record.schedule {
        Some(_) => Ok(Command::Delete),
        None => Err(Error::NothingToDelete(tenant.clone()).into()),
    };
    let body = Deleted { ok: true, tenant: tenant.as_str(), message: "Schedule deleted" };
    order.carry_out(shared, &grant.key, &ask, &|_| Reply::ok(&body)).await
}

impl Surface {
    /// A record that has, or had, a schedule.
    pub(super) async fn record(&self, key: &crate::domain::Key) -> Result<Arc<Record>> {
        Ok(self.engine.store().load(key).await?.ok_or(Error::Refused(Refusal::NoSchedule))?)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.engine.clock().now()
    }
}
