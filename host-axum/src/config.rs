//! Everything that can be configured, in one place. Each flag is an environment variable too.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use scheduler_core::domain::{Role, Secret, Source, Tenant};
use scheduler_core::metrics::TenantLabels;
use scheduler_core::notify::Webhook;
use scheduler_core::vault::MasterKey;

use crate::Failure;

/// Keeps every tenant's CRM in sync on its own schedule.
#[derive(Debug, Parser)]
#[command(name = "command-center", version, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the binary can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the scheduler, its REST surface and its web app
    Serve(Box<Serve>),
    /// Make, list and revoke access tokens
    #[command(subcommand)]
    Token(Token),
    /// Write a consistent copy of the store to a file, also while the server runs
    Backup(Backup),
    /// Copy everything from one store to another, for another kind of host; stop all hosts before
    Migrate(Migrate),
    /// Check configuration and store; exits with 0 when the server could start
    Check(Box<Serve>),
    /// Create a tenant's schedule, or edit it in place
    Schedule(ScheduleCommand),
    /// Show how schedules stand
    Status(StatusCommand),
    /// Pause a tenant's schedule
    Pause(PauseCommand),
    /// Resume a tenant's schedule
    Resume(TenantCommand),
    /// Run a tenant's import at once
    RunNow(RunNowCommand),
    /// Stop a run in flight
    Cancel(CancelCommand),
    /// Delete a tenant's schedule; history and audit stay
    Delete(TenantCommand),
    /// Show who did what
    Audit(AuditCommand),
    /// Show runs, newest first
    Runs(RunsCommand),
    /// Print the table of settings for the documentation
    #[command(hide = true)]
    HelpTable,
}

/// Where things are kept.
#[derive(Debug, Clone, Args)]
pub struct StoreArgs {
    /// Directory for the store and the key file
    #[arg(long, env = "COMMAND_CENTER_DATA_DIR", default_value = "./data", value_name = "DIR")]
    pub data_dir: PathBuf,
    /// `sqlite:PATH`, `files:DIR`, or `memory` to forget everything at exit [default: sqlite:<data-dir>/command-center.db]
    #[arg(long, env = "COMMAND_CENTER_STORE", value_name = "STORE", value_parser = StoreChoice::parse)]
    pub store: Option<StoreChoice>,
    /// Make a new store although the data directory was used before
    #[arg(long, env = "COMMAND_CENTER_INIT", action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    pub init: bool,
}

impl StoreArgs {
    /// The store that was asked for, or the default one in the data directory.
    pub fn choice(&self) -> StoreChoice {
        let default = || StoreChoice::Sqlite(self.data_dir.join("command-center.db"));
        self.store.clone().unwrap_or_else(default)
    }
}

/// A store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreChoice {
    /// A file.
    Sqlite(PathBuf),
    /// Files in a directory, which other hosts may use at the same time.
    Files(PathBuf),
    /// Nothing is kept.
    Memory,
}

impl StoreChoice {
    /// Reads `sqlite:PATH`, `files:DIR` or `memory`.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            Some(("files", path)) if !path.is_empty() => Ok(Self::Files(path.into())),
            None if text == "memory" => Ok(Self::Memory),
            _ => Err("expected sqlite:PATH, files:DIR or memory".into()),
        }
    }
}

impl std::fmt::Display for StoreChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Files(path) => write!(f, "files:{}", path.display()),
            Self::Memory => f.write_str("memory"),
        }
    }
}

/// Settings of the server.
#[derive(Debug, Args)]
pub struct Serve {
    /// Address to listen on; without an access token it must be a loopback address
    #[arg(long, env = "COMMAND_CENTER_LISTEN", default_value = "127.0.0.1:8000", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// Where things are kept.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Key that encrypts upstream keys: 32 bytes in hex or base 64 [default: <data-dir>/master.key, made on first use]
    #[arg(long, env = "COMMAND_CENTER_MASTER_KEY", hide_env_values = true, value_name = "KEY", value_parser = MasterKey::parse)]
    pub master_key: Option<MasterKey>,
    /// Run against a built-in imitation of the CRM with example tenants, and keep nothing
    #[arg(long, env = "COMMAND_CENTER_DEMO", action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    pub demo: bool,
    /// File of upstream keys, JSON or TOML: tenant to key, or to { api_key, base_url }
    #[arg(long, env = "COMMAND_CENTER_CONNECTIONS", value_name = "FILE")]
    pub connections: Option<PathBuf>,
    /// Address of the AccuLynx API [default: the puller's own]
    #[arg(long, env = "ACCULYNX_BASE_URL", value_name = "URL")]
    pub acculynx_base_url: Option<String>,
    /// Shortest interval that a schedule may have
    #[arg(long, env = "COMMAND_CENTER_MIN_INTERVAL_SEC", default_value_t = 5, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub min_interval_sec: u32,
    /// Runs at one time
    #[arg(long, env = "COMMAND_CENTER_PARALLEL", default_value_t = 1024, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub parallel: u32,
    /// How long a run is believed to be alive without a sign of life
    #[arg(long, env = "COMMAND_CENTER_LEASE_SEC", default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(5..=3600))]
    pub lease_sec: u32,
    /// Upstream requests that one run may make for the children of jobs; the rest is left to the next
    #[arg(long, env = "COMMAND_CENTER_REQUEST_BUDGET", default_value_t = 600, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub request_budget: u32,
    /// How long runs and occurrences are kept; audit entries and imported records stay
    #[arg(long, env = "COMMAND_CENTER_RETENTION_DAYS", default_value_t = 90, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub retention_days: u32,
    /// Connections at one time; more are closed
    #[arg(long, env = "COMMAND_CENTER_MAX_CONNECTIONS", default_value_t = 1024, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,
    /// Connections at one time from one address that is not loopback
    #[arg(long, env = "COMMAND_CENTER_MAX_CONNECTIONS_PER_ADDRESS", default_value_t = 64, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections_per_address: u32,
    /// How long work in flight may go on after SIGTERM
    #[arg(long, env = "COMMAND_CENTER_DRAIN_SEC", default_value_t = 25, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=3600))]
    pub drain_sec: u32,
    /// What log lines look like
    #[arg(long, env = "COMMAND_CENTER_LOG_FORMAT", default_value = "human", value_name = "FORMAT")]
    pub log_format: LogFormat,
    /// How much is logged: error, warn, info, debug, trace, or a tracing filter
    #[arg(long, env = "COMMAND_CENTER_LOG_LEVEL", default_value = "info", value_name = "LEVEL")]
    pub log_level: String,
    /// How it is watched.
    #[command(flatten)]
    pub watch: Watch,
}

/// How the server is watched: metrics, traces, notifications.
#[derive(Debug, Args)]
pub struct Watch {
    /// A schedule is overdue once it is past due by more than this, and by more than twice its interval
    #[arg(long, env = "COMMAND_CENTER_OVERDUE_AFTER_SEC", default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub overdue_after_sec: u32,
    /// Tenants that metrics name: so many of them, `all`, or `off`; the others count under `_other`
    #[arg(long, env = "COMMAND_CENTER_METRICS_TENANTS", default_value = "2000", value_name = "COUNT", value_parser = tenant_labels)]
    pub metrics_tenants: usize,
    /// Tenants that metrics name in any case, separated by commas
    #[arg(long, env = "COMMAND_CENTER_METRICS_ALWAYS", value_name = "TENANTS", value_delimiter = ',', value_parser = tenant)]
    pub metrics_always: Vec<Tenant>,
    /// Collector that takes traces as OTLP over HTTP, such as http://127.0.0.1:4318; needs a build with `otel`
    #[arg(long, env = "COMMAND_CENTER_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,
    /// Address that is told when tenants stop being run and when they recover
    #[arg(long, env = "COMMAND_CENTER_WEBHOOK_URL", value_name = "URL", requires_all = ["webhook_secret", "webhook_allow"])]
    pub webhook_url: Option<String>,
    /// Key that signs what the webhook is told: `whsec_` and 24 to 64 bytes in base 64
    #[arg(long, env = "COMMAND_CENTER_WEBHOOK_SECRET", hide_env_values = true, value_name = "SECRET", value_parser = secret)]
    pub webhook_secret: Option<Secret>,
    /// Hosts that may be told, separated by commas: `host`, `host:port` or `*.domain`
    #[arg(long, env = "COMMAND_CENTER_WEBHOOK_ALLOW", value_name = "HOSTS", value_delimiter = ',')]
    pub webhook_allow: Vec<String>,
    /// Seconds between two looks for something to tell
    #[arg(long, env = "COMMAND_CENTER_WEBHOOK_EVERY_SEC", default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub webhook_every_sec: u32,
}

impl Watch {
    /// Who is told, if anyone.
    ///
    /// # Errors
    ///
    /// When the address is not allowed, or the secret is none.
    pub fn webhook(&self) -> Result<Option<Webhook>, Failure> {
        let Some(url) = &self.webhook_url else { return Ok(None) };
        let secret = self.webhook_secret.as_ref().map(Secret::expose).unwrap_or_default();
        let webhook = Webhook::new(url, secret, &self.webhook_allow);
        webhook.map(Some).map_err(|error| Failure::config(format!("--webhook-url: {error}")))
    }

    /// Which tenants metrics name.
    pub fn tenant_labels(&self) -> TenantLabels {
        TenantLabels { cap: self.metrics_tenants, always: self.metrics_always.iter().cloned().collect() }
    }
}

impl Serve {
    /// The store that it works on.
    pub fn store(&self) -> StoreChoice {
        self.store.choice()
    }

    /// The demonstration has a folder of its own, so that it never mixes with real tenants.
    #[must_use]
    pub fn settled(mut self) -> Self {
        if self.demo && self.store.store.is_none() {
            self.store.data_dir.push("demo");
        }
        self
    }
}

/// What log lines look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Human,
    /// For programs: one JSON object a line.
    Json,
}

/// Commands about access tokens. They work on the store, whether or not the server runs.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Make a token; its secret is the last line of the output and is never shown again
    Create(TokenCreate),
    /// List tokens
    List(StoreArgs),
    /// Revoke a token
    Revoke(TokenRevoke),
}

/// A token to be made.
#[derive(Debug, Args)]
pub struct TokenCreate {
    /// Where it is kept.
    #[command(flatten)]
    pub store: StoreArgs,
    /// What it allows: viewer, operator or admin
    #[arg(long, value_parser = role)]
    pub role: Role,
    /// Tenants that it is for, separated by commas [default: all]
    #[arg(long, value_delimiter = ',', value_parser = tenant)]
    pub tenants: Vec<Tenant>,
    /// What it is for
    #[arg(long, default_value = "")]
    pub name: String,
    /// Days until it stops working [default: never]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub expires_days: Option<u32>,
}

/// A token to be revoked.
#[derive(Debug, Args)]
pub struct TokenRevoke {
    /// Where it is kept.
    #[command(flatten)]
    pub store: StoreArgs,
    /// The token's id, as `token list` shows it
    pub id: String,
}

/// A copy to be made.
#[derive(Debug, Args)]
pub struct Backup {
    /// What is copied.
    #[command(flatten)]
    pub store: StoreArgs,
    /// The file to write; it must not exist
    pub path: PathBuf,
}

/// A move from one store to another.
#[derive(Debug, Args)]
pub struct Migrate {
    /// What is copied: `sqlite:PATH` or `files:DIR`; it stays as it is
    #[arg(long, value_name = "STORE", value_parser = StoreChoice::parse)]
    pub from: StoreChoice,
    /// Where to: `sqlite:PATH` or `files:DIR`; it must be empty or not be there
    #[arg(long, value_name = "STORE", value_parser = StoreChoice::parse)]
    pub to: StoreChoice,
}

/// How a server is reached.
#[derive(Debug, Args)]
pub struct Remote {
    /// Address of the server
    #[arg(long, env = "COMMAND_CENTER_URL", default_value = "http://127.0.0.1:8000", value_name = "URL")]
    pub url: String,
    /// Access token
    #[arg(long, env = "COMMAND_CENTER_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub token: Option<String>,
    /// Source of the schedules
    #[arg(long, env = "COMMAND_CENTER_SOURCE", default_value = "acculynx", value_parser = source)]
    pub source: Source,
    /// Print the server's answer as it came
    #[arg(long)]
    pub json: bool,
}

/// A command to one tenant.
#[derive(Debug, Args)]
pub struct TenantCommand {
    /// Where to.
    #[command(flatten)]
    pub remote: Remote,
    /// The tenant
    #[arg(long, env = "COMMAND_CENTER_TENANT", value_parser = tenant)]
    pub tenant: Tenant,
}

/// A schedule to be created or edited.
#[derive(Debug, Args)]
pub struct ScheduleCommand {
    /// Whose.
    #[command(flatten)]
    pub target: TenantCommand,
    /// Seconds between slots [default for a new schedule: 300]
    #[arg(long, value_name = "SECONDS", conflicts_with = "cron")]
    pub every: Option<u64>,
    /// Five cron fields, such as `*/15 6-20 * * MON-FRI`
    #[arg(long, value_name = "FIELDS")]
    pub cron: Option<String>,
    /// IANA zone of the cron fields
    #[arg(long, value_name = "ZONE", requires = "cron")]
    pub timezone: Option<String>,
    /// A remark
    #[arg(long)]
    pub note: Option<String>,
    /// Labels, separated by commas
    #[arg(long, value_delimiter = ',')]
    pub tags: Vec<String>,
}

/// Which schedules to show.
#[derive(Debug, Args)]
pub struct StatusCommand {
    /// Where from.
    #[command(flatten)]
    pub remote: Remote,
    /// Only this tenant
    #[arg(long, env = "COMMAND_CENTER_TENANT", value_parser = tenant)]
    pub tenant: Option<Tenant>,
    /// Only those in this state: ok, error, paused, running, backoff, broken
    #[arg(long)]
    pub state: Option<String>,
    /// Only those that are overdue: scheduled but not running
    #[arg(long)]
    pub overdue: bool,
}

/// A pause.
#[derive(Debug, Args)]
pub struct PauseCommand {
    /// Whose.
    #[command(flatten)]
    pub target: TenantCommand,
    /// Why, for those who find it paused
    #[arg(long)]
    pub reason: Option<String>,
    /// Instant at which it resumes by itself, such as 2027-01-31T08:00:00Z
    #[arg(long, value_name = "INSTANT")]
    pub until: Option<String>,
}

/// A run to be stopped.
#[derive(Debug, Args)]
pub struct CancelCommand {
    /// Where to.
    #[command(flatten)]
    pub remote: Remote,
    /// The run's id, as `runs` shows it
    pub run: String,
}

/// A run by hand.
#[derive(Debug, Args)]
pub struct RunNowCommand {
    /// Whose.
    #[command(flatten)]
    pub target: TenantCommand,
    /// Why
    #[arg(long)]
    pub reason: Option<String>,
    /// How long to wait for the run's end
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=30))]
    pub wait_sec: u32,
}

/// Which audit entries to show.
#[derive(Debug, Args)]
pub struct AuditCommand {
    /// Where from.
    #[command(flatten)]
    pub remote: Remote,
    /// Only this tenant's
    #[arg(long, env = "COMMAND_CENTER_TENANT", value_parser = tenant)]
    pub tenant: Option<Tenant>,
    /// Only of this operation
    #[arg(long)]
    pub operation: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
}

/// Which runs to show.
#[derive(Debug, Args)]
pub struct RunsCommand {
    /// Where from.
    #[command(flatten)]
    pub remote: Remote,
    /// Only this tenant's
    #[arg(long, env = "COMMAND_CENTER_TENANT", value_parser = tenant)]
    pub tenant: Option<Tenant>,
    /// Only those in this state: running, succeeded, failed, cancelled, timed_out, abandoned
    #[arg(long)]
    pub state: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
}

fn secret(text: &str) -> Result<Secret, String> {
    Ok(Secret::new(text))
}

fn tenant_labels(text: &str) -> Result<usize, String> {
    match text {
        "all" => Ok(usize::MAX),
        "off" => Ok(0),
        count => count.parse().map_err(|_| "expected a number, all or off".into()),
    }
}

fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "expected viewer, operator or admin".into())
}

fn tenant(text: &str) -> Result<Tenant, String> {
    Tenant::parse(text).map_err(|problem| problem.to_string())
}

fn source(text: &str) -> Result<Source, String> {
    Source::parse(text).map_err(|problem| problem.to_string())
}
