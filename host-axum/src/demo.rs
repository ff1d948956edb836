//! The demonstration: a built-in imitation of the CRM, reached over HTTP, and schedules to look at.

use std::sync::Arc;

use puller_acculynx::sandbox::{self, DemoTenant, Sandbox};
use scheduler_core::domain::{Caller, Interval, Key, Limits, Record, Secret, Source, Spec, Tenant};
use scheduler_core::engine::CommandError;
use scheduler_core::machine::Command;
use scheduler_core::ports::Clock;
use tokio::net::TcpListener;
use tracing::error;

use crate::Failure;
use crate::parts::Parts;

/// Intervals of the example schedules, in turn.
const INTERVALS_SEC: [u64; 4] = [15, 20, 30, 60];

/// Requests a run may spend on what belongs to a job, so that first runs take seconds.
pub const CHILD_REQUESTS: u64 = 12;

/// Serves the imitation on a free port of this machine: its address, and its tenants.
///
/// # Errors
///
/// When there is no port to be had.
pub async fn upstream(clock: Arc<dyn Clock>) -> Result<(String, Vec<DemoTenant>), Failure> {
    let (tenants, sandbox) = sandbox::demo(clock);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = Sandbox::base_url(listener.local_addr()?);
    tokio::spawn(async move {
        if let Err(error) = sandbox.serve(listener).await {
            error!(%error, "the imitated CRM has ended");
        }
    });
    Ok((address, tenants))
}

/// Gives each tenant its key, and a schedule unless it has one.
///
/// # Errors
///
/// When the store fails.
pub async fn register(parts: &Parts, source: &Source) -> Result<(), Failure> {
    let engine = &parts.engine;
    let first = engine.store().place(source, parts.demo.len() as u64).await?;
    for ((demo, secs), place) in parts.demo.iter().zip(INTERVALS_SEC.into_iter().cycle()).zip(first..) {
        let tenant = Tenant::parse(demo.name).map_err(|error| Failure::other(error.to_string()))?;
        let key = Key::new(source.clone(), tenant);
        let (secret, now) = (Secret::new(demo.api_key), engine.clock().now());
        let sealed = parts.vault.seal_connection(&key, &secret, None, now).await?;
        give(parts, &key, |_| Command::Connect(Some(Box::new(sealed.clone())))).await?;
        if engine.store().load(&key).await?.is_some_and(|record| record.schedule.is_some()) {
            continue;
        }
        let interval =
            Interval::within(secs, Limits::default()).map_err(|error| Failure::other(error.to_string()))?;
        let spec = Spec { note: Some(demo.temper.into()), ..Spec::every(interval) };
        give(parts, &key, |_| Command::Put { spec: spec.clone(), place }).await?;
    }
    Ok(())
}

async fn give(
    parts: &Parts,
    key: &Key,
    command: impl Fn(&Record) -> Command + Send + Sync,
) -> Result<(), Failure> {
    let ask = |record: &Record| Ok::<_, CommandError>(command(record));
    let outcome = parts.engine.command(key, &Caller::system(), None, ask, |_| None).await;
    outcome.map(drop).map_err(|error| Failure::other(error.to_string()))
}
