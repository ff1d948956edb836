//! Opens the parts of a function and joins them.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use axum::Router;
use keys_kms::Kms;
use puller_acculynx::{AccuLynx, CallReport, Config, ReqwestClient};
use scheduler_core::domain::{Limits, Source};
use scheduler_core::engine::{Engine, EngineConfig, Pullers};
use scheduler_core::metrics::{Metrics, TenantLabels};
use scheduler_core::ports::{HttpClient, Puller, Store};
use scheduler_core::rest::{self, App};
use scheduler_core::vault::{self, StoredConnections, Vault};
use store_dynamodb::{DynamoDb, Environment, Incomplete, Options};
use traces_otlp::Traces;

use crate::background::Background;
use crate::clock::SystemClock;
use crate::settings::Settings;

const HOST: &str = "lambda";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Tenants with a label of their own: what an environment has counted must fit into one item.
const LABELLED: usize = 200;

/// How long a collector of traces may take: each invocation waits for it.
const COLLECTOR: Duration = Duration::from_secs(1);

/// What a function works with.
pub struct Parts {
    /// Decides and drives.
    pub engine: Arc<Engine>,
    /// The REST surface and the web app.
    pub router: Router,
}

impl Parts {
    /// Opens what `settings` ask for; runs may go on in `background`, and belong to `traces`.
    ///
    /// # Errors
    ///
    /// When the store does not answer.
    pub async fn open(
        settings: &Settings,
        background: Arc<Background>,
        traces: Option<&Traces>,
    ) -> Result<Self, lambda_runtime::Error> {
        let store = open_store(settings)?;
        let mut vault = Vault::new(settings.master_key.expose());
        if let Some(key) = &settings.kms_key {
            vault = vault.with_data_keys(Arc::new(Kms::new(kms(), key)));
        }
        let vault = Arc::new(vault);
        let metrics = Arc::new(Metrics::new(HOST, VERSION, commit(), TenantLabels::capped(LABELLED)));
        let mut config = Config { child_requests: settings.request_budget, ..Config::default() };
        if let Some(url) = &settings.acculynx_base_url {
            config.base_url.clone_from(url);
        }
        let counted = metrics.clone();
        config.observer = Some(Arc::new(move |call: &CallReport| {
            counted.called_upstream(call.endpoint, &call.label(), call.duration.as_secs_f64());
        }));
        let base_url = config.base_url.clone();
        let source = Source::parse("acculynx")?;
        let mut http: Arc<dyn HttpClient> = Arc::new(ReqwestClient::new()?);
        if let Some(traces) = traces {
            http = traces.passed_on_by(http);
        }
        let puller: Arc<dyn Puller> = Arc::new(AccuLynx::new(http, config));
        let connections = Arc::new(StoredConnections::new(store.clone(), vault.clone()));
        let config = EngineConfig {
            instance: "lambda".into(),
            boot: vault::random::<4>().iter().map(|byte| format!("{byte:02x}")).collect(),
            lease: Duration::from_secs(settings.lease_sec.into()),
            parallel: settings.parallel,
            slow_lane: (settings.parallel / 4).max(1),
            background: Some(background),
            counts_together: Some(Duration::from_secs(6 * 3600)),
            ..EngineConfig::default()
        };
        let pullers = Pullers::from([(source, puller)]);
        let engine =
            Engine::new(store, Arc::new(SystemClock::start()), pullers, connections, metrics, config).await?;
        let limits = Limits { min_interval_sec: settings.min_interval_sec, ..Limits::default() };
        let app = App::new(engine.clone(), vault)
            .host(HOST, VERSION)
            .limits(limits)
            .environment(settings.environment.as_deref())
            .base_url("acculynx", &base_url)
            .ui(command_center_ui::router());
        let mut router = rest::router(app);
        if let Some(traces) = traces {
            router = traces.taken_in_by(router);
        }
        Ok(Self { engine, router })
    }
}

/// The commit that this binary was built from, where the build says so.
fn commit() -> &'static str {
    option_env!("COMMAND_CENTER_COMMIT").unwrap_or("unknown")
}

/// Opens the way to the collector at `endpoint`, which may be anywhere, private networks included.
///
/// # Errors
///
/// When the address is none, or this build sends no traces.
pub fn open_traces(endpoint: &str) -> Result<Traces, lambda_runtime::Error> {
    let http = Arc::new(ReqwestClient::within_private_networks()?);
    let traces = Traces::to(endpoint, http, COLLECTOR);
    Ok(traces.map_err(|error| format!("COMMAND_CENTER_OTLP_ENDPOINT: {error}"))?)
}

/// Opens the table that the settings name; it is reached for later.
fn open_store(settings: &Settings) -> Result<Arc<dyn Store>, Incomplete> {
    let environment = Environment::read(|name| std::env::var(name).ok())?;
    let client = store_dynamodb::sdk::Client::from_conf(store_dynamodb::configuration(environment).build());
    let retention = Duration::from_secs(24 * 3600) * settings.retention_days;
    Ok(Arc::new(DynamoDb::new(client, Options { retention, ..Options::of(&settings.table) })))
}

/// The client of the queue.
pub(crate) fn sqs() -> aws_sdk_sqs::Client {
    let (credentials, region) = identity();
    let mut config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(credentials)
        .region(region)
        .http_client(https());
    config.set_endpoint_url(std::env::var("AWS_ENDPOINT_URL_SQS").ok());
    aws_sdk_sqs::Client::from_conf(config.build())
}

/// The client of the key service.
fn kms() -> keys_kms::sdk::Client {
    let (credentials, region) = identity();
    let mut config = keys_kms::sdk::Config::builder()
        .behavior_version(keys_kms::sdk::config::BehaviorVersion::latest())
        .credentials_provider(credentials)
        .region(region)
        .http_client(https());
    config.set_endpoint_url(std::env::var("AWS_ENDPOINT_URL_KMS").ok());
    keys_kms::sdk::Client::from_conf(config.build())
}

/// Who the function is, and where. AWS puts both into the environment.
fn identity() -> (Credentials, Option<Region>) {
    let get = |name: &str| std::env::var(name).ok();
    let credentials = Credentials::new(
        get("AWS_ACCESS_KEY_ID").unwrap_or_default(),
        get("AWS_SECRET_ACCESS_KEY").unwrap_or_default(),
        get("AWS_SESSION_TOKEN"),
        None,
        "environment",
    );
    (credentials, get("AWS_REGION").map(Region::new))
}

/// HTTPS as all of this binary does it.
fn https() -> aws_sdk_sqs::config::SharedHttpClient {
    use aws_smithy_http_client::tls;
    let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    aws_smithy_http_client::Builder::new().tls_provider(provider).build_https()
}
