//! The lists of schedules: the original's map with a clock in it, and one that stands still.

use std::cmp::Ordering;
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::response::Response;
use http::{HeaderValue, header};
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::Surface;
use super::access::{OfSource, Principal};
use super::call::Call;
use super::moment::{Epoch, Iso};
use super::problem::{Error, Result};
use super::query::{LONGEST_PAGE, PAGE, Params, cursor};
use super::reply::{REVALIDATE, json, matches, not_modified};
use super::roster::{Counts, filter_of};
use super::views::ScheduleView;
use crate::domain::{
    Filter, Key, Record, Role, Schedule, Scope, Source, State as Standing, Tenant, Timestamp,
};
use crate::engine::narrowed;
use crate::machine::next_run;

/// What a list is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Tenant,
    /// The soonest first.
    NextRun,
    /// The latest first.
    LastRun,
    /// Those that need care first.
    State,
    /// The most failures in a row first.
    Failures,
}

const SORTS: [(&str, By); 5] = [
    ("tenant", By::Tenant),
    ("next_run", By::NextRun),
    ("last_run", By::LastRun),
    ("state", By::State),
    ("failures", By::Failures),
];

/// The order of a list; a minus sign turns it round. Ties fall by tenant, rows without the value come last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sort {
    by: By,
    turned: bool,
}

impl Sort {
    fn parse(text: &str) -> Option<Self> {
        let bare = text.strip_prefix('-');
        let by = SORTS.iter().find(|(name, _)| *name == bare.unwrap_or(text))?.1;
        Some(Self { by, turned: bare.is_some() })
    }

    fn name(self) -> String {
        let name = SORTS.iter().find(|(_, by)| *by == self.by).map_or("", |(name, _)| name);
        if self.turned { format!("-{name}") } else { name.to_owned() }
    }

    /// A number by which rows are ordered, smallest first.
    fn rank(self, record: &Record, schedule: &Schedule, now: Timestamp) -> i64 {
        let rank = match self.by {
            By::Tenant => Some(0),
            By::NextRun => next_run(schedule, &record.key, now).map(Timestamp::millis),
            By::LastRun => schedule.last.as_ref().map(|last| -last.started.millis()),
            By::State => Some(match schedule.state() {
                Standing::Broken => 0,
                Standing::Error => 1,
                Standing::Backoff => 2,
                Standing::Running => 3,
                Standing::Never => 4,
                Standing::Ok => 5,
                Standing::Paused => 6,
            }),
            By::Failures => Some(-i64::from(schedule.failures)),
        };
        rank.map_or(i64::MAX, |rank| if self.turned { -rank } else { rank })
    }

    fn compare(self, a: (i64, &Tenant), b: (i64, &Tenant)) -> Ordering {
        let tenants = a.1.cmp(b.1);
        a.0.cmp(&b.0).then(if self.turned && self.by == By::Tenant { tenants.reverse() } else { tenants })
    }

    /// Whether it is the order of the walk over the store.
    fn follows_the_walk(self) -> bool {
        self.by == By::Tenant && !self.turned
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
    fn of(params: &Params, page: usize) -> Result<Self> {
        let known =
            || format!("{}, each also with a minus sign before", SORTS.map(|(name, _)| name).join(", "));
        let sort = params.choice("sort", Sort::parse, known)?;
        let sort = sort.unwrap_or(Sort { by: By::Tenant, turned: false });
        let from = params.cursor(&sort.name())?.map(|text| place(&text).ok_or(Error::Cursor)).transpose()?;
        Ok(Self { filter: filter_of(params)?, sort, limit: params.limit(page)?, from })
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
    matched: u64,
    next: Option<String>,
}

/// One row with what orders it.
struct Row {
    rank: i64,
    record: Arc<Record>,
}

impl Surface {
    async fn rows(&self, source: &Source, scope: &Scope, question: &Question, version: u64) -> Result<Rows> {
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
        // Where nothing else is to be counted, the walk begins at the page and ends with it.
        let short = known.is_some() && filter.is_open() && sort.follows_the_walk();
        let after = from.filter(|_| short).map(|from| &from.tenant);
        let stride = if short { limit + 1 } else { usize::MAX };
        let (now, mut matched) = (self.now(), 0);
        self.engine
            .walk(source, scope, after, stride, &mut |record, schedule| {
                let full = sort.follows_the_walk() && rows.len() > limit;
                if known.is_none() {
                    counts.add(schedule.state());
                } else if full && short {
                    return ControlFlow::Break(());
                }
                if self.engine.means(filter, record, schedule, now) {
                    matched += 1;
                    let rank = if full { 0 } else { sort.rank(record, schedule, as_of) };
                    let passed = from.is_some_and(|from| {
                        sort.compare((rank, &record.key.tenant), (from.rank, &from.tenant)).is_le()
                    });
                    if !full && !passed {
                        rows.push(Row { rank, record: record.clone() });
                    }
                }
                ControlFlow::Continue(())
            })
            .await?;
        let counts = known.unwrap_or(counts);
        if filter.is_open() {
            matched = counts.total();
        }
        if known.is_none() && *scope == Scope::All {
            self.counts.put(source, version, counts);
        }
        if !sort.follows_the_walk() {
            rows.sort_unstable_by(|a, b| {
                sort.compare((a.rank, &a.record.key.tenant), (b.rank, &b.record.key.tenant))
            });
        }
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|last| {
            let place = format!("{}|{}|{}", as_of.millis(), last.rank, last.record.key.tenant);
            cursor(&sort.name(), &place)
        });
        let records = rows.into_iter().map(|row| row.record).collect();
        Ok(Rows { records, counts, matched, next })
    }

    /// A number that changes with what the principal may see, and with nothing else.
    pub(super) async fn version_for(&self, principal: &Principal) -> Result<u64> {
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
    /// How many of them the filter picks.
    matched: u64,
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
pub(super) async fn status(call: &mut Call) -> Result<Response> {
    let grant = call.of_source(Role::Viewer).await?;
    let params = call.params();
    let shared = &call.shared;
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
pub(super) async fn list(call: &mut Call) -> Result<Response> {
    let grant = call.of_source(Role::Viewer).await?;
    let params = call.params();
    let query = call.parts.uri.query();
    let headers = &call.parts.headers;
    let shared = &call.shared;
    let question = Question::of(&params, PAGE)?;
    let version = shared.version_for(&grant.principal).await?;
    let tag = tag(version, &grant, query.unwrap_or_default());
    let header = HeaderValue::from_str(&tag).map_err(|_| Error::Internal)?;
    // What is overdue changes with the clock alone.
    let steady = !question.filter.overdue;
    if steady && matches(headers, &tag) {
        return Ok(not_modified(header));
    }
    let rows = shared.rows(&grant.source, &grant.principal.scope, &question, version).await?;
    let mut response = json(&Schedules {
        ok: true,
        schedules: InOrder { records: &rows.records, now: shared.now() },
        counts: rows.counts,
        matched: rows.matched,
        version,
        next_cursor: rows.next,
    })?;
    if steady {
        response.headers_mut().insert(header::ETAG, header);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, REVALIDATE);
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("authorization, cookie"));
    Ok(response)
}

/// The version, and what else the body depends on.
fn tag(version: u64, grant: &OfSource, query: &str) -> String {
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
    /// Only those with one of these intervals, in seconds, separated by commas.
    #[param(max_length = 128, required = false, example = "300,900")]
    interval_sec: Option<String>,
    /// Only those that are past due by more than twice their interval and a minute.
    #[param(required = false)]
    overdue: Option<bool>,
    /// The order; a minus sign turns it round. Ties fall by tenant, rows without the value come last.
    #[param(required = false, inline)]
    sort: Option<SortWord>,
    /// Rows of a page.
    #[param(minimum = 1, maximum = 1000, required = false)]
    limit: Option<u32>,
    /// Where the page begins: the `next_cursor` of the one before.
    #[param(max_length = 1024, required = false)]
    cursor: Option<String>,
}

/// What a list is ordered by: next runs the soonest first, last runs the latest first, states those first
/// that need care, failures the most in a row first.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `Sort::parse` reads")]
enum SortWord {
    #[serde(rename = "tenant")]
    Tenant,
    #[serde(rename = "-tenant")]
    TenantTurned,
    #[serde(rename = "next_run")]
    NextRun,
    #[serde(rename = "-next_run")]
    NextRunTurned,
    #[serde(rename = "last_run")]
    LastRun,
    #[serde(rename = "-last_run")]
    LastRunTurned,
    #[serde(rename = "state")]
    State,
    #[serde(rename = "-state")]
    StateTurned,
    #[serde(rename = "failures")]
    Failures,
    #[serde(rename = "-failures")]
    FailuresTurned,
}
