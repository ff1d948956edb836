//! The whole REST surface as one [`axum::Router`], built without a runtime.
//!
//! [`router`] makes it from an [`App`]. Every handler asks `access` who calls, every answer
//! passes `front`, every failure is a row of the table in `problem`.

mod access;
mod audit;
mod bulk;
mod call;
mod connections;
mod control;
mod denials;
mod events;
mod explain;
mod export;
mod fields;
mod front;
mod limits;
mod moment;
mod occurrences;
mod openapi;
mod ops;
mod order;
mod preview;
mod problem;
mod query;
mod records;
mod reply;
mod roster;
mod runs;
mod schedules;
mod schema;
mod session;
mod session_routes;
mod status;
mod timeline;
mod token;
mod tokens;
mod views;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::MethodRouter;
use bytes::Bytes;
use http::Method;
use tower::ServiceExt;
use utoipa::openapi::HttpMethod;
use utoipa_axum::PathItemExt;

use crate::domain::{Limits, Role, Secret, Source};
use crate::engine::Engine;
use crate::vault::Vault;
use access::{Guarded, Principal};
use call::{Answers, Call};
use problem::{Error, Result};

pub use openapi::{Policy, document, policies};
pub use token::mint;

/// What the surface is made of, and what its host can do.
///
/// ```
/// # futures::executor::block_on(async {
/// use std::sync::Arc;
/// use scheduler_core::engine::{Engine, EngineConfig, Pullers};
/// use scheduler_core::memory::MemoryStore;
/// use scheduler_core::metrics::{Metrics, TenantLabels};
/// use scheduler_core::ports::ManualClock;
/// use scheduler_core::rest::{App, router};
/// use scheduler_core::vault::{StoredConnections, Vault};
/// use tower::ServiceExt;
///
/// let (store, vault) = (Arc::new(MemoryStore::new()), Arc::new(Vault::new([0; 32])));
/// let clock = Arc::new(ManualClock::at(scheduler_core::domain::Timestamp::from_secs(1_800_000_000)));
/// let connections = Arc::new(StoredConnections::new(store.clone(), vault.clone()));
/// let metrics = Metrics::new("example", "0", "none", TenantLabels::default());
/// let engine = Engine::new(store, clock, Pullers::new(), connections, metrics, EngineConfig::default()).await?;
///
/// let rest = router(App::new(engine, vault).host("example", "0"));
/// let ping = http::Request::get("/ops/ping").body(axum::body::Body::empty()).unwrap();
/// assert_eq!(rest.oneshot(ping).await.unwrap().status(), 200);
/// # Ok::<_, scheduler_core::ports::StoreError>(())
/// # }).unwrap();
/// ```
pub struct App {
    engine: Arc<Engine>,
    vault: Arc<Vault>,
    limits: Limits,
    host: &'static str,
    version: &'static str,
    environment: Option<Arc<str>>,
    streaming: bool,
    poll_interval_sec: u32,
    loopback: bool,
    tick_token: Option<Secret>,
    tick_budget: Duration,
    base_urls: BTreeMap<String, String>,
    ui: Option<Router>,
}

impl App {
    /// A surface that is reached over a network, needs tokens, and does not stream.
    pub fn new(engine: Arc<Engine>, vault: Arc<Vault>) -> Self {
        Self {
            engine,
            vault,
            limits: Limits::default(),
            host: "axum",
            version: env!("CARGO_PKG_VERSION"),
            environment: None,
            streaming: false,
            poll_interval_sec: 15,
            loopback: false,
            tick_token: None,
            tick_budget: Duration::from_secs(50),
            base_urls: BTreeMap::new(),
            ui: None,
        }
    }

    /// The bounds of intervals.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The kind of host (`axum`, `lambda`, `wasi`) and its version.
    #[must_use]
    pub fn host(mut self, host: &'static str, version: &'static str) -> Self {
        (self.host, self.version) = (host, version);
        self
    }

    /// What the deployment calls itself, such as `staging`.
    #[must_use]
    pub fn environment(mut self, name: Option<&str>) -> Self {
        self.environment = name.map(Into::into);
        self
    }

    /// Whether a connection may stay open, for events.
    #[must_use]
    pub fn streaming(mut self, streaming: bool) -> Self {
        self.streaming = streaming;
        self
    }

    /// How often clients are to poll.
    #[must_use]
    pub fn poll_interval_sec(mut self, seconds: u32) -> Self {
        self.poll_interval_sec = seconds;
        self
    }

    /// Whether only this machine can reach the surface: without any token, everyone is then the local admin.
    #[must_use]
    pub fn loopback(mut self, loopback: bool) -> Self {
        self.loopback = loopback;
        self
    }

    /// A token that may tick and read metrics, nothing else.
    #[must_use]
    pub fn tick_token(mut self, token: Option<Secret>) -> Self {
        self.tick_token = token;
        self
    }

    /// How long a tick that was asked for over HTTP may claim runs.
    #[must_use]
    pub fn tick_budget(mut self, budget: Duration) -> Self {
        self.tick_budget = budget;
        self
    }

    /// The address that a source's puller calls by itself, which a connection may name though it be plain HTTP.
    #[must_use]
    pub fn base_url(mut self, source: &str, url: &str) -> Self {
        self.base_urls.insert(source.to_owned(), url.to_owned());
        self
    }

    /// What answers GET requests for anything that is not the API: the web app.
    #[must_use]
    pub fn ui(mut self, ui: Router) -> Self {
        self.ui = Some(ui);
        self
    }
}

/// What handlers share.
pub(crate) struct Surface {
    engine: Arc<Engine>,
    vault: Arc<Vault>,
    sources: Vec<Source>,
    limits: Limits,
    host: &'static str,
    version: &'static str,
    environment: Option<Arc<str>>,
    streaming: bool,
    poll_interval_sec: u32,
    loopback: bool,
    tick_token: Option<Secret>,
    tick_budget: Duration,
    base_urls: BTreeMap<String, String>,
    ui: Option<Router>,
    document: fn() -> Bytes,
    openapi: OnceLock<Bytes>,
    locals: [Arc<Principal>; 3],
    guarded: Guarded,
    buckets: limits::Buckets,
    denials: denials::Denials,
    request_ids: front::RequestIds,
    turns: order::Turns,
    counts: roster::KnownCounts,
    streams: events::Streams,
    probe: ops::Probe,
}

type Shared = Arc<Surface>;

impl Surface {
    fn new(app: App, document: fn() -> Bytes) -> Self {
        Self {
            document,
            sources: app.engine.sources().cloned().collect(),
            engine: app.engine,
            vault: app.vault,
            limits: app.limits,
            host: app.host,
            version: app.version,
            environment: app.environment,
            streaming: app.streaming,
            poll_interval_sec: app.poll_interval_sec,
            loopback: app.loopback,
            tick_token: app.tick_token,
            tick_budget: app.tick_budget,
            base_urls: app.base_urls,
            ui: app.ui,
            openapi: OnceLock::new(),
            locals: [Role::Viewer, Role::Operator, Role::Admin].map(Principal::local),
            guarded: Guarded::unknown(),
            buckets: limits::Buckets::default(),
            denials: denials::Denials::default(),
            request_ids: front::RequestIds::new(),
            turns: order::Turns::default(),
            counts: roster::KnownCounts::default(),
            streams: events::Streams::new(0),
            probe: ops::Probe::default(),
        }
    }

    fn base_url(&self, source: &str) -> Option<&str> {
        self.base_urls.get(source).map(String::as_str)
    }
}

/// Builds the surface.
pub fn router(app: App) -> Router {
    router_with(app, || document().into())
}

/// Builds the surface; `/openapi.json` answers with what `document` gives.
///
/// A build in which nothing calls [`document`] is smaller by what makes it, about 700 kB.
pub fn router_with(app: App, document: fn() -> Bytes) -> Router {
    let shared = Arc::new(Surface::new(app, document));
    all_routes()
        .fallback(Answers(|call| Box::pin(elsewhere(call))))
        .method_not_allowed_fallback(Answers(|_| Box::pin(async { Err(Error::Method.into()) })))
        .with_state(shared)
}

/// Gives every route to a macro: handlers of one path stand together.
macro_rules! with_routes {
    ($into:ident) => {
        $into! {
            (schedules::get, schedules::put, schedules::edit, schedules::delete)
            (status::status)
            (status::list)
            (preview::stored, preview::proposed)
            (control::pause)
            (control::resume)
            (control::run_now)
            (control::cancel)
            (bulk::list, bulk::bulk)
            (bulk::get)
            (bulk::cancel)
            (runs::list)
            (runs::latest)
            (runs::get)
            (occurrences::list)
            (timeline::timeline)
            (explain::explain)
            (audit::list)
            (audit::verify)
            (export::audit_trail)
            (connections::get, connections::put, connections::delete)
            (connections::test)
            (records::list)
            (records::get)
            (export::imported)
            (events::stream)
            (events::changes)
            (session_routes::whoami)
            (session_routes::begin, session_routes::end)
            (tokens::list, tokens::create)
            (tokens::revoke)
            (ops::capabilities)
            (ops::tick)
            (ops::ping)
            (ops::health)
            (ops::metrics)
            (openapi::openapi)
        }
    };
}

/// Where a handler stands: its path, its methods, itself.
type Route = (fn() -> String, fn() -> Vec<HttpMethod>, Answers);

/// Every route, without what the OpenAPI document says of it: that takes longer than to answer a request.
macro_rules! handled {
    ($(($($module:ident :: $handler:ident),+))*) => {
        utoipa_axum::paste! {
            [$($((
                <$module::[<__path_ $handler>] as utoipa::Path>::path as _,
                <$module::[<__path_ $handler>] as utoipa::Path>::methods as _,
                Answers(|call| Box::pin($module::$handler(call))),
            )),+),*]
        }
    };
}

/// Every route, with what the document says of it.
macro_rules! told {
    ($(($($module:ident :: $handler:ident),+))*) => {
        #[derive(utoipa::OpenApi)]
        #[openapi(paths($($($module::$handler),+),*))]
        struct Told;
    };
}

fn all_routes() -> Router<Shared> {
    let routes: &[Route] = &with_routes!(handled);
    routes.iter().fold(Router::new(), |router, (path, methods, answers)| {
        let on = |router: MethodRouter<_>, method: HttpMethod| router.on(method.to_method_filter(), *answers);
        router.route(&path(), methods().into_iter().fold(MethodRouter::new(), on))
    })
}

with_routes!(told);

/// What is no route: a page of the web app, or nothing.
async fn elsewhere(call: &mut Call) -> Result<Response> {
    let (shared, parts) = (&call.shared, &call.parts);
    let path = parts.uri.path();
    let machine = ["/api", "/ops", "/metrics", "/openapi.json"]
        .iter()
        .any(|root| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    let read = matches!(parts.method, Method::GET | Method::HEAD);
    match &shared.ui {
        Some(ui) if read && !machine => {
            let request = Request::from_parts(parts.clone(), std::mem::take(&mut call.body));
            let Ok(response) = ui.clone().oneshot(request).await;
            Ok(response)
        }
        _ => Err(Error::NoRoute.into()),
    }
}
