//! When the next slots fall, of a stored schedule or of one that is only proposed.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::Surface;
use super::access::OfTenant;
use super::call::Call;
use super::moment::{Epoch, Iso};
use super::problem::{Error, Result};
use super::query::Params;
use super::reply::{Reply, json};
use super::schedules::ScheduleRequest;
use crate::domain::{Cadence, Role, Timestamp};
use crate::machine::{Refusal, next_run};
use crate::timetable::{self, Timetable};

/// One slot to come.
#[derive(Serialize, ToSchema)]
#[schema(as = PreviewSlot)]
struct Slot {
    /// The slot itself.
    slot: Epoch,
    slot_iso: Iso,
    /// When it starts, jitter included.
    starts: Epoch,
    starts_iso: Iso,
    /// Other schedules, of those that the principal may see, whose next run starts in the same second.
    others: u64,
}

/// The next slots.
#[derive(Serialize, ToSchema)]
#[schema(as = PreviewAnswer)]
struct Preview<'a> {
    ok: bool,
    tenant: &'a str,
    /// Whether the stored schedule is paused, so that none of these runs unless it is resumed.
    paused: bool,
    /// Whether slots fall exactly then; a schedule that is not stored has no phase of its own yet.
    exact: bool,
    occurrences: Vec<Slot>,
}

/// How many slots are wanted.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what the handler reads")]
struct CountQuery {
    /// How many.
    #[param(minimum = 1, maximum = 100, required = false)]
    count: Option<u32>,
}

fn count(params: &Params) -> Result<usize> {
    let count = params.number("count", 1, 100)?.unwrap_or(10);
    Ok(usize::try_from(count).unwrap_or(10))
}

/// The next slots of the stored schedule.
#[utoipa::path(get, path = "/api/crm/import/{source}/schedule/preview", tag = "schedules",
    operation_id = "previewSchedule", params(CountQuery),
    responses((status = 200, description = "The next slots", body = Preview<'static>)))]
pub(super) async fn stored(call: &mut Call) -> Result<Response> {
    let grant = call.of_tenant(Role::Viewer).await?;
    let params = call.params();
    let shared = &call.shared;
    let count = count(&params)?;
    let record = shared.record(&grant.key).await?;
    let schedule = record.schedule.as_ref().ok_or(Error::Refused(Refusal::NoSchedule))?;
    let spec = &schedule.spec;
    let start = spec.starts_at.map(|start| start - Duration::from_millis(1));
    let from = schedule.accounted.max(shared.now()).max(start.unwrap_or(Timestamp::MIN));
    let slots = Timetable::of(schedule).between(from, spec.ends_at.unwrap_or(Timestamp::MAX)).take(count);
    let occurrences = slots
        .map(|slot| {
            let starts = timetable::due(schedule, &record.key, slot);
            (slot, starts)
        })
        .collect();
    let occurrences = shared.slots_among_others(&grant, occurrences).await?;
    let paused = schedule.pause.is_some();
    json(&Preview { ok: true, tenant: grant.key.tenant.as_str(), paused, exact: true, occurrences })
}

/// The next slots of a proposed schedule; nothing is stored.
#[utoipa::path(post, path = "/api/crm/import/{source}/schedule/preview", tag = "schedules",
    operation_id = "previewProposal", params(CountQuery), request_body(content = Option<ScheduleRequest>),
    responses((status = 200, description = "The next slots", body = Preview<'static>)))]
pub(super) async fn proposed(call: &mut Call) -> Result<Response> {
    let params = call.params();
    let grant = call.of_tenant(Role::Viewer).await?;
    let mut order = call.order(&grant).await?;
    let shared = &call.shared;
    let count = count(&params)?;
    let draft = order.fields.draft()?;
    order.finish()?;
    let key = &grant.key;
    let record = shared.engine.store().load(key).await?;
    let schedule = record.as_ref().and_then(|record| record.schedule.as_ref());
    let spec = draft.apply(schedule.map(|schedule| &*schedule.spec), shared.limits)?;
    let now = shared.now();
    let same = schedule.filter(|schedule| schedule.spec.cadence == spec.cadence);
    let anchor = match (&spec.cadence, same) {
        (_, Some(schedule)) => schedule.anchor,
        (Cadence::Interval(_), None) => now,
        (Cadence::Cron(_), None) => Timestamp::MIN,
    };
    let exact = same.is_some() || matches!(spec.cadence, Cadence::Cron(_));
    let slots = timetable::preview(&spec, anchor, now, count);
    let occurrences = slots.into_iter().map(|slot| (slot, slot)).collect();
    let occurrences = shared.slots_among_others(&grant, occurrences).await?;
    let paused = schedule.is_some_and(|schedule| schedule.pause.is_some());
    let body = Preview { ok: true, tenant: key.tenant.as_str(), paused, exact, occurrences };
    Ok(Reply::ok(&body).into_response())
}

impl Surface {
    /// Slots with their starts, each with how many others start in its second.
    async fn slots_among_others(
        &self,
        grant: &OfTenant,
        slots: Vec<(Timestamp, Timestamp)>,
    ) -> Result<Vec<Slot>> {
        let second = |instant: Timestamp| instant.millis().div_euclid(1000);
        let mut others: HashMap<i64, u64> = slots.iter().map(|(_, starts)| (second(*starts), 0)).collect();
        let now = self.now();
        self.engine
            .walk(&grant.key.source, &grant.principal.scope, None, usize::MAX, &mut |record, schedule| {
                if record.key != grant.key
                    && let Some(next) = next_run(schedule, &record.key, now)
                    && let Some(count) = others.get_mut(&second(next))
                {
                    *count += 1;
                }
                ControlFlow::Continue(())
            })
            .await?;
        let slot = |(slot, starts): (Timestamp, Timestamp)| Slot {
            slot: Epoch(slot),
            slot_iso: Iso(slot),
            starts: Epoch(starts),
            starts_iso: Iso(starts),
            others: others.get(&second(starts)).copied().unwrap_or(0),
        };
        Ok(slots.into_iter().map(slot).collect())
    }
}
