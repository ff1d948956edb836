//! Where hosts get their data: a sandbox whose locations a case may change.

use std::sync::Arc;

use puller_acculynx::sandbox::{Fault, Location, Policing, Sandbox, Trouble};
use scheduler_core::domain::Timestamp;
use scheduler_core::ports::Clock;
use serde_json::json;

use crate::ask::put;
use crate::host::Host;

/// What every upstream key begins with. No answer, log or file in clear may hold it.
pub const CANARY: &str = "canary-key-";

/// Jobs of a location unless a case asks for more.
pub const JOBS: usize = 6;

/// The key of a tenant.
pub fn key_of(tenant: &str) -> String {
    format!("{CANARY}{tenant}-5f1e")
}

/// The upstream of one host.
pub struct Upstream {
    sandbox: Sandbox,
    clock: Arc<dyn Clock>,
}

impl Upstream {
    /// An upstream without locations.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let sandbox = Sandbox::new(clock.clone());
        sandbox.police(Policing { per_key: usize::MAX, in_all: usize::MAX, ..Policing::default() });
        Self { sandbox, clock }
    }

    /// The sandbox itself.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Opens a location for a tenant.
    pub fn open(&self, tenant: &str, jobs: usize) {
        let seed = tenant.bytes().fold(7, |sum: u64, byte| sum * 31 + u64::from(byte));
        self.sandbox.add(&key_of(tenant), Location::generate(tenant, jobs, seed, self.clock.now()));
    }

    /// Changes a tenant's location.
    pub fn change(&self, tenant: &str, change: impl FnOnce(&mut Location)) {
        self.sandbox.change(&key_of(tenant), change);
    }

    /// From now on, every request of a tenant goes wrong.
    pub fn spoil(&self, tenant: &str, fault: Fault) {
        self.change(tenant, |location| location.temper.troubles = vec![Trouble::always(fault)]);
    }

    /// Nothing goes wrong any more.
    pub fn mend(&self, tenant: &str) {
        self.change(tenant, |location| {
            location.temper.troubles.clear();
            location.temper.latency = std::time::Duration::ZERO;
        });
    }

    /// Ids of a tenant's jobs and contacts, sorted.
    pub fn ids(&self, tenant: &str) -> (Vec<String>, Vec<String>) {
        let (mut jobs, mut contacts) = (Vec::new(), Vec::new());
        self.change(tenant, |location| {
            jobs.extend(location.jobs.iter().map(|job| job.id.clone()));
            contacts.extend(location.contacts.iter().map(|contact| contact.id.clone()));
        });
        jobs.sort();
        contacts.sort();
        (jobs, contacts)
    }

    /// The time by which the upstream lives.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Opens a location for a tenant, and gives the host its key.
pub async fn connect(host: &dyn Host, tenant: &str) {
    connect_with(host, tenant, JOBS).await;
}

/// Opens a location with so many jobs for a tenant, and gives the host its key.
pub async fn connect_with(host: &dyn Host, tenant: &str, jobs: usize) {
    host.upstream().open(tenant, jobs);
    put("connection").tenant(tenant).json(json!({ "api_key": key_of(tenant) })).good(host).await;
}
