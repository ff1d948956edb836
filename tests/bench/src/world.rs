//! An engine on a store, with a puller that does next to nothing.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use futures::executor::block_on;
use host_axum::alarm::SystemClock;
use scheduler_core::domain::{Caller, Interval, Key, Limits, Record, Source, Spec, Tenant};
use scheduler_core::engine::{CommandError, Engine, EngineConfig, Pullers};
use scheduler_core::machine::Command;
use scheduler_core::memory::MemoryStore;
use scheduler_core::metrics::{Metrics, TenantLabels};
use scheduler_core::ports::{PullContext, PullFailure, Pulled, Puller, Store};
use scheduler_core::timetable;
use scheduler_core::vault::{StoredConnections, Vault};
use tempfile::TempDir;

/// What a tenant's upstream is like.
#[derive(Clone, Copy)]
pub(crate) enum Temper {
    Quick,
    Takes(Duration),
    Hangs,
    Throws,
}

/// Notes when each run starts, and follows the tenant's temper.
#[derive(Default)]
pub(crate) struct Noop {
    pub(crate) starts: Mutex<Vec<(Tenant, i64)>>,
    pub(crate) tempers: HashMap<Tenant, Temper>,
}

/// The wall clock in microseconds: the core's own is cut to milliseconds.
pub(crate) fn micros() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_micros()).unwrap_or(i64::MAX)
}

#[async_trait]
impl Puller for Noop {
    async fn pull(&self, context: PullContext) -> Result<Pulled, PullFailure> {
        let now = micros();
        self.starts.lock().expect("nobody panics with it").push((context.key.tenant.clone(), now));
        match self.tempers.get(&context.key.tenant).copied().unwrap_or(Temper::Quick) {
            Temper::Quick => {}
            Temper::Takes(span) => context.clock.sleep(span).await,
            Temper::Hangs => std::future::pending().await,
            Temper::Throws => panic!("this tenant's upstream throws"),
        }
        Ok(Pulled::default())
    }

    fn needs_connection(&self) -> bool {
        false
    }
}

/// One process's worth of scheduler.
pub(crate) struct World {
    pub(crate) engine: Arc<Engine>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) puller: Arc<Noop>,
    pub(crate) vault: Arc<Vault>,
    _folder: Option<TempDir>,
}

pub(crate) fn source() -> Source {
    Source::parse("acculynx").expect("a good name")
}

pub(crate) fn tenant(n: usize) -> Tenant {
    Tenant::parse(&format!("tenant-{n}")).expect("a good name")
}

pub(crate) fn interval(secs: u64) -> Interval {
    Interval::within(secs, Limits { min_interval_sec: 1, ..Limits::default() }).expect("in bounds")
}

/// Opens a store of that kind: in memory, or a file in a new folder of the working directory.
pub(crate) fn open(kind: &str) -> (Arc<dyn Store>, Option<TempDir>) {
    match kind {
        "memory" => (Arc::new(MemoryStore::new()), None),
        _ => {
            let folder =
                TempDir::new_in(std::env::current_dir().expect("a working directory")).expect("a folder");
            let store = sqlite(folder.path().join("bench.db"));
            (store, Some(folder))
        }
    }
}

pub(crate) fn sqlite(path: PathBuf) -> Arc<dyn Store> {
    let options = store_sql::sqlite::Options::default();
    Arc::new(store_sql::sqlite::Sqlite::open(&path, options).expect("the store opens"))
}

impl World {
    pub(crate) fn new(kind: &str, tempers: HashMap<Tenant, Temper>) -> Self {
        let (store, folder) = open(kind);
        Self { _folder: folder, ..Self::on(store, tempers, "1") }
    }

    pub(crate) fn on(store: Arc<dyn Store>, tempers: HashMap<Tenant, Temper>, boot: &str) -> Self {
        let puller = Arc::new(Noop { tempers, ..Noop::default() });
        let pullers = Pullers::from([(source(), puller.clone() as Arc<dyn Puller>)]);
        let vault = Arc::new(Vault::new([7; 32]));
        let connections = Arc::new(StoredConnections::new(store.clone(), vault.clone()));
        let metrics = Metrics::new("bench", "0", "none", TenantLabels::default());
        let clock = Arc::new(SystemClock::start().expect("a thread"));
        let config = EngineConfig { instance: "bench".into(), boot: boot.into(), ..EngineConfig::default() };
        let engine = Engine::new(store.clone(), clock, pullers, connections, metrics, config);
        let engine = block_on(engine).expect("the engine starts");
        Self { engine, store, puller, vault, _folder: None }
    }

    /// Registers `count` schedules in bulk.
    pub(crate) fn register(&self, count: usize, spec: &Spec) {
        let keys: Vec<_> = (0..count).map(|n| Key::new(source(), tenant(n))).collect();
        let first = block_on(self.store.place(&source(), count as u64)).expect("places");
        let next = AtomicU64::new(first);
        let ask = |_: &Record| {
            let place = next.fetch_add(1, Ordering::Relaxed);
            Ok::<_, CommandError>(Command::Put { spec: spec.clone(), place })
        };
        for some in keys.chunks(1000) {
            let results = block_on(self.engine.commands(some.to_vec(), &Caller::system(), ask, |_, _| None));
            assert!(results.iter().all(|(_, result)| result.is_ok()), "every schedule is registered");
        }
    }

    /// Lets a resident driver work in a thread of its own for as long as `work` takes.
    pub(crate) fn drive<T>(&self, work: impl FnOnce() -> T) -> T {
        let (stop, stopped) = futures::channel::oneshot::channel::<()>();
        let engine = self.engine.clone();
        let driver = std::thread::spawn(move || {
            block_on(engine.run(async move {
                let _stop = stopped.await;
            }));
        });
        let result = work();
        let _gone = stop.send(());
        driver.join().expect("the driver stops");
        result
    }

    /// How late each noted run was, in microseconds, given the order in which tenants were registered.
    pub(crate) fn lateness(&self, secs: u64, since: i64) -> Vec<i64> {
        let step = i64::try_from(secs).unwrap_or(1) * 1_000_000;
        let starts = self.puller.starts.lock().expect("nobody panics with it");
        let late = |(tenant, at): &(Tenant, i64)| {
            let place = tenant.as_str().trim_start_matches("tenant-").parse().unwrap_or(0);
            let anchor = timetable::anchor(interval(secs), place).millis() * 1000;
            (at - anchor).rem_euclid(step)
        };
        starts.iter().filter(|(_, at)| *at >= since).map(late).collect()
    }
}
