//! A sandbox, a puller and tenants on a clock that is moved by hand.
#![allow(dead_code, reason = "every test file uses its own part of the bench")]
#![allow(clippy::unwrap_used, reason = "a test may stop at a surprise")]

pub(crate) mod sink;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures::executor::LocalPool;
use futures::task::LocalSpawnExt;
use puller_acculynx::sandbox::{Location, Sandbox, SandboxClient, Trouble};
use puller_acculynx::{AccuLynx, Config};
use scheduler_core::domain::{Connection, Key, Remark, RunId, Secret, Source, Tenant, Timestamp};
use scheduler_core::ports::{
    Clock, HttpClient, ManualClock, PullContext, PullFailure, Pulled, Puller, RunLog,
};
use serde_json::value::RawValue;

pub(crate) use sink::MemorySink;

pub(crate) const KEY: &str = "canary-key-5f1e";
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

pub(crate) struct Bench {
    pub clock: ManualClock,
    pub sandbox: Sandbox,
    pub puller: AccuLynx,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        Self::built(config, |sandbox| Arc::new(SandboxClient::new(sandbox)))
    }

    pub(crate) fn built(config: Config, client: impl FnOnce(Sandbox) -> Arc<dyn HttpClient>) -> Self {
        let clock = ManualClock::at(Timestamp::parse("2026-03-10T15:00:00Z").unwrap());
        let sandbox = Sandbox::new(Arc::new(clock.clone()));
        let config = Config { base_url: Sandbox::BASE_URL.to_owned(), ..config };
        let puller = AccuLynx::new(client(sandbox.clone()), config);
        Self { clock, sandbox, puller }
    }

    /// A location with so many jobs under [`KEY`], and a tenant that holds the key.
    pub(crate) fn one(jobs: usize) -> (Self, TenantBench) {
        Self::one_with(jobs, Config::default())
    }

    pub(crate) fn one_with(jobs: usize, config: Config) -> (Self, TenantBench) {
        let bench = Self::with(config);
        bench.sandbox.add(KEY, Location::generate("Peak Roofing", jobs, 7, bench.clock.now()));
        (bench, TenantBench::new("peak", KEY))
    }

    pub(crate) fn trouble(&self, trouble: Trouble) {
        self.sandbox.change(KEY, |location| location.temper.troubles = vec![trouble]);
    }

    /// Runs a pull to its end, within an hour, and keeps the cursor that it leaves.
    pub(crate) fn pull(&self, tenant: &mut TenantBench) -> Result<Pulled, PullFailure> {
        self.pull_within(tenant, HOUR)
    }

    pub(crate) fn pull_within(
        &self,
        tenant: &mut TenantBench,
        limit: Duration,
    ) -> Result<Pulled, PullFailure> {
        let mut results = self.pull_all(std::slice::from_mut(tenant), limit);
        results.remove(0)
    }

    /// Runs pulls of several tenants at once.
    pub(crate) fn pull_all(
        &self,
        tenants: &mut [TenantBench],
        limit: Duration,
    ) -> Vec<Result<Pulled, PullFailure>> {
        let mut pool = LocalPool::new();
        let results: Rc<RefCell<Vec<_>>> = Rc::new(RefCell::new(tenants.iter().map(|_| None).collect()));
        for (index, tenant) in tenants.iter_mut().enumerate() {
            let context = tenant.context(self, limit);
            let (puller, results) = (self.puller.clone(), results.clone());
            let work = async move {
                let result = puller.pull(context).await;
                results.borrow_mut()[index] = Some(result);
            };
            pool.spawner().spawn_local(work).unwrap();
        }
        loop {
            pool.run_until_stalled();
            if results.borrow().iter().all(Option::is_some) {
                break;
            }
            self.clock.advance(self.clock.next_wake().expect("something is waited for"));
        }
        let results: Vec<_> = results.take().into_iter().map(Option::unwrap).collect();
        for (tenant, result) in tenants.iter_mut().zip(&results) {
            tenant.settle(result);
        }
        results
    }

    /// Pulls again and again while runs stop for want of time; gives the last and how many there were.
    pub(crate) fn pull_through(&self, tenant: &mut TenantBench, limit: Duration) -> (Pulled, usize) {
        for runs in 1..200 {
            let pulled = self.pull_within(tenant, limit).unwrap();
            if !pulled.more {
                return (pulled, runs);
            }
        }
        panic!("never done");
    }

    /// Ids of the jobs that the location has.
    pub(crate) fn job_ids(&self) -> Vec<String> {
        let mut ids = Vec::new();
        self.sandbox.change(KEY, |location| ids = location.jobs.iter().map(|job| job.id.clone()).collect());
        ids.sort();
        ids
    }

    pub(crate) fn contact_ids(&self) -> Vec<String> {
        let mut ids = Vec::new();
        self.sandbox.change(KEY, |at| ids = at.contacts.iter().map(|contact| contact.id.clone()).collect());
        ids.sort();
        ids
    }
}

/// A tenant with its connection, its records and its cursor.
pub(crate) struct TenantBench {
    pub name: Tenant,
    pub connection: Connection,
    pub sink: Arc<MemorySink>,
    pub cursor: Option<Arc<RawValue>>,
    pub log: Vec<Remark>,
    running: Option<RunLog>,
    runs: u64,
}

impl TenantBench {
    pub(crate) fn new(name: &str, api_key: &str) -> Self {
        Self {
            name: Tenant::parse(name).unwrap(),
            connection: Connection {
                api_key: Secret::new(api_key),
                base_url: None,
                fingerprint: format!("fp-{name}-{}", api_key.len()).into(),
            },
            sink: Arc::default(),
            cursor: None,
            log: Vec::new(),
            running: None,
            runs: 0,
        }
    }

    pub(crate) fn context(&mut self, bench: &Bench, limit: Duration) -> PullContext {
        self.runs += 1;
        let log = RunLog::new(Arc::new(bench.clock.clone()));
        self.running = Some(log.clone());
        self.sink.start_run(bench.clock.clone());
        let key = Key::new(Source::parse("acculynx").unwrap(), self.name.clone());
        PullContext {
            run_id: RunId::new(&key, self.runs, bench.clock.now()),
            key,
            attempt: 1,
            connection: Some(self.connection.clone()),
            cursor: self.cursor.clone(),
            deadline: bench.clock.monotonic() + limit,
            clock: Arc::new(bench.clock.clone()),
            sink: self.sink.clone(),
            log,
        }
    }

    fn settle(&mut self, result: &Result<Pulled, PullFailure>) {
        self.log = self.running.take().map(|log| log.take()).unwrap_or_default();
        let left = match result {
            Ok(pulled) => pulled.cursor.clone(),
            Err(failure) => failure.cursor.clone(),
        };
        if let Some(cursor) = left {
            self.cursor = Some(cursor.into());
        }
    }

    /// A part of the cursor.
    pub(crate) fn noted(&self, name: &str) -> serde_json::Value {
        let Some(cursor) = &self.cursor else { return serde_json::Value::Null };
        serde_json::from_str::<serde_json::Value>(cursor.get()).unwrap()[name].clone()
    }
}
