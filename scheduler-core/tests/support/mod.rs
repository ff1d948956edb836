//! A small world for engine tests: a clock that is moved, a scripted upstream, a memory store.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::executor::LocalPool;
use futures::future::RemoteHandle;
use futures::task::LocalSpawnExt;
use scheduler_core::domain::*;
use scheduler_core::engine::{CommandError, Engine, EngineConfig, Pullers};
use scheduler_core::machine::{Command, Outcome};
use scheduler_core::memory::MemoryStore;
use scheduler_core::metrics::{Metrics, TenantLabels};
use scheduler_core::ports::*;
use scheduler_core::vault::{StoredConnections, Vault};

/// What the scripted upstream does for a tenant.
#[derive(Debug, Clone)]
pub(crate) enum Script {
    /// Answers after a while.
    Takes(Duration),
    /// Never answers.
    Hangs,
    /// Fails.
    Fails(ErrorKind),
    /// Panics.
    Panics,
    /// Writes a record, waits, writes another.
    Writes(Duration),
}

/// A puller that follows a script and keeps count.
#[derive(Default)]
pub(crate) struct Scripted {
    pub(crate) scripts: Mutex<HashMap<String, Script>>,
    pub(crate) starts: Mutex<Vec<(String, Timestamp)>>,
}

impl Scripted {
    pub(crate) fn set(&self, tenant: &str, script: Script) {
        self.scripts.lock().unwrap().insert(tenant.into(), script);
    }

    pub(crate) fn starts_of(&self, tenant: &str) -> Vec<Timestamp> {
        let starts = self.starts.lock().unwrap();
        starts.iter().filter(|(name, _)| name == tenant).map(|(_, at)| *at).collect()
    }
}

pub(crate) fn item(id: &str) -> Item {
    let data = serde_json::value::to_raw_value(&serde_json::json!({ "id": id })).unwrap();
    Item { entity: "jobs".into(), external_id: id.into(), modified: None, hash: [1; 32], data }
}

#[async_trait]
impl Puller for Scripted {
    async fn pull(&self, context: PullContext) -> Result<Pulled, PullFailure> {
        let tenant = context.key.tenant.to_string();
        self.starts.lock().unwrap().push((tenant.clone(), context.clock.now()));
        let script = self.scripts.lock().unwrap().get(&tenant).cloned();
        match script {
            None => {}
            Some(Script::Takes(span)) => context.clock.sleep(span).await,
            Some(Script::Hangs) => std::future::pending().await,
            Some(Script::Fails(kind)) => return Err(PullFailure::new(kind, "as the script says")),
            Some(Script::Panics) => panic!("as the script says"),
            Some(Script::Writes(span)) => {
                context.sink.write(vec![item("first")]).await?;
                context.clock.sleep(span).await;
                context.sink.write(vec![item("second")]).await?;
            }
        }
        Ok(Pulled::default())
    }

    fn needs_connection(&self) -> bool {
        false
    }
}

/// One process: an engine whose driver is polled by hand.
pub(crate) struct World {
    pub(crate) clock: ManualClock,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) puller: Arc<Scripted>,
    pub(crate) engine: Arc<Engine>,
    pool: LocalPool,
    driver: Option<RemoteHandle<()>>,
    stop: Option<futures::channel::oneshot::Sender<()>>,
}

pub(crate) fn source() -> Source {
    Source::parse("acculynx").unwrap()
}

pub(crate) fn key(tenant: &str) -> Key {
    Key::new(source(), Tenant::parse(tenant).unwrap())
}

pub(crate) fn every(secs: u64) -> Spec {
    Spec::every(Interval::within(secs, Limits { min_interval_sec: 1, ..Limits::default() }).unwrap())
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = ManualClock::at(Timestamp::parse("2026-11-22T10:57:00Z").unwrap());
        Self::on(Arc::new(MemoryStore::new()), clock, "1", EngineConfig::default())
    }

    pub(crate) fn with(config: EngineConfig) -> Self {
        let clock = ManualClock::at(Timestamp::parse("2026-11-22T10:57:00Z").unwrap());
        Self::on(Arc::new(MemoryStore::new()), clock, "1", config)
    }

    pub(crate) fn on(store: Arc<dyn Store>, clock: ManualClock, boot: &str, config: EngineConfig) -> Self {
        let puller = Arc::new(Scripted::default());
        let pullers = Pullers::from([(source(), puller.clone() as Arc<dyn Puller>)]);
        let connections = Arc::new(StoredConnections::new(store.clone(), Arc::new(Vault::new([7; 32]))));
        let metrics = Metrics::new("test", "0", "none", TenantLabels::default());
        let config = EngineConfig { boot: boot.into(), ..config };
        let engine =
            Engine::new(store.clone(), Arc::new(clock.clone()), pullers, connections, metrics, config);
        let engine = futures::executor::block_on(engine).unwrap();
        Self { clock, store, puller, engine, pool: LocalPool::new(), driver: None, stop: None }
    }

    /// Starts the resident driver.
    pub(crate) fn start(&mut self) {
        let (stop, stopped) = futures::channel::oneshot::channel();
        let engine = self.engine.clone();
        let run = async move {
            engine
                .run(async move {
                    let _dropped = stopped.await;
                })
                .await;
        };
        self.driver = Some(self.pool.spawner().spawn_local_with_handle(run).unwrap());
        self.stop = Some(stop);
        self.pool.run_until_stalled();
    }

    /// Tells the driver to stop.
    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
        self.pool.run_until_stalled();
    }

    /// Whether the driver has returned.
    pub(crate) fn stopped(&mut self) -> bool {
        self.pool.run_until_stalled();
        let driver = self.driver.as_mut().unwrap();
        futures::FutureExt::now_or_never(driver).is_some()
    }

    /// Lets time pass, from wake to wake.
    pub(crate) fn pass(&mut self, span: Duration) {
        let end = self.clock.now() + span;
        for _ in 0..5_000_000 {
            self.pool.run_until_stalled();
            match self.clock.next_wake() {
                Some(wake) if self.clock.now() + wake <= end => {
                    self.clock.advance(wake.max(Duration::from_millis(1)))
                }
                _ => break,
            }
        }
        self.clock.advance_to(end);
        self.pool.run_until_stalled();
    }

    /// Spawns something beside the driver.
    pub(crate) fn spawn<T: 'static>(&mut self, work: impl Future<Output = T> + 'static) -> RemoteHandle<T> {
        let handle = self.pool.spawner().spawn_local_with_handle(work).unwrap();
        self.pool.run_until_stalled();
        handle
    }

    pub(crate) fn give(&mut self, tenant: &str, command: Command) -> Result<Outcome, CommandError> {
        let key = key(tenant);
        let ask = move |_: &Record| Ok::<_, CommandError>(command.clone());
        let system = Caller::system();
        let outcome = futures::executor::block_on(self.engine.command(&key, &system, None, ask, |_| None));
        self.pool.run_until_stalled();
        outcome
    }

    pub(crate) fn create(&mut self, tenant: &str, spec: Spec) {
        let place = futures::executor::block_on(self.store.place(&source(), 1)).unwrap();
        self.give(tenant, Command::Put { spec, place }).unwrap();
    }

    pub(crate) fn schedule(&self, tenant: &str) -> Schedule {
        let record = futures::executor::block_on(self.store.load(&key(tenant))).unwrap().unwrap();
        record.schedule.clone().unwrap()
    }

    pub(crate) fn runs(&self, tenant: &str) -> Vec<Run> {
        let scope = Scope::Only([Tenant::parse(tenant).unwrap()].into());
        let query = RunQuery {
            source: source(),
            scope,
            state: None,
            trigger: None,
            since: None,
            until: None,
            cursor: None,
            limit: 100_000,
        };
        futures::executor::block_on(self.store.runs(&query)).unwrap().rows
    }

    pub(crate) fn dispositions(&self, tenant: &str) -> HashMap<Disposition, u64> {
        let ranges =
            futures::executor::block_on(self.store.occurrences(&key(tenant), Timestamp::MIN, Timestamp::MAX))
                .unwrap();
        let mut counts = HashMap::new();
        for range in ranges {
            *counts.entry(range.disposition).or_default() += range.count;
        }
        counts
    }
}
