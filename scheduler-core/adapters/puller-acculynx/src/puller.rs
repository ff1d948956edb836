//! The `Puller` port on AccuLynx.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use scheduler_core::domain::{Connection, ErrorKind, RunError, Stats};
use scheduler_core::ports::{Clock, HttpClient, PullContext, PullFailure, Pulled, Puller};

use crate::caller::{Answer, Caller};
use crate::config::Config;
use crate::run::{Run, location};
use crate::wire::{Call, company_name};

/// A live check may take this long.
const CHECK_WITHIN: Duration = Duration::from_secs(30);

/// Pulls a tenant's jobs, contacts and their children out of AccuLynx.
///
/// ```
/// use std::sync::Arc;
///
/// use puller_acculynx::{AccuLynx, Config};
/// use scheduler_core::ports::HttpClient;
///
/// fn puller(http: Arc<dyn HttpClient>) -> AccuLynx {
///     AccuLynx::new(http, Config::default())
/// }
/// ```
#[derive(Clone)]
pub struct AccuLynx {
    http: Arc<dyn HttpClient>,
    config: Config,
}

impl AccuLynx {
    /// Makes a puller that sends its requests through `http`.
    pub fn new(http: Arc<dyn HttpClient>, config: Config) -> Self {
        Self { http, config }
    }

    fn caller(
        &self,
        connection: &Connection,
        clock: &Arc<dyn Clock>,
        deadline: Duration,
        seed: String,
    ) -> Result<Caller, RunError> {
        Caller::new(self.http.clone(), self.config.clone(), connection, clock.clone(), deadline, seed)
    }
}

#[async_trait]
impl Puller for AccuLynx {
    async fn pull(&self, context: PullContext) -> Result<Pulled, PullFailure> {
        let Some(connection) = context.connection.clone() else {
            return Err(PullFailure::new(ErrorKind::Config, "the tenant has no API key"));
        };
        // A little is kept back, so that a run that is late can say so itself.
        let left = context.deadline.saturating_sub(context.clock.monotonic());
        let deadline = context.deadline.saturating_sub((left / 20).min(Duration::from_secs(1)));
        let seed = format!("{}/{}", context.run_id, context.attempt);
        let caller = self.caller(&connection, &context.clock, deadline, seed).map_err(config_failure)?;
        let location = location(&connection.fingerprint, caller.base());
        let (run, resume) = Run::new(context, self.config.clone(), caller, &location);
        run.drive(resume).await
    }

    async fn test(&self, connection: &Connection, clock: Arc<dyn Clock>) -> Result<String, RunError> {
        let deadline = clock.monotonic() + CHECK_WITHIN;
        let caller = self.caller(connection, &clock, deadline, connection.fingerprint.to_string())?;
        let call = Call::get("/company-settings", "/company-settings".to_owned());
        match caller.send(&call).await.map_err(|failure| failure.error)? {
            Answer::Found(body) => company_name(&body).map_err(|why| caller.unreadable(&call, why).error),
            other => Err(caller.needed(&call, &other).error),
        }
    }
}

fn config_failure(error: RunError) -> PullFailure {
    PullFailure { error, retry_at: None, stats: Stats::default(), cursor: None }
}
