//! Runs, newest first.

use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::access::authorize;
use super::call::Call;
use super::problem::{Error, Result, no_run};
use super::query::{PAGE, cursor, listed};
use super::reply::json;
use super::views::RunView;
use crate::domain::{Role, RunState, Scope, Tenant, Trigger};
use crate::ports::RunQuery;

/// One page of runs.
#[derive(Serialize, ToSchema)]
#[schema(as = RunsAnswer)]
struct Runs<'a> {
    ok: bool,
    runs: Vec<RunView<'a>>,
    next_cursor: Option<String>,
}

/// One run with its log.
#[derive(Serialize, ToSchema)]
#[schema(as = RunAnswer)]
struct OneRun<'a> {
    ok: bool,
    run: RunView<'a>,
}

/// Which runs are wanted.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what the handler reads")]
struct RunsQuery {
    /// Only this tenant's.
    #[param(pattern = "^[a-z0-9][a-z0-9._-]{0,63}$", required = false)]
    tenant: Option<String>,
    /// Only those in this state.
    #[param(required = false)]
    state: Option<RunState>,
    /// Only those started for this reason.
    #[param(required = false)]
    trigger: Option<Trigger>,
    /// Started at or after: an RFC 3339 instant or epoch seconds.
    #[param(required = false)]
    since: Option<String>,
    /// Started before: an RFC 3339 instant or epoch seconds.
    #[param(required = false)]
    until: Option<String>,
    /// Rows of a page.
    #[param(minimum = 1, maximum = 1000, required = false)]
    limit: Option<u32>,
    /// Where the page begins: the `next_cursor` of the one before.
    #[param(max_length = 1024, required = false)]
    cursor: Option<String>,
}

/// List runs, newest first.
#[utoipa::path(get, path = "/api/crm/import/{source}/runs", tag = "runs", operation_id = "listRuns",
    params(RunsQuery), responses((status = 200, description = "The runs", body = Runs<'static>)))]
pub(super) async fn list(call: &mut Call) -> Result<Response> {
    let grant = call.of_source(Role::Viewer).await?;
    let params = call.params();
    let shared = &call.shared;
    let states = || "running, succeeded, failed, cancelled, timed_out, abandoned".to_owned();
    let query = RunQuery {
        source: grant.source,
        scope: params.within(&grant.principal.scope)?,
        state: params.choice("state", RunState::parse, states)?,
        trigger: params.choice("trigger", trigger, || "schedule, manual, retry".into())?,
        since: params.instant("since")?,
        until: params.instant("until")?,
        cursor: params.cursor("runs")?,
        limit: params.limit(PAGE)?,
    };
    let page = shared.engine.store().runs(&query).await?;
    json(&Runs {
        ok: true,
        runs: page.rows.iter().map(RunView::new).collect(),
        next_cursor: page.next.map(|next| cursor("runs", &next)),
    })
}

fn trigger(text: &str) -> Option<Trigger> {
    [Trigger::Schedule, Trigger::Manual, Trigger::Retry].into_iter().find(|known| known.as_str() == text)
}

/// The last runs of one tenant.
#[derive(Serialize, ToSchema)]
#[schema(as = LatestRuns)]
struct Latest<'a> {
    tenant: &'a str,
    /// Newest first.
    runs: Vec<RunView<'a>>,
}

/// The last runs of several tenants.
#[derive(Serialize, ToSchema)]
#[schema(as = LatestRunsAnswer)]
struct LatestOfEach<'a> {
    ok: bool,
    latest: Vec<Latest<'a>>,
}

/// Whose last runs are wanted.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what the handler reads")]
struct LatestQuery {
    /// Up to 100 tenants, separated by commas.
    #[param(max_length = 6500)]
    tenants: String,
    /// Runs of each.
    #[param(minimum = 1, maximum = 100, required = false)]
    each: Option<u32>,
}

/// The last runs of each of several tenants.
///
/// Tenants that the principal may not see have none.
#[utoipa::path(get, path = "/api/crm/import/{source}/runs/latest", tag = "runs", operation_id = "latestRuns",
    params(LatestQuery), responses((status = 200, description = "The runs", body = LatestOfEach<'static>)))]
pub(super) async fn latest(call: &mut Call) -> Result<Response> {
    let grant = call.of_source(Role::Viewer).await?;
    let params = call.params();
    let shared = &call.shared;
    let names = params.bounded("tenants", 6500)?.ok_or_else(|| Error::field("tenants", "is required"))?;
    let tenants: Vec<Tenant> = listed(names)
        .map(|name| Tenant::parse(&name).map_err(|_| Error::TenantInvalid))
        .collect::<Result<_, _>>()?;
    if tenants.len() > 100 {
        return Err(Error::field("tenants", "must be at most 100"));
    }
    let each = params.number("each", 1, 100)?.unwrap_or(30);
    let mut pages = Vec::with_capacity(tenants.len());
    for tenant in tenants.iter().filter(|tenant| grant.principal.scope.admits(tenant)) {
        let query = RunQuery {
            source: grant.source.clone(),
            scope: Scope::Only([tenant.clone()].into()),
            state: None,
            trigger: None,
            since: None,
            until: None,
            cursor: None,
            limit: usize::try_from(each).unwrap_or(30),
        };
        pages.push((tenant, shared.engine.store().runs(&query).await?));
    }
    let latest = pages.iter().map(|(tenant, page)| Latest {
        tenant: tenant.as_str(),
        runs: page.rows.iter().map(RunView::new).collect(),
    });
    json(&LatestOfEach { ok: true, latest: latest.collect() })
}

/// Read one run with its log lines.
#[utoipa::path(get, path = "/api/crm/import/{source}/runs/{run_id}", tag = "runs", operation_id = "getRun",
    params(("run_id" = String, Path, description = "The run")),
    responses((status = 200, description = "The run", body = OneRun<'static>)))]
pub(super) async fn get(call: &mut Call) -> Result<Response> {
    let grant = call.of_source(Role::Viewer).await?;
    let run_id = call.segment("run_id")?;
    let shared = &call.shared;
    let run = shared.engine.store().run(&no_run(&run_id)?).await?;
    let run = run.filter(|run| run.key.source == grant.source).ok_or(Error::NotFound("run"))?;
    authorize(&grant.principal, Role::Viewer, Some(&run.key.tenant)).map_err(|_| Error::NotFound("run"))?;
    json(&OneRun { ok: true, run: RunView::new(&run).with_log(&run) })
}
