//! Opens the parts of a server and joins them.

use std::sync::Arc;
use std::time::Duration;

use puller_acculynx::sandbox::DemoTenant;
use puller_acculynx::{AccuLynx, CallReport, Config, ReqwestClient};
use scheduler_core::domain::{Source, Timestamp};
use scheduler_core::engine::{Engine, EngineConfig, Pullers};
use scheduler_core::metrics::Metrics;
use scheduler_core::ports::{Clock, HttpClient, Puller};
use scheduler_core::vault::{self, MasterKey, Vault};
use traces_otlp::Traces;

use crate::alarm::SystemClock;
use crate::config::{Serve, StoreChoice};
use crate::connections::{self, FileConnections};
use crate::{Failure, demo, keys, stores};

/// What a server is made of.
pub struct Parts {
    /// Decides and drives.
    pub engine: Arc<Engine>,
    /// Seals upstream keys.
    pub vault: Arc<Vault>,
    /// The upstream's address.
    pub base_url: String,
    /// The tenants of the demonstration.
    pub demo: Vec<DemoTenant>,
    /// Carries requests to public addresses.
    pub http: Arc<dyn HttpClient>,
}

impl Parts {
    /// Opens what `settings` ask for.
    ///
    /// # Errors
    ///
    /// A sentence about the setting that does not hold.
    pub async fn open(settings: &Serve, traces: Option<&Traces>) -> Result<Self, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start()?);
        refuse_absurd_time(clock.now())?;
        let entries = settings.connections.as_deref().map(connections::read).transpose()?.unwrap_or_default();
        let choice = settings.store();
        let store = stores::for_server(&settings.store, &choice)?;
        let vault = Arc::new(Vault::new(master_key(settings, &choice)?.expose()));

        let mut config = Config { child_requests: settings.request_budget.into(), ..Config::default() };
        let mut demo = Vec::new();
        if settings.demo {
            (config.base_url, demo) = demo::upstream(clock.clone()).await?;
            config.child_requests = config.child_requests.min(demo::CHILD_REQUESTS);
        } else if let Some(url) = &settings.acculynx_base_url {
            config.base_url.clone_from(url);
        }
        let base_url = config.base_url.clone();

        let source = acculynx()?;
        let labels = settings.watch.tenant_labels();
        let metrics = Arc::new(Metrics::new("axum", env!("CARGO_PKG_VERSION"), commit(), labels));
        let counted = metrics.clone();
        config.observer = Some(Arc::new(move |call: &CallReport| {
            counted.called_upstream(call.endpoint, &call.label(), call.duration.as_secs_f64());
        }));
        let mut http: Arc<dyn HttpClient> = Arc::new(ReqwestClient::new().map_err(Failure::other)?);
        if let Some(traces) = traces {
            http = traces.passed_on_by(http);
        }
        let puller: Arc<dyn Puller> = Arc::new(AccuLynx::new(http.clone(), config));
        let pullers = Pullers::from([(source.clone(), puller)]);
        let connections = Arc::new(FileConnections::new(source, entries, store.clone(), vault.clone()));
        let engine =
            Engine::new(store, clock, pullers, connections, metrics, engine_config(settings)).await?;
        Ok(Self { engine, vault, base_url, demo, http })
    }
}

/// The name of the one source that ships.
///
/// # Errors
///
/// Never, unless the grammar of names changes.
pub fn acculynx() -> Result<Source, Failure> {
    Source::parse("acculynx").map_err(|error| Failure::other(error.to_string()))
}

fn engine_config(settings: &Serve) -> EngineConfig {
    EngineConfig {
        boot: vault::random::<4>().iter().map(|byte| format!("{byte:02x}")).collect(),
        lease: Duration::from_secs(settings.lease_sec.into()),
        parallel: settings.parallel as usize,
        slow_lane: (settings.parallel as usize / 4).max(1),
        drain: Duration::from_secs(settings.drain_sec.into()),
        overdue_after: Duration::from_secs(settings.watch.overdue_after_sec.into()),
        ..EngineConfig::default()
    }
}

fn master_key(settings: &Serve, choice: &StoreChoice) -> Result<MasterKey, Failure> {
    match (&settings.master_key, choice) {
        (Some(key), _) => Ok(key.clone()),
        (None, StoreChoice::Memory) => Ok(MasterKey::random()),
        (None, StoreChoice::Sqlite(_) | StoreChoice::Files(_)) => keys::in_dir(&settings.store.data_dir),
    }
}

/// The commit that this binary was built from, where the build says so.
fn commit() -> &'static str {
    option_env!("COMMAND_CENTER_COMMIT").unwrap_or("unknown")
}

/// A clock that lies by decades would settle decades of slots.
fn refuse_absurd_time(now: Timestamp) -> Result<(), Failure> {
    let sane = ["2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z"].map(Timestamp::parse);
    if sane[0] <= Some(now) && Some(now) < sane[1] {
        return Ok(());
    }
    Err(Failure::config(format!("the machine's clock says {now}: set it first")))
}
