//! Drives the ports: claims what is due, pulls, commits what came of it.
//!
//! Futures combinators only: no spawn, no runtime. A host either lets [`Engine::run`] live in a thread of
//! its own, or calls [`Engine::tick`] whenever something wakes it.

mod bulk;
mod census;
mod command;
mod driver;
mod events;
mod execute;
mod log;
mod news;
mod roster;
mod tally;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{AbortHandle, BoxFuture};
use futures::task::AtomicWaker;

use crate::domain::{
    AuditEntry, Caller, Connection, Key, Lease, Operation, Record, Run, RunId, RunState, Source, Timestamp,
    Write,
};
use crate::machine::{Missed, Outcome};
use crate::metered::Metered;
use crate::metrics::Metrics;
use crate::ports::{Clock, Puller, Store, StoreError};
use crate::timetable;
use crate::vault::Connections;

pub use command::CommandError;
pub use driver::{Budget, TickReport};
pub use events::{Event, Events, Notice, Subscription};
pub use news::{Affected, News, NewsItem};
#[cfg(feature = "rest")]
pub(crate) use roster::narrowed;

/// The pullers of a host, by the name of their source.
pub type Pullers = BTreeMap<Source, Arc<dyn Puller>>;

/// How an engine works.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Stays the same across restarts on the same store, so that a restart takes back its own leases.
    pub instance: String,
    /// Differs in every start.
    pub boot: String,
    /// How long a lease lasts unless it is renewed; it is renewed at a third of that.
    pub lease: Duration,
    /// Runs in flight at the most.
    pub parallel: usize,
    /// Of those, runs of tenants whose last run was slow.
    pub slow_lane: usize,
    /// A run that took this long makes its tenant slow.
    pub slow_after: Duration,
    /// How long runs may go on after the host was told to stop.
    pub drain: Duration,
    /// The engine looks for work at least this often, even if nothing told it to.
    pub recheck: Duration,
    /// Where runs go on whose caller waits no longer, on a host without a resident driver.
    pub background: Option<Arc<dyn Background>>,
    /// Where several processes work on the store, counters are kept there and shown together. A process counts in
    /// one place for so long; after twice that, what stands there is final.
    pub counts_together: Option<Duration>,
    /// A schedule is overdue once it is past due by more than this, and by more than twice its interval.
    pub overdue_after: Duration,
}

/// Lets work go on after the request that began it was answered.
pub trait Background: fmt::Debug + Send + Sync {
    /// How long work that begins now may take.
    fn time(&self) -> Duration;

    /// Takes over `work` and sees to it that it is driven to its end.
    fn go_on(&self, work: BoxFuture<'static, ()>);
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            instance: "local".into(),
            boot: "0".into(),
            lease: Duration::from_secs(30),
            parallel: 1024,
            slow_lane: 256,
            slow_after: Duration::from_secs(10),
            drain: Duration::from_secs(25),
            recheck: Duration::from_secs(15),
            background: None,
            counts_together: None,
            overdue_after: Duration::from_secs(60),
        }
    }
}

/// What is known of the scheduler's own health.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Health {
    /// When it last looked for work.
    pub last_tick: Option<Timestamp>,
    /// Whether a resident driver is at work.
    pub resident: bool,
    /// Runs in flight in this process.
    pub in_flight: usize,
    /// Whether the store refused the last round.
    pub store_failing: bool,
}

/// Claims what is due, pulls, and commits what came of it.
///
/// A puller of one's own, a store in memory, and a clock that stands still until it is told to move:
///
/// ```
/// # futures::executor::block_on(async {
/// use std::sync::Arc;
/// use scheduler_core::domain::*;
/// use scheduler_core::engine::{Budget, CommandError, Engine, EngineConfig, Pullers};
/// use scheduler_core::machine::Command;
/// use scheduler_core::memory::MemoryStore;
/// use scheduler_core::metrics::{Metrics, TenantLabels};
/// use scheduler_core::ports::{ManualClock, PullContext, PullFailure, Pulled, Puller};
/// use scheduler_core::vault::{StoredConnections, Vault};
///
/// struct Greeter;
///
/// #[async_trait::async_trait]
/// impl Puller for Greeter {
///     async fn pull(&self, context: PullContext) -> Result<Pulled, PullFailure> {
///         Ok(Pulled { message: Some(format!("hello, {}", context.key.tenant)), ..Pulled::default() })
///     }
///
///     fn needs_connection(&self) -> bool {
///         false
///     }
/// }
///
/// let (source, tenant) = (Source::parse("greetings")?, Tenant::parse("peakpro")?);
/// let store = Arc::new(MemoryStore::new());
/// let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_800_000_000)));
/// let pullers = Pullers::from([(source.clone(), Arc::new(Greeter) as Arc<dyn Puller>)]);
/// let connections = Arc::new(StoredConnections::new(store.clone(), Arc::new(Vault::new([0; 32]))));
/// let metrics = Metrics::new("example", "0", "none", TenantLabels::default());
/// let engine = Engine::new(store.clone(), clock, pullers, connections, metrics, EngineConfig::default()).await?;
///
/// let key = Key::new(source, tenant);
/// let spec = Spec::every(Interval::within(300, Limits::default())?);
/// let create = |_: &Record| Ok(Command::Put { spec: spec.clone(), place: 0 });
/// engine.command::<CommandError>(&key, &Caller::system(), None, create, |_| None).await?;
/// assert_eq!(engine.tick(Budget::default()).await?.succeeded, 1);
///
/// let last = engine.store().load(&key).await?.and_then(|record| record.schedule.as_ref()?.last.clone());
/// assert_eq!(last.map(|last| last.message.to_string()).as_deref(), Some("hello, peakpro"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub struct Engine {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    pullers: Pullers,
    connections: Arc<dyn Connections>,
    metrics: Arc<Metrics>,
    events: Events,
    news: Mutex<News>,
    config: EngineConfig,
    worker: Arc<str>,
    resident: AtomicBool,
    last_tick: Mutex<(Option<Timestamp>, bool)>,
    running: Mutex<HashMap<RunId, Running>>,
    waiting: Mutex<HashMap<RunId, Vec<oneshot::Sender<Run>>>>,
    handed_over: Mutex<Vec<Job>>,
    stopped_early: Mutex<HashSet<RunId>>,
    signal: Signal,
    turns: Turns,
    tally: futures::lock::Mutex<tally::Tally>,
}

/// Lets commands on one record pass one at a time. Records that share a place wait for each other, too.
struct Turns([futures::lock::Mutex<()>; 1024]);

impl Turns {
    async fn of(&self, key: &Key) -> futures::lock::MutexGuard<'_, ()> {
        self.0[timetable::draw(key, 0) as usize % self.0.len()].lock().await
    }
}

/// A run in flight in this process.
struct Running {
    abort: AbortHandle,
    tenant: Key,
    started: Duration,
}

/// A claimed run that is to be executed.
#[derive(Clone)]
struct Job {
    record: Arc<Record>,
    lease: Arc<Lease>,
    /// What started it: a tick, or a request.
    cause: tracing::Span,
}

/// Wakes the driver: something may be due earlier than it thinks.
#[derive(Default)]
struct Signal {
    raised: AtomicBool,
    waker: AtomicWaker,
}

impl Signal {
    fn raise(&self) {
        self.raised.store(true, Ordering::Release);
        self.waker.wake();
    }

    async fn raised(&self) {
        std::future::poll_fn(|context| {
            self.waker.register(context.waker());
            if self.raised.swap(false, Ordering::AcqRel) {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        })
        .await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// Joins the parts. The store's calls are metered from here on.
    pub async fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        pullers: Pullers,
        connections: Arc<dyn Connections>,
        metrics: impl Into<Arc<Metrics>>,
        config: EngineConfig,
    ) -> Result<Arc<Self>, StoreError> {
        let metrics: Arc<Metrics> = metrics.into();
        let store: Arc<dyn Store> = Arc::new(Metered::new(store, clock.clone(), metrics.clone()));
        let version = store.version().await?;
        Ok(Arc::new(Self {
            worker: format!("{}/{}", config.instance, config.boot).into(),
            store,
            clock,
            pullers,
            connections,
            metrics,
            events: Events::starting_at(version),
            news: Mutex::default(),
            config,
            resident: AtomicBool::new(false),
            last_tick: Mutex::default(),
            running: Mutex::default(),
            waiting: Mutex::default(),
            handed_over: Mutex::default(),
            signal: Signal::default(),
            turns: Turns(std::array::from_fn(|_| futures::lock::Mutex::new(()))),
            stopped_early: Mutex::default(),
            tally: futures::lock::Mutex::default(),
        }))
    }

    /// Where everything is kept.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Tells the time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The counters.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The feed of changes made through this engine.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// The puller of a source.
    pub fn puller(&self, source: &Source) -> Option<&Arc<dyn Puller>> {
        self.pullers.get(source)
    }

    /// The sources that can be pulled from.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.pullers.keys()
    }

    /// The name under which this engine takes leases.
    pub fn worker(&self) -> Arc<str> {
        self.worker.clone()
    }

    /// How long a lease lasts unless it is renewed.
    pub fn lease(&self) -> Duration {
        self.config.lease
    }

    /// A tenant's access to its upstream, ready to use.
    pub async fn connection(&self, key: &Key) -> Result<Option<Connection>, StoreError> {
        self.connections.connection(key).await
    }

    /// The version that a list read after this call is at least as new as.
    pub async fn version(&self) -> Result<u64, StoreError> {
        if self.resident.load(Ordering::Acquire) {
            Ok(self.events.version())
        } else {
            self.store.version().await
        }
    }

    /// The scheduler's own health.
    pub fn health(&self) -> Health {
        let (last_tick, store_failing) = *lock(&self.last_tick);
        Health {
            last_tick,
            resident: self.resident.load(Ordering::Acquire),
            in_flight: lock(&self.running).len(),
            store_failing,
        }
    }

    /// Makes a committed change known: to listeners, waiters, counters, and to the driver.
    fn published(&self, change: Committed) {
        let Committed { record, due_at, runs, audit, missed } = change;
        let deleted =
            record.schedule.is_none() && audit.iter().any(|entry| entry.operation == Operation::Delete);
        let tenant = (!record.key.is_system()).then_some(&record.key.tenant);
        for entry in &audit {
            self.metrics.audited(tenant, entry.operation);
            log::audited(entry, runs.first().map(|run| &**run));
        }
        for run in &runs {
            log::ran(run);
            if run.state == RunState::Running {
                self.metrics.started(run);
            } else {
                self.metrics.ended(run);
                for waiter in lock(&self.waiting).remove(&run.run_id).unwrap_or_default() {
                    let _gone = waiter.send(Run::clone(run));
                }
            }
        }
        missed.iter().for_each(|missed| self.metrics.skipped(missed.slots));
        self.note_news(&record, &audit, &missed);
        if deleted {
            self.metrics.forget(&record.key.tenant);
        }
        if due_at.is_some() {
            self.signal.raise();
        }
        if !(runs.is_empty() && audit.is_empty()) {
            self.events.publish(Event { version: 0, record, deleted, runs, audit });
        }
    }

    /// Stops a run of this process that was cancelled or has lost its lease.
    fn abort(&self, run_id: &RunId) {
        if let Some(running) = lock(&self.running).get(run_id) {
            running.abort.abort();
            return;
        }
        // Claimed but not started yet, or another process's: remembered for a while.
        let mut early = lock(&self.stopped_early);
        if early.len() >= 1024 {
            early.clear();
        }
        early.insert(run_id.clone());
    }

    fn system(&self) -> Caller {
        Caller::system()
    }
}

/// What is told of a change once it is durable.
struct Committed {
    record: Arc<Record>,
    due_at: Option<Timestamp>,
    runs: Vec<Arc<Run>>,
    audit: Vec<Arc<AuditEntry>>,
    missed: Vec<Missed>,
}

impl Committed {
    fn of(outcome: &Outcome) -> Self {
        let change = &outcome.change;
        let (mut runs, mut audit) = (Vec::new(), Vec::new());
        for write in &change.writes {
            match write {
                Write::Run(run) => runs.push(run.clone()),
                Write::Audit(entry) => audit.push(entry.clone()),
                _ => {}
            }
        }
        let missed = outcome.missed.clone();
        Self { record: change.next.clone(), due_at: change.due_at, runs, audit, missed }
    }
}
