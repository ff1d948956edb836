//! The demonstration: a built-in imitation of the CRM, and schedules to look at.

use std::collections::BTreeMap;
use std::sync::Arc;

use puller_acculynx::sandbox::{self, Sandbox, SandboxClient};
use scheduler_core::domain::{Caller, Interval, Key, Limits, Secret, Source, Spec, Tenant};
use scheduler_core::engine::{CommandError, Engine};
use scheduler_core::machine::Command;
use scheduler_core::ports::{Clock, HttpClient};

use crate::Failure;
use crate::connections::Entry;

/// Intervals of the example schedules, in turn.
const INTERVALS_SEC: [u64; 3] = [60, 120, 300];

/// The imitation's address.
pub const BASE_URL: &str = Sandbox::BASE_URL;

/// The imitation, and its tenants' keys.
pub fn upstream(clock: Arc<dyn Clock>) -> (Arc<dyn HttpClient>, BTreeMap<Tenant, Entry>) {
    let (tenants, sandbox) = sandbox::demo(clock);
    let entry = |key: &str| Entry { api_key: Secret::new(key), base_url: None };
    let entries = tenants
        .iter()
        .filter_map(|demo| Some((Tenant::parse(demo.name).ok()?, entry(demo.api_key))))
        .collect();
    (Arc::new(SandboxClient::new(sandbox)), entries)
}

/// Creates a schedule for each tenant.
///
/// # Errors
///
/// When the store fails.
pub async fn register(engine: &Engine, source: &Source, tenants: &[Tenant]) -> Result<(), Failure> {
    let first = engine.store().place(source, tenants.len() as u64).await?;
    for ((tenant, secs), place) in tenants.iter().zip(INTERVALS_SEC.into_iter().cycle()).zip(first..) {
        let interval =
            Interval::within(secs, Limits::default()).map_err(|error| Failure::other(error.to_string()))?;
        let spec = Spec::every(interval);
        let key = Key::new(source.clone(), tenant.clone());
        engine
            .command::<CommandError>(
                &key,
                &Caller::system(),
                None,
                |_| Ok(Command::Put { spec: spec.clone(), place }),
                |_| None,
            )
            .await
            .map_err(|error| Failure::other(error.to_string()))?;
    }
    Ok(())
}
