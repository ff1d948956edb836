//! One command over many schedules.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::access::{Grant, OfSource, Operator};
use super::fields::Fields;
use super::order::Order;
use super::problem::Error;
use super::query::{cursor, place_in};
use super::reply::Reply;
use super::roster::{Filter, intervals};
use super::schedules::finish;
use super::schema::Instant;
use super::{Shared, Surface};
use crate::domain::{AuditDraft, Key, Operation, Record, SpecDraft, State as Standing, Tenant, Timestamp};
use crate::engine::CommandError;
use crate::machine::{Command, Refusal};

/// The longest body of a bulk command.
const BODY: usize = 1024 * 1024;
/// Failures that are listed one by one.
const LISTED: usize = 1000;
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
    /// Carry out at most so many, in the order of tenants, and answer where to go on. Send the same
    /// `x-request-id` with every step to find them together in the audit trail.
    #[schema(minimum = 1, maximum = 20_000)]
    limit: Option<u32>,
    /// Where to go on: the `next_cursor` of the step before.
    #[schema(max_length = 1024)]
    cursor: Option<String>,
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
    /// These.
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
struct Done {
    /// Whether none failed.
    ok: bool,
    operation: &'static str,
    dry_run: bool,
    /// Schedules that the filter picks, from the cursor on.
    matched: u64,
    /// Schedules that are another than before, or runs that were started.
    changed: u64,
    /// At most 1,000 of those that failed.
    failed: Vec<Failed>,
    /// All that failed.
    failed_total: u64,
    /// Where the next step goes on; null when all that matched was carried out.
    next_cursor: Option<String>,
}

/// A tenant for which the command failed.
#[derive(Serialize, ToSchema)]
#[schema(as = BulkFailure)]
struct Failed {
    tenant: String,
    code: &'static str,
    detail: String,
}

#[derive(Clone)]
enum Deed {
    Pause(Option<Arc<str>>, Option<Timestamp>),
    Resume,
    RunNow(Option<Arc<str>>),
    Delete,
    SetInterval(u64),
}

const DEEDS: [&str; 5] = ["pause", "resume", "run-now", "delete", "set-interval"];

impl Deed {
    fn read(name: &str, fields: &mut Fields) -> Result<Self, Error> {
        Ok(match name {
            "pause" => Self::Pause(fields.reason()?, fields.instant("until")?),
            "resume" => Self::Resume,
            "run-now" => Self::RunNow(fields.reason()?),
            "delete" => Self::Delete,
            _ => {
                let seconds = fields.number("interval_sec", 0, u64::from(u32::MAX))?;
                Self::SetInterval(seconds.ok_or_else(|| Error::field("interval_sec", "is required"))?)
            }
        })
    }
}

fn filter(fields: &mut Fields) -> Result<Filter, Error> {
    let missing =
        || Error::field("filter", "is required: tenants, state, q, tag, interval_sec, overdue or all");
    let mut given = fields.object("filter")?.ok_or_else(missing)?;
    let all = given.flag("all")?.unwrap_or(false);
    let words = |text: Option<String>| -> Vec<String> {
        let text = text.unwrap_or_default();
        super::query::listed(&text).map(Into::into).collect()
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
    responses((status = 200, description = "What became of it", body = Done)))]
pub(super) async fn bulk(
    State(shared): State<Shared>,
    mut order: Order<OfSource<Operator>, BODY>,
) -> Result<Response, Error> {
    let fields = &mut order.fields;
    let name = fields
        .one_of("operation", &DEEDS)?
        .ok_or_else(|| Error::field("operation", format!("must be one of {}", DEEDS.join(", "))))?;
    let deed = Deed::read(name, fields)?;
    let filter = filter(fields)?;
    let dry_run = fields.flag("dry_run")?.unwrap_or(false);
    let expect = fields.number("expect", 0, u64::from(u32::MAX))?;
    let limit = fields.number("limit", 1, NAMED as u64)?.and_then(|limit| usize::try_from(limit).ok());
    let after = fields
        .text("cursor", 1024)?
        .map(|text| place_in("bulk", &text).and_then(|name| Tenant::parse(&name).map_err(|_| Error::Cursor)))
        .transpose()?;
    finish(&mut order)?;
    if let Deed::SetInterval(seconds) = &deed {
        crate::domain::Interval::within(*seconds, shared.limits)?;
    }
    if let Deed::Pause(_, Some(until)) = &deed
        && *until <= shared.now()
    {
        return Err(Error::Refused(Refusal::UntilOutOfRange));
    }
    let mut keys = shared.pick(&order.grant.source, &order.grant.principal.scope, &filter).await?;
    keys.retain(|key| after.as_ref().is_none_or(|after| key.tenant > *after));
    let matched = keys.len() as u64;
    if let Some(expect) = expect.filter(|expect| *expect != matched) {
        return Err(order.remember(&shared, Error::Expected { expect, matched }).await);
    }
    let next_cursor = limit.filter(|limit| *limit < keys.len()).map(|limit| {
        keys.truncate(limit);
        cursor("bulk", keys.last().map_or("", |last| last.tenant.as_str()))
    });
    let mut done = Done {
        ok: true,
        operation: name,
        dry_run,
        matched,
        changed: 0,
        failed: vec![],
        failed_total: 0,
        next_cursor,
    };
    if dry_run {
        return Ok(Reply::ok(&done).into_response());
    }
    let carried_out = keys.len();
    shared.carry_out_all(&order, &deed, keys, &mut done).await?;
    done.ok = done.failed_total == 0;
    let reply = Reply::ok(&done);
    let metadata = json!({
        "operation": name,
        "filter": shown(&filter),
        "matched": done.matched,
        "carried_out": carried_out,
        "changed": done.changed,
        "failed": done.failed_total,
    });
    let caller = order.grant.caller();
    let draft = AuditDraft { metadata: metadata.into(), ..AuditDraft::new(Operation::Bulk, caller) };
    let ask =
        |_: &Record| Ok::<_, Error>(Command::Note { draft: Box::new(draft.clone()), writes: Vec::new() });
    let answer = |_: &_| order.answer(&shared, &reply);
    if let Err(error) = shared.engine.command(&Key::system(), caller, None, ask, answer).await {
        return Err(order.remember(&shared, error).await);
    }
    Ok(reply.into_response())
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

impl Surface {
    async fn carry_out_all(
        &self,
        order: &Order<OfSource<Operator>, BODY>,
        deed: &Deed,
        keys: Vec<Key>,
        done: &mut Done,
    ) -> Result<(), Error> {
        let place = match deed {
            Deed::SetInterval(_) => {
                self.engine.store().place(&order.grant.source, keys.len().max(1) as u64).await?
            }
            _ => 0,
        };
        // Which place a schedule gets does not matter, as long as no two get the same.
        let places: std::collections::HashMap<Key, u64> = match deed {
            Deed::SetInterval(_) => keys.iter().cloned().zip(place..).collect(),
            _ => std::collections::HashMap::new(),
        };
        let (worker, ttl) = (self.engine.worker(), self.engine.lease());
        let ask = |record: &Record| -> Result<Command, CommandError> {
            let Some(schedule) = &record.schedule else { return Err(Refusal::NoSchedule.into()) };
            Ok(match deed {
                Deed::Pause(reason, until) => Command::Pause { reason: reason.clone(), until: *until },
                Deed::Resume => Command::Resume,
                Deed::RunNow(reason) => {
                    Command::RunNow { reason: reason.clone(), worker: worker.clone(), ttl }
                }
                Deed::Delete => Command::Delete,
                Deed::SetInterval(seconds) => {
                    let draft = SpecDraft { interval_sec: Some(*seconds), ..SpecDraft::default() };
                    // The bounds were checked above; jitter that no longer fits is cut to the interval.
                    let spec = draft.clone().apply(Some(&schedule.spec), self.limits).or_else(|_| {
                        SpecDraft { jitter_sec: Some(0), ..draft }.apply(Some(&schedule.spec), self.limits)
                    });
                    let place = places.get(&record.key).copied().unwrap_or(place);
                    Command::Put { spec: spec.map_err(|_| Refusal::NoSchedule)?, place }
                }
            })
        };
        let results = self.engine.commands(keys, order.grant.caller(), ask).await;
        let mut started = Vec::new();
        for (key, result) in results {
            match result {
                Ok(outcome) => {
                    done.changed += u64::from(outcome.changed || outcome.started.is_some());
                    if outcome.started.is_some() {
                        started.push(outcome);
                    }
                }
                Err(error) => {
                    done.failed_total += 1;
                    if done.failed.len() < LISTED {
                        let error = Error::from(error);
                        let (code, detail) = (error.label(), error.detail());
                        done.failed.push(Failed { tenant: key.tenant.to_string(), code, detail });
                    }
                }
            }
        }
        let follow = started.iter().map(|outcome| self.engine.follow(outcome, std::time::Duration::ZERO));
        futures::future::join_all(follow).await;
        Ok(())
    }
}
