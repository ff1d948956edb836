//! The lists of schedules: the original's map with a clock in it, and one that stands still.

use std::cmp::Ordering;
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::access::{OfSource, Principal, Viewer};
use super::moment::{Epoch, Iso};
use super::problem::Error;
use super::query::{LONGEST_PAGE, PAGE, Params, cursor};
use super::reply::{REVALIDATE, json, matches, not_modified};
use super::roster::{Counts, Filter, narrowed};
use super::views::ScheduleView;
use super::{Shared, Surface};
use crate::domain::{Key, Record, Schedule, Scope, Source, Tenant, Timestamp};
use crate::machine::next_run;

/// The order of a list. Ties fall by tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Tenant,
    /// The soonest first, those without one last.
    NextRun,
    /// The latest first, those without one last.
    LastRun,
}

impl Sort {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "tenant" => Some(Self::Tenant),
            "next_run" => Some(Self::NextRun),
            "last_run" => Some(Self::LastRun),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::NextRun => "next_run",
            Self::LastRun => "last_run",
        }
    }

    /// A number by which rows are ordered, smallest first.
    fn rank(self, record: &Record, schedule: &Schedule, now: Timestamp) -> i64 {
        match self {
            Self::Tenant => 0,
            Self::NextRun => next_run(schedule, &record.key, now).map_or(i64::MAX, Timestamp::millis),
            Self::LastRun => schedule.last.as_ref().map_or(i64::MAX, |last| -last.started.millis()),
        }
    }
}

/// Where a page begins, and as of when the walk over pages orders its rows.
#[derive(Debug, Clone)]
struct Place {
    as_of: Timestamp,
    rank: i64,
    tenant: Tenant,
}

/// What a list is asked for.
struct Question {
    filter: Filter,
    sort: Sort,
    limit: usize,
    from: Option<Place>,
}

impl Question {
    fn of(params: &Params, page: usize) -> Result<Self, Error> {
        let sort = params.choice("sort", Sort::parse, || "tenant, next_run, last_run".into())?;
        let sort = sort.unwrap_or(Sort::Tenant);
        let from = params.cursor(sort.name())?.map(|text| place(&text).ok_or(Error::Cursor)).transpose()?;
        Ok(Self { filter: Filter::of(params)?, sort, limit: params.limit(page)?, from })
    }

    /// Whether one walk in the order of tenants may stop once the page is full.
    fn follows_the_walk(&self) -> bool {
        self.sort == Sort::Tenant
    }
}

fn place(text: &str) -> Option<Place> {
    let mut parts = text.splitn(3, '|');
    let as_of: i64 = parts.next()?.parse().ok()?;
    let rank = parts.next()?.parse().ok()?;
    let tenant = Tenant::parse(parts.next()?).ok()?;
    Some(Place { as_of: Timestamp::from_millis(as_of), rank, tenant })
}

/// One page of schedules.
struct Rows {
    records: Vec<Arc<Record>>,
    counts: Counts,
    next: Option<String>,
}

/// One row with what orders it.
struct Row {
    rank: i64,
    record: Arc<Record>,
}

impl Row {
    fn compare(&self, other: &Self) -> Ordering {
        let tenants = || self.record.key.tenant.cmp(&other.record.key.tenant);
        self.rank.cmp(&other.rank).then_with(tenants)
    }
}

impl Surface {
    async fn rows(
        &self,
        source: &Source,
        scope: &Scope,
        question: &Question,
        version: u64,
    ) -> Result<Rows, Error> {
        let as_of = question.from.as_ref().map_or_else(|| self.now(), |from| from.as_of);
        let (filter, sort, limit) = (&question.filter, question.sort, question.limit);
        let scope = &narrowed(scope, filter.tenants.as_deref());
        let known = match scope {
            Scope::All => self.counts.at(source, version),
            Scope::Only(_) => None,
        };
        let mut rows: Vec<Row> = Vec::new();
        let mut counts = Counts::default();
        let from = question.from.as_ref();
        let after = from.filter(|_| known.is_some() && question.follows_the_walk()).map(|from| &from.tenant);
        let stride = if known.is_some() && filter.is_open() { limit + 1 } else { usize::MAX };
        self.walk(source, scope, after, stride, |record, schedule| {
            let full = question.follows_the_walk() && rows.len() > limit;
            if known.is_none() {
                counts.add(schedule.state());
            } else if full {
                return ControlFlow::Break(());
            }
            if !full && filter.admits(record, schedule) {
                let rank = sort.rank(record, schedule, as_of);
                let passed = from.is_some_and(|from| {
                    rank.cmp(&from.rank).then_with(|| record.key.tenant.cmp(&from.tenant)).is_le()
                });
                if !passed {
                    rows.push(Row { rank, record: record.clone() });
                }
            }
            ControlFlow::Continue(())
        })
        .await?;
        if known.is_none() && *scope == Scope::All {
            self.counts.put(source, version, counts);
        }
        if !question.follows_the_walk() {
            rows.sort_unstable_by(Row::compare);
        }
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|last| {
            let place = format!("{}|{}|{}", as_of.millis(), last.rank, last.record.key.tenant);
            cursor(sort.name(), &place)
        });
        let records = rows.into_iter().map(|row| row.record).collect();
        Ok(Rows { records, counts: known.unwrap_or(counts), next })
    }

    /// A number that changes with what the principal may see, and with nothing else.
    pub(super) async fn version_for(&self, principal: &Principal) -> Result<u64, Error> {
        let Scope::Only(tenants) = &principal.scope else { return Ok(self.engine.version().await?) };
        let mut hash = Sha256::new();
        for source in &self.sources {
            for tenant in tenants {
                let record = self.engine.store().load(&Key::new(source.clone(), tenant.clone())).await?;
                hash.update(tenant.as_str());
                hash.update(record.map_or(0, |record| record.version).to_be_bytes());
            }
        }
        let hash = hash.finalize();
        // Fits the numbers of JavaScript.
        Ok(hash.iter().take(6).fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }
}

/// The original's list: a map, with a clock in it.
#[derive(Serialize, ToSchema)]
#[schema(as = StatusAnswer)]
struct Status<'a> {
    ok: bool,
    /// The schedules, by tenant.
    #[schema(value_type = std::collections::HashMap<String, ScheduleView<'static>>)]
    schedules: ByTenant<'a>,
    /// Of the principal's tenants; of the one tenant where `tenant` is given.
    counts: Counts,
    next_cursor: Option<String>,
    ts: Epoch,
    ts_iso: Iso,
}

struct ByTenant<'a> {
    records: &'a [Arc<Record>],
    now: Timestamp,
}

impl Serialize for ByTenant<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.records.iter().filter_map(|record| {
            let view = ScheduleView::new(record, record.schedule.as_ref()?, self.now);
            Some((record.key.tenant.as_str(), view.counting_down(self.now)))
        }))
    }
}

/// The list for new clients: only absolute times, so that it changes only when something does.
#[derive(Serialize, ToSchema)]
#[schema(as = SchedulesAnswer)]
struct Schedules<'a> {
    ok: bool,
    #[schema(value_type = Vec<ScheduleView<'static>>)]
    schedules: InOrder<'a>,
    /// Of the principal's tenants; of the one tenant where `tenant` is given.
    counts: Counts,
    /// What to ask `/api/changes` with.
    version: u64,
    next_cursor: Option<String>,
}

struct InOrder<'a> {
    records: &'a [Arc<Record>],
    now: Timestamp,
}

impl Serialize for InOrder<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            self.records
                .iter()
                .filter_map(|record| Some(ScheduleView::new(record, record.schedule.as_ref()?, self.now))),
        )
    }
}

/// The status of every schedule, as the original service gave it.
#[utoipa::path(get, path = "/api/crm/import/{source}/schedule/status", tag = "schedules",
    operation_id = "scheduleStatus", params(ListQuery),
    responses((status = 200, description = "The schedules, by tenant", body = Status<'static>)))]
pub(super) async fn status(
    State(shared): State<Shared>,
    grant: OfSource<Viewer>,
    params: Params,
) -> Result<Response, Error> {
    let question = Question::of(&params, LONGEST_PAGE)?;
    let version = match question.filter.tenants {
        Some(_) => 0,
        None => shared.engine.version().await?,
    };
    let rows = shared.rows(&grant.source, &grant.principal.scope, &question, version).await?;
    let now = shared.now();
    json(&Status {
        ok: true,
        schedules: ByTenant { records: &rows.records, now },
        counts: rows.counts,
        next_cursor: rows.next,
        ts: Epoch(now),
        ts_iso: Iso(now),
    })
}

/// List schedules.
#[utoipa::path(get, path = "/api/crm/import/{source}/schedules", tag = "schedules", operation_id = "listSchedules",
    params(ListQuery, ("if-none-match" = Option<String>, Header, description = "The `ETag` that was read before")),
    responses((status = 200, description = "The schedules", body = Schedules<'static>,
            headers(("etag" = String, description = "The version and the query"))),
        (status = 304, description = "Nothing has changed")))]
pub(super) async fn list(
    State(shared): State<Shared>,
    grant: OfSource<Viewer>,
    params: Params,
    axum::extract::RawQuery(query): axum::extract::RawQuery,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let question = Question::of(&params, PAGE)?;
    let version = shared.version_for(&grant.principal).await?;
    let tag = tag(version, &grant, query.as_deref().unwrap_or_default());
    let header = HeaderValue::from_str(&tag).map_err(|_| Error::Internal)?;
    if matches(&headers, &tag) {
        return Ok(not_modified(header));
    }
    let rows = shared.rows(&grant.source, &grant.principal.scope, &question, version).await?;
    let mut response = json(&Schedules {
        ok: true,
        schedules: InOrder { records: &rows.records, now: shared.now() },
        counts: rows.counts,
        version,
        next_cursor: rows.next,
    })?;
    response.headers_mut().insert(header::ETAG, header);
    response.headers_mut().insert(header::CACHE_CONTROL, REVALIDATE);
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("authorization, cookie"));
    Ok(response)
}

/// The version, and what else the body depends on.
fn tag(version: u64, grant: &OfSource<Viewer>, query: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(grant.source.as_str());
    if let Scope::Only(tenants) = &grant.principal.scope {
        tenants.iter().for_each(|tenant| {
            hash.update([0]);
            hash.update(tenant.as_str());
        });
    }
    hash.update([1]);
    hash.update(query);
    let query: String = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("W/\"v{version}-{query}\"")
}

/// Which schedules are wanted, and in which order.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what `Question::of` reads")]
struct ListQuery {
    /// Only this tenant's.
    #[param(pattern = "^[a-z0-9][a-z0-9._-]{0,63}$", required = false)]
    tenant: Option<String>,
    /// Only those whose tenant or note holds this text.
    #[param(max_length = 128, required = false)]
    q: Option<String>,
    /// Only those in one of these states, separated by commas.
    #[param(max_length = 128, required = false, example = "error,broken")]
    state: Option<String>,
    /// Only those with one of these tags, separated by commas.
    #[param(max_length = 256, required = false)]
    tag: Option<String>,
    /// The order; ties fall by tenant.
    #[param(required = false, inline)]
    sort: Option<SortWord>,
    /// Rows of a page.
    #[param(minimum = 1, maximum = 1000, required = false)]
    limit: Option<u32>,
    /// Where the page begins: the `next_cursor` of the one before.
    #[param(max_length = 1024, required = false)]
    cursor: Option<String>,
}

/// The order of a list.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "documents what `Sort::parse` reads")]
enum SortWord {
    Tenant,
    NextRun,
    LastRun,
}
