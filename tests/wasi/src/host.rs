//! The component as a host of the conformance suite.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::FutureExt;
use futures::stream::BoxStream;
use host_conformance::host::{Capabilities, Host, START};
use host_conformance::upstream::Upstream;
use http::{Request, Response};
use scheduler_core::domain::Timestamp;
use scheduler_core::kv::KvStore;
use scheduler_core::ports::{Clock, Store};
use store_files::Files;
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::Outcome;
use crate::component::{Instance, SimulatedClock, shared};

/// How long the timer rests when nothing is due.
const REST: Duration = Duration::from_secs(15);

/// Instances over one directory, and a timer that ticks beside the requests whenever something is due.
pub struct WasiHost {
    instance: Instance,
    clock: SimulatedClock,
    upstream: Arc<Upstream>,
    store: Arc<KvStore<Files>>,
    timer: Option<Timer>,
    going_on: Mutex<Vec<JoinHandle<()>>>,
    data: TempDir,
}

impl WasiHost {
    /// A host with nothing in it.
    pub async fn new() -> Self {
        Self::with(|instance| instance).await
    }

    /// The same, whose instances are given something else.
    pub async fn with(change: impl FnOnce(Instance) -> Instance) -> Self {
        let host = Self::without_timer().await;
        let host = Self { instance: change(host.instance), ..host };
        let timer = Timer::start(host.instance.clone(), host.clock, host.store.clone());
        Self { timer: Some(timer), ..host }
    }

    /// A host that nobody ticks but the test.
    pub async fn without_timer() -> Self {
        let clock = SimulatedClock::at(Timestamp::parse(START).expect("an instant"));
        let upstream = Arc::new(Upstream::new(shared(clock)));
        Self::over(tempfile::tempdir().expect("a directory"), clock, upstream)
    }

    fn over(data: TempDir, clock: SimulatedClock, upstream: Arc<Upstream>) -> Self {
        let instance = Instance::on(data.path(), upstream.sandbox().clone());
        let instance = Instance { clock: Some(clock), ..instance };
        let store = Arc::new(Files::open(data.path()).expect("a store"));
        Self { instance, clock, upstream, store, timer: None, going_on: Mutex::default(), data }
    }

    /// Another host without a timer, on a copy of the data.
    pub fn fork(&self) -> Self {
        let data = tempfile::tempdir().expect("a directory");
        copy(self.data.path(), data.path()).expect("a copy");
        Self::over(data, self.clock, self.upstream.clone())
    }

    /// What each instance is given.
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// The store, from the outside.
    pub fn store(&self) -> &KvStore<Files> {
        &self.store
    }

    /// Runs what is due.
    pub async fn tick(&self) {
        tick(&self.instance).await;
    }

    /// Lets everything happen that needs no time.
    async fn settle(&self) {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        if let Some(timer) = &self.timer {
            timer.look();
        }
    }
}

#[async_trait]
impl Host for WasiHost {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "wasi",
            simulated_time: true,
            streaming: false,
            durable: true,
            open_mode: true,
            one_process: false,
        }
    }

    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        // A request takes time, and time passes when all else waits: no two are of the same instant.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let (answer, task) = self.instance.answer(request).await;
        lock(&self.going_on).push(task);
        if let Some(timer) = &self.timer {
            timer.asked.notify_one();
        }
        self.settle().await;
        answer.expect("an answer: WASI_LOG=1 shows why there is none")
    }

    async fn stream(&self, _request: Request<Bytes>) -> Response<BoxStream<'static, Bytes>> {
        panic!("this host does not stream");
    }

    async fn pass(&self, span: Duration) {
        tokio::time::sleep(span).await;
        self.settle().await;
    }

    fn now(&self) -> Timestamp {
        Clock::now(&self.clock)
    }

    async fn restart(&self) {
        let tasks = std::mem::take(&mut *lock(&self.going_on));
        let ticks = self.timer.iter().flat_map(|timer| std::mem::take(&mut *lock(&timer.ticks)));
        for task in tasks.into_iter().chain(ticks) {
            task.abort();
            let _stopped = task.await;
        }
    }

    fn upstream(&self) -> &Upstream {
        &self.upstream
    }
}

/// What a platform's timer would be if it knew when something is due: it ticks then, and after each request.
struct Timer {
    asked: Arc<Notify>,
    ticks: Arc<Mutex<Vec<JoinHandle<()>>>>,
    task: JoinHandle<()>,
}

impl Timer {
    fn start(instance: Instance, clock: SimulatedClock, store: Arc<KvStore<Files>>) -> Self {
        let (asked, ticks) = (Arc::new(Notify::new()), Arc::<Mutex<Vec<_>>>::default());
        let (heard, started) = (asked.clone(), ticks.clone());
        let task = tokio::spawn(async move {
            loop {
                let now = Clock::now(&clock);
                let due = store.next_due(None).await.expect("the store answers");
                if due.is_some_and(|due| due <= now) {
                    let instance = instance.clone();
                    lock(&started).push(tokio::spawn(async move { tick(&instance).await }));
                }
                let next = store.next_due(Some(now)).await.expect("the store answers");
                let rest = next.map_or(REST, |next| next.duration_since(now).min(REST));
                tokio::select! {
                    () = tokio::time::sleep(rest) => {}
                    () = heard.notified() => {}
                }
            }
        });
        Self { asked, ticks, task }
    }

    /// Fails where a tick has failed.
    fn look(&self) {
        lock(&self.ticks).retain_mut(|tick| match tick.now_or_never() {
            Some(ended) => ended.map(|()| false).expect("the tick"),
            None => true,
        });
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            std::fs::create_dir(&place)?;
            copy(&entry.path(), &place)?;
        } else {
            std::fs::copy(entry.path(), place)?;
        }
    }
    Ok(())
}

async fn tick(instance: &Instance) {
    match instance.run(&["tick"]).await {
        Outcome::Done(_) => {}
        outcome => panic!("the tick: {outcome:?}"),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
