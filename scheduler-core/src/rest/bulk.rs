//! One command over many schedules.

use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use futures::{FutureExt, StreamExt, stream};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::access::{OfSource, Principal};
use super::call::Call;
use super::control::EmptyRequest;
use super::fields::Fields;
use super::moment::{Epoch, Iso};
use super::order::Order;
use super::problem::{Error, Result};
use super::query::listed;
use super::reply::{Reply, json};
use super::roster::intervals;
use super::schema::Instant;
use super::{Shared, Surface};
use crate::domain::{
    AuditDraft, Bulk, BulkFailure, BulkState, Deed, Filter, Interval, Key, Operation, Record, Role, Schedule,
    Scope, Source, State as Standing,
};
use crate::engine::narrowed;
use crate::machine::{Command, Outcome, Refusal};

/// The longest body of a bulk command.
const BODY: usize = 1024 * 1024;
/// Tenants that a filter may name.
const NAMED: usize = 20_000;

/// What to do with many schedules at once.
#[derive(ToSchema)]
#[schema(as = BulkRequest)]
#[expect(dead_code, reason = "documents what the handler reads")]
struct BulkRequest {
    operation: BulkOperation,
    filter: BulkFilter,
    /// Only say how many match.
    #[schema(default = false)]
    dry_run: Option<bool>,
    /// Do nothing unless exactly so many match.
    #[schema(minimum = 0)]
    expect: Option<u64>,
    /// Accept it and go on by itself, in steps: the answer says where to ask how far it is.
    #[schema(default = false)]
    background: Option<bool>,
    /// With `set-interval`: seconds between slots.
    #[schema(minimum = 1, maximum = 604_800)]
    interval_sec: Option<u32>,
    /// With `pause` and `run-now`: in the operator's words.
    #[schema(max_length = 500)]
    reason: Option<String>,
    /// With `pause`: resume by itself then.
    until: Option<Instant>,
}

/// What can be done with many schedules.
#[derive(ToSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(dead_code, reason = "documents what the handler reads")]
enum BulkOperation {
    Pause,
    Resume,
    RunNow,
    Delete,
    SetInterval,
}

/// Which schedules. What is given must all hold; all of them need `all`.
#[derive(ToSchema)]
#[schema(as = BulkFilter)]
#[expect(dead_code, reason = "documents what the handler reads")]
struct BulkFilter {
    /// These; with `background` at most 2,000.
    #[schema(max_items = 20_000)]
    tenants: Option<Vec<String>>,
    /// Those in one of these states, separated by commas.
    #[schema(max_length = 128)]
    state: Option<String>,
    /// Those whose tenant or note holds this text.
    #[schema(max_length = 128)]
    q: Option<String>,
    /// Those with one of these tags, separated by commas.
    #[schema(max_length = 256)]
    tag: Option<String>,
    /// Those with one of these intervals, in seconds, separated by commas.
    #[schema(max_length = 128)]
    interval_sec: Option<String>,
    /// Those that are past due by more than twice their interval and a minute.
    overdue: Option<bool>,
    /// Every one.
    all: Option<bool>,
}

/// What became of a bulk command.
#[derive(Serialize, ToSchema)]
#[schema(as = BulkAnswer)]
struct Done<'a> {
    /// Whether none failed.
    ok: bool,
    operation: &'static str,
    dry_run: bool,
    /// Schedules that the filter picks, from the cursor on.
    matched: u64,
    /// Schedules that are another than before, or runs that were started.
    changed: u64,
    /// At most 1,000 of those that failed.
    failed: Vec<Failed<'a>>,
    /// All that failed.
    failed_total: u64,
}

/// A tenant for which the command failed.
#[derive(Serialize, ToSchema)]
#[schema(as = BulkFailure)]
struct Failed<'a> {
    tenant: &'a str,
    /// Stable, for programs.
    code: &'a str,
    /// For people.
    detail: &'a str,
}

impl<'a> Failed<'a> {
    fn all(failures: &'a [BulkFailure]) -> Vec<Self> {
        let failed = |BulkFailure { tenant, code, detail }: &'a BulkFailure| Self {
            tenant: tenant.as_str(),
            code,
            detail,
        };
        failures.iter().take(Bulk::LISTED).map(failed).collect()
    }
}

/// A bulk command that goes on by itself.
#[derive(Serialize, ToSchema)]
#[schema(as = Bulk)]
struct BulkView<'a> {
    id: &'a str,
    #[schema(value_type = BulkOperation)]
    operation: &'static str,
    /// With `set-interval`: seconds between slots.
    interval_sec: Option<u32>,
    /// With `pause` and `run-now`: in the operator's words.
    reason: Option<&'a str>,
    state: BulkState,
    /// Who has asked for it.
    actor: &'a str,
    /// The request that carried it; its entries in the audit name it, too.
    request_id: Option<&'a str>,
    /// Schedules that the filter picked when it was accepted.
    matched: u64,
    /// Schedules that were looked at since.
    done: u64,
    /// Schedules that are another than before, or runs that were started.
    changed: u64,
    /// The first 1,000 of those that failed.
    failed: Vec<Failed<'a>>,
    /// All that failed.
    failed_total: u64,
    /// When it was accepted.
    created: Epoch,
    created_iso: Iso,
    /// When it last went on.
    updated: Epoch,
    updated_iso: Iso,
}

impl<'a> BulkView<'a> {
    fn of(bulk: &'a Bulk) -> Self {
        let (interval, reason) = match &bulk.deed {
            Deed::SetInterval(interval) => (Some(interval.secs()), None),
            Deed::Pause { reason, .. } | Deed::RunNow { reason } => (None, reason.as_deref()),
            Deed::Resume | Deed::Delete => (None, None),
        };
        Self {
            id: &bulk.id,
            operation: bulk.deed.name(),
            interval_sec: interval,
            reason,
            state: bulk.state,
            actor: &bulk.actor,
            request_id: bulk.request_id.as_deref(),
            matched: bulk.matched,
            done: bulk.done,
            changed: bulk.changed,
            failed: Failed::all(&bulk.failed),
            failed_total: bulk.failed_total,
            created: Epoch(bulk.created),
            created_iso: Iso(bulk.created),
            updated: Epoch(bulk.updated),
            updated_iso: Iso(bulk.updated),
        }
    }
}

/// How far a bulk command is.
#[derive(Serialize, ToSchema)]
#[schema(as = BulkProgress)]
struct Progress<'a> {
    ok: bool,
    bulk: BulkView<'a>,
}

impl<'a> Progress<'a> {
    fn of(bulk: &'a Bulk) -> Self {
        Self { ok: true, bulk: BulkView::of(bulk) }
    }
}

/// Bulk commands in the background.
#[derive(Serialize, ToSchema)]
struct BulkList<'a> {
    ok: bool,
    bulks: Vec<BulkView<'a>>,
}

fn deed(shared: &Surface, name: &str, fields: &mut Fields) -> Result<Deed> {
    Ok(match name {
        "pause" => Deed::Pause { reason: fields.reason()?, until: fields.instant("until")? },
        "resume" => Deed::Resume,
        "run-now" => Deed::RunNow { reason: fields.reason()? },
        "delete" => Deed::Delete,
        _ => {
            let seconds = fields.number("interval_sec", 0, u64::from(u32::MAX))?;
            let seconds = seconds.ok_or_else(|| Error::field("interval_sec", "is required"))?;
            Deed::SetInterval(Interval::within(seconds, shared.limits)?)
        }
    })
}

fn filter(fields: &mut Fields) -> Result<Filter> {
    let missing =
        || Error::field("filter", "is required: tenants, state, q, tag, interval_sec, overdue or all");
    let mut given = fields.object("filter")?.ok_or_else(missing)?;
    let all = given.flag("all")?.unwrap_or(false);
    let words = |text: Option<String>| -> Vec<String> {
        let text = text.unwrap_or_default();
        listed(&text).map(Into::into).collect()
    };
    let state = |word: &String| {
        let known = Standing::ALL.map(Standing::as_str).join(", ");
        Standing::parse(word).ok_or_else(|| Error::field("filter.state", format!("must be one of {known}")))
    };
    let filter = Filter {
        tenants: given.tenants("tenants", NAMED)?,
        states: words(given.text("state", 128)?).iter().map(state).collect::<Result<_, _>>()?,
        q: given.text("q", 128)?.filter(|q| !q.is_empty()).map(|q| q.to_lowercase()),
        tags: words(given.text("tag", 256)?),
        intervals: intervals("filter.interval_sec", &given.text("interval_sec", 128)?.unwrap_or_default())?,
        overdue: given.flag("overdue")?.unwrap_or(false),
    };
    given.done()?;
    if filter.is_open() && !all {
        return Err(missing());
    }
    Ok(filter)
}

/// Command many schedules at once.
///
/// Each schedule is changed on its own; one that fails does not keep back the others.
#[utoipa::path(post, path = "/api/crm/import/{source}/bulk", tag = "schedules", operation_id = "bulk",
    request_body(content = BulkRequest),
    responses((status = 200, description = "What became of it", body = Done<'static>),
        (status = 202, description = "With `background`: it was accepted and goes on by itself", body = Progress<'static>,
            headers(("location" = String, description = "Where to ask how far it is")))))]
pub(super) async fn bulk(call: &mut Call) -> Result<Response> {
    let grant = call.of_source(Role::Operator).await?;
    let mut order = call.order_up_to(BODY, &grant).await?;
    let shared = &call.shared;
    let fields = &mut order.fields;
    let name = fields
        .one_of("operation", &Deed::NAMES)?
        .ok_or_else(|| Error::field("operation", format!("must be one of {}", Deed::NAMES.join(", "))))?;
    let deed = deed(shared, name, fields)?;
    let filter = filter(fields)?;
    let dry_run = fields.flag("dry_run")?.unwrap_or(false);
    let background = fields.flag("background")?.unwrap_or(false);
    let expect = fields.number("expect", 0, u64::from(u32::MAX))?;
    order.finish()?;
    if let Deed::Pause { until: Some(until), .. } = &deed
        && *until <= shared.now()
    {
        return Err(Error::Refused(Refusal::UntilOutOfRange).into());
    }
    if background && filter.tenants.as_ref().is_some_and(|tenants| tenants.len() > Bulk::NAMED) {
        let most = Bulk::NAMED;
        return Err(Error::field("filter.tenants", format!("must name at most {most} with background")));
    }
    let OfSource { source, principal, .. } = &grant;
    let (now, scope) = (shared.now(), narrowed(&principal.scope, filter.tenants.as_deref()));
    let mut meant =
        |record: &Record, schedule: &Schedule| shared.engine.means(&filter, record, schedule, now);
    let keys = shared.engine.pick(source, &scope, None, usize::MAX, &mut meant).await?;
    let matched = keys.len() as u64;
    if let Some(expect) = expect.filter(|expect| *expect != matched) {
        return Err(order.remember(shared, Error::Expected { expect, matched }.into()).await);
    }
    let mut done =
        Done { ok: true, operation: name, dry_run, matched, changed: 0, failed: vec![], failed_total: 0 };
    if dry_run {
        return Ok(Reply::ok(&done).into_response());
    }
    let caller = &grant.caller;
    if background {
        return begin(shared, &grant, &order, deed, filter, matched).await;
    }
    let deeds = shared.engine.carry_out(source, keys, &deed, caller, None).await?;
    let follow = |outcome| shared.engine.follow(outcome, Duration::ZERO).map(drop);
    stream::iter(&deeds.started).for_each_concurrent(None, follow).await;
    done.changed = deeds.changed;
    done.failed_total = deeds.failed.len() as u64;
    done.ok = done.failed_total == 0;
    done.failed = Failed::all(&deeds.failed);
    let reply = Reply::ok(&done);
    let metadata = json!({
        "operation": name,
        "filter": shown(&filter),
        "matched": done.matched,
        "changed": done.changed,
        "failed": done.failed_total,
    });
    let draft = AuditDraft { metadata: metadata.into(), ..AuditDraft::new(Operation::Bulk, caller) };
    let ask = |_: &Record| {
        Ok::<_, Box<Error>>(Command::Note { draft: Box::new(draft.clone()), writes: Vec::new() })
    };
    let answer = |_: &_| order.answer(shared, &reply);
    if let Err(error) = shared.engine.command(&Key::system(), caller, None, ask, answer).await {
        return Err(order.remember(shared, error).await);
    }
    Ok(reply.into_response())
}

/// How often another place is tried when somebody was faster.
const PATIENCE: usize = 4;

/// Accepts a bulk command that goes on by itself.
async fn begin(
    shared: &Shared,
    grant: &OfSource,
    order: &Order,
    deed: Deed,
    filter: Filter,
    matched: u64,
) -> Result<Response> {
    let OfSource { source, principal, caller, .. } = grant;
    let now = shared.now();
    let metadata = json!({ "operation": deed.name(), "filter": shown(&filter), "matched": matched });
    let bulk = Bulk {
        id: "".into(),
        source: source.clone(),
        deed,
        filter,
        scope: principal.scope.clone(),
        principal: principal.id.clone(),
        actor: caller.actor.clone(),
        role: caller.role,
        via: caller.via,
        request_id: caller.request_id.clone(),
        created: now,
        matched,
        state: BulkState::Running,
        after: None,
        done: 0,
        changed: 0,
        failed: Vec::new(),
        failed_total: 0,
        updated: now,
        step: Vec::new(),
        leased: None,
    };
    for _ in 0..PATIENCE {
        let Some(place) = shared.engine.place_of_bulk().await? else { break };
        let key = Key::bulk(place);
        let begun =
            |record: &Record| Bulk { id: format!("{place}-{}", record.version + 1).into(), ..bulk.clone() };
        let ask = |record: &Record| {
            if record.bulk.as_ref().is_some_and(|held| held.state == BulkState::Running) {
                return Err(Error::BulksBusy.into());
            }
            let bulk = begun(record);
            let mut metadata = metadata.clone();
            metadata["id"] = json!(bulk.id);
            let draft = AuditDraft { metadata: metadata.into(), ..AuditDraft::new(Operation::Bulk, caller) };
            Ok(Command::Bulk { bulk: Box::new(bulk), draft: Some(Box::new(draft)) })
        };
        let accepted = |outcome: &Outcome| {
            let bulk = outcome.change.next.bulk.as_deref();
            bulk.map_or_else(|| Reply::ok(&()), |bulk| Reply::new(StatusCode::ACCEPTED, &Progress::of(bulk)))
        };
        match order.outcome(shared, &key, &ask, &accepted).await {
            Err(error) if matches!(*error, Error::BulksBusy) => {}
            Err(error) => return Err(error),
            Ok((outcome, reply)) => {
                shared.engine.begin_bulk(&key).await;
                let mut response = reply.into_response();
                let id = outcome.change.next.bulk.as_ref().map_or("", |bulk| &bulk.id);
                if let Ok(location) = HeaderValue::from_str(&location(source, id)) {
                    response.headers_mut().insert(header::LOCATION, location);
                }
                return Ok(response);
            }
        }
    }
    Err(Error::BulksBusy.into())
}

fn location(source: &Source, id: &str) -> String {
    format!("/api/crm/import/{source}/bulk/{id}")
}

impl Surface {
    /// The bulk commands that the caller may see: its own, or with all tenants in its scope those of others.
    async fn bulks(&self, source: &Source, principal: &Principal) -> Result<Vec<Arc<Bulk>>> {
        let mut bulks = self.engine.bulks().await?;
        let sees = |bulk: &Bulk| principal.scope == Scope::All || bulk.principal == principal.id;
        bulks.retain(|bulk| bulk.source == *source && sees(bulk));
        Ok(bulks)
    }

    async fn bulk(&self, source: &Source, principal: &Principal, id: &str) -> Result<Arc<Bulk>> {
        let bulks = self.bulks(source, principal).await?;
        Ok(bulks.into_iter().find(|bulk| *bulk.id == *id).ok_or(Error::NotFound("bulk"))?)
    }
}

/// List the bulk commands in the background, latest first.
///
/// Those that are under way, and the last ones that ended.
#[utoipa::path(get, path = "/api/crm/import/{source}/bulk", tag = "schedules", operation_id = "listBulks",
    responses((status = 200, description = "The bulk commands", body = BulkList<'static>)))]
pub(super) async fn list(call: &mut Call) -> Result<Response> {
    let grant = call.of_source(Role::Viewer).await?;
    let shared = &call.shared;
    let bulks = shared.bulks(&grant.source, &grant.principal).await?;
    json(&BulkList { ok: true, bulks: bulks.iter().map(|bulk| BulkView::of(bulk)).collect() })
}

/// See how far a bulk command is.
#[utoipa::path(get, path = "/api/crm/import/{source}/bulk/{id}", tag = "schedules", operation_id = "getBulk",
    params(("id" = String, Path, description = "The bulk command")),
    responses((status = 200, description = "The bulk command", body = Progress<'static>)))]
pub(super) async fn get(call: &mut Call) -> Result<Response> {
    let id = call.segment("id")?;
    let grant = call.of_source(Role::Viewer).await?;
    let shared = &call.shared;
    json(&Progress::of(&*shared.bulk(&grant.source, &grant.principal, &id).await?))
}

/// Call off what is left of a bulk command.
///
/// What was done stays done. The step that is under way is carried out.
#[utoipa::path(post, path = "/api/crm/import/{source}/bulk/{id}/cancel", tag = "schedules",
    operation_id = "cancelBulk", params(("id" = String, Path, description = "The bulk command")),
    request_body(content = Option<EmptyRequest>),
    responses((status = 200, description = "The rest stays as it is", body = Progress<'static>)))]
pub(super) async fn cancel(call: &mut Call) -> Result<Response> {
    let id = call.segment("id")?;
    let grant = call.of_source(Role::Operator).await?;
    let mut order = call.order(&grant).await?;
    let shared = &call.shared;
    order.finish()?;
    let OfSource { source, principal, caller, .. } = &grant;
    let bulk = shared.bulk(source, principal, &id).await?;
    let key = Bulk::key_of(&bulk.id).ok_or(Error::NotFound("bulk"))?;
    let ask = |record: &Record| {
        let held = record.bulk.as_ref().filter(|held| held.id == bulk.id).ok_or(Error::NotFound("bulk"))?;
        if held.state != BulkState::Running {
            return Err(Error::BulkOver.into());
        }
        let next = Bulk { state: BulkState::Cancelled, updated: shared.now(), ..(**held).clone() };
        let metadata = json!({ "bulk": next.id, "operation": next.deed.name(), "carried_out": next.done });
        let draft = AuditDraft { metadata: metadata.into(), ..AuditDraft::new(Operation::Cancel, caller) };
        Ok(Command::Bulk { bulk: Box::new(next), draft: Some(Box::new(draft)) })
    };
    let reply = |outcome: &Outcome| Reply::ok(&outcome.change.next.bulk.as_deref().map(Progress::of));
    order.carry_out(shared, &key, &ask, &reply).await
}

fn shown(filter: &Filter) -> serde_json::Value {
    json!({
        "tenants": filter.tenants.as_ref().map(Vec::len),
        "state": filter.states.iter().map(|state| state.as_str()).collect::<Vec<_>>(),
        "q": filter.q,
        "tag": filter.tags,
        "interval_sec": filter.intervals,
        "overdue": filter.overdue,
    })
}
