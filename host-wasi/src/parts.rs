//! Joins the parts of an instance.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use puller_acculynx::{AccuLynx, CallReport, Config};
use scheduler_core::domain::{Limits, Source};
use scheduler_core::engine::{Background, Budget, Engine, EngineConfig, Pullers, TickReport};
use scheduler_core::metrics::{Metrics, TenantLabels};
use scheduler_core::ports::{Clock, HttpClient, Puller, Store, StoreError};
use scheduler_core::rest::{self, App};
use scheduler_core::vault::{self, StoredConnections, Vault};

use crate::openapi;
use crate::settings::Settings;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// One tick in so many forgets what is past its retention.
const PRUNES: u8 = 64;
/// Tenants with a label of their own in what one instance counts.
const LABELLED: usize = 200;
/// An instance that is used again counts in one place for so long: the longest that it may be busy, and more.
const COUNTED: Duration = Duration::from_secs(300);

/// What comes from outside.
pub struct Outside {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Keeps everything.
    pub store: Arc<dyn Store>,
    /// Reaches upstreams.
    pub http: Arc<dyn HttpClient>,
    /// Where runs go on whose caller waits no longer.
    pub background: Arc<dyn Background>,
}

/// What an instance works with.
pub struct Parts {
    /// Decides and drives.
    pub engine: Arc<Engine>,
    /// The REST surface and the web app.
    pub router: Router,
    budget: Budget,
    retention: Duration,
}

impl Parts {
    /// Joins what comes from outside with what `settings` ask for.
    ///
    /// # Errors
    ///
    /// When the store does not answer.
    pub async fn join(settings: &Settings, outside: Outside) -> Result<Self, StoreError> {
        let Outside { clock, store, http, background } = outside;
        let vault = Arc::new(Vault::new(settings.master_key.expose()));
        let version = env!("CARGO_PKG_VERSION");
        let commit = option_env!("COMMAND_CENTER_COMMIT").unwrap_or("unknown");
        let metrics = Arc::new(Metrics::new("wasi", version, commit, TenantLabels::capped(LABELLED)));
        let mut config = Config { child_requests: settings.request_budget, ..Config::default() };
        if let Some(url) = &settings.acculynx_base_url {
            config.base_url.clone_from(url);
        }
        let counted = metrics.clone();
        config.observer = Some(Arc::new(move |call: &CallReport| {
            counted.called_upstream(call.endpoint, &call.label(), call.duration.as_secs_f64());
        }));
        let base_url = config.base_url.clone();
        let puller: Arc<dyn Puller> = Arc::new(AccuLynx::new(http, config));
        let source =
            Source::parse("acculynx").map_err(|error| StoreError::Corrupt(error.to_string().into()))?;
        let connections = Arc::new(StoredConnections::new(store.clone(), vault.clone()));
        let config = EngineConfig {
            instance: "wasi".into(),
            boot: vault::random::<8>().iter().map(|byte| format!("{byte:02x}")).collect(),
            lease: Duration::from_secs(settings.lease_sec.into()),
            parallel: settings.parallel,
            slow_lane: (settings.parallel / 4).max(1),
            background: Some(background),
            counts_together: Some(COUNTED),
            ..EngineConfig::default()
        };
        let pullers = Pullers::from([(source, puller)]);
        let engine = Engine::new(store, clock, pullers, connections, metrics, config).await?;
        let limits = Limits { min_interval_sec: settings.min_interval_sec, ..Limits::default() };
        let time = Duration::from_secs(settings.tick_budget_sec.into());
        let app = App::new(engine.clone(), vault)
            .host("wasi", version)
            .limits(limits)
            .loopback(settings.open)
            .tick_token(settings.tick_token.clone())
            .tick_budget(time)
            .environment(settings.environment.as_deref())
            .base_url("acculynx", &base_url);
        #[cfg(feature = "ui")]
        let app = app.ui(command_center_ui::router());
        Ok(Self {
            engine,
            router: rest::router_with(app, openapi::document),
            budget: Budget { time, runs: settings.tick_runs, ..Budget::default() },
            retention: DAY * settings.retention_days,
        })
    }

    /// Runs what is due, and now and then forgets what is past its retention.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn tick(&self) -> Result<TickReport, StoreError> {
        let report = self.engine.tick(self.budget).await?;
        if vault::random::<1>()[0].is_multiple_of(PRUNES) {
            let now = self.engine.clock().now();
            self.engine.store().prune(now - self.retention, now).await?;
        }
        Ok(report)
    }
}
