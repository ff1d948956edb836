//! The component as a host of the conformance suite.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use host_conformance::host::{Capabilities, Host};
use host_conformance::in_process::START;
use host_conformance::upstream::Upstream;
use http::{Request, Response};
use scheduler_core::domain::Timestamp;
use scheduler_core::kv::KvStore;
use scheduler_core::ports::{Clock, Store};
use store_files::Files;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::Outcome;
use crate::component::{Instance, SimulatedClock, shared};

/// Instances over one directory, and a timer that ticks when something is due.
pub struct WasiHost {
    instance: Instance,
    upstream: Upstream,
    store: KvStore<Files>,
    going_on: Mutex<Vec<JoinHandle<()>>>,
    _data: TempDir,
}

impl WasiHost {
    /// A host with nothing in it.
    pub async fn new() -> Self {
        let clock = SimulatedClock::at(Timestamp::parse(START).expect("an instant"));
        let upstream = Upstream::new(shared(clock));
        let data = tempfile::tempdir().expect("a directory");
        let instance = Instance { upstream: upstream.sandbox().clone(), ..Instance::on(data.path(), clock) };
        let store = Files::open(data.path()).expect("a store");
        Self { instance, upstream, store, going_on: Mutex::default(), _data: data }
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
        match self.instance.run(&["tick"]).await {
            Outcome::Done(_) => {}
            outcome => panic!("the tick: {outcome:?}"),
        }
    }

    fn going_on(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.going_on.lock().unwrap_or_else(PoisonError::into_inner)
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
        // A request takes time; no two are of the same instant.
        tokio::time::advance(Duration::from_millis(1)).await;
        let (answer, task) = self.instance.answer(request).await;
        self.going_on().push(task);
        answer.expect("an answer: WASI_LOG=1 shows why there is none")
    }

    async fn stream(&self, _request: Request<Bytes>) -> Response<BoxStream<'static, Bytes>> {
        panic!("this host does not stream");
    }

    async fn pass(&self, span: Duration) {
        let end = self.now() + span;
        loop {
            let now = self.now();
            let due = self.store.next_due(None).await.expect("the store answers");
            if due.is_some_and(|due| due <= now) {
                self.tick().await;
            }
            let due = self.store.next_due(Some(now)).await.expect("the store answers");
            let until = due.map_or(end, |due| due.min(end));
            if self.now() < until {
                tokio::time::sleep(until.duration_since(self.now())).await;
            }
            if self.now() >= end {
                return;
            }
        }
    }

    fn now(&self) -> Timestamp {
        Clock::now(&self.instance.clock)
    }

    async fn restart(&self) {
        let tasks = std::mem::take(&mut *self.going_on());
        for task in tasks {
            task.abort();
            let _stopped = task.await;
        }
    }

    fn upstream(&self) -> &Upstream {
        &self.upstream
    }
}
