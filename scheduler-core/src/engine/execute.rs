//! One run: the puller within its time, and what it comes to.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use futures::future::{AbortHandle, Abortable, Either, select};
use tracing::Instrument;

use super::{Committed, Engine, Job, Running, lock};
use crate::domain::{Entity, ErrorKind, Imported, Item, Key, Remark, RunError, Tally, Timestamp};
use crate::machine::{Command, Ending, Outcome, Refusal, decide};
use crate::ports::{
    Clock, Commit, PullContext, PullFailure, Pulled, RecordSink, RunLog, SinkError, Store, StoreError,
};

/// A run that was executed, and how it went; nothing when it was stopped from outside.
pub(super) struct Done {
    pub(super) job: Job,
    pub(super) ending: Option<Ending>,
}

impl Engine {
    /// Executes a claimed run. `limit` shortens its time, for hosts that have little.
    pub(super) async fn execute(&self, job: Job, limit: Option<Duration>) -> Done {
        if job.lease.started > self.clock.now() {
            self.clock.sleep_until(job.lease.started).await;
        }
        if lock(&self.stopped_early).remove(&job.lease.run_id) {
            return Done { job, ending: None };
        }
        let started = self.clock.monotonic();
        let (abort, registration) = AbortHandle::new_pair();
        let running = Running { abort, tenant: job.record.key.clone(), started };
        lock(&self.running).insert(job.lease.run_id.clone(), running);
        let log = RunLog::new(self.clock.clone());
        let span = tracing::info_span!(
            target: "acculynx-scheduler",
            parent: &job.cause,
            "run",
            tenant = job.record.key.tenant.as_str(),
            run_id = job.lease.run_id.as_str(),
            trigger = job.lease.trigger.as_str(),
            attempt = job.lease.attempt,
        );
        let pull = AssertUnwindSafe(self.pull(&job, log.clone(), started, limit)).catch_unwind();
        let outcome = Abortable::new(pull, registration).instrument(span).await;
        lock(&self.running).remove(&job.lease.run_id);
        let Ok(caught) = outcome else { return Done { job, ending: None } };
        let result = caught.unwrap_or_else(|_| {
            tracing::error!(target: "acculynx-scheduler", tenant = %job.record.key.tenant, run_id = %job.lease.run_id, "the puller panicked");
            Err(PullFailure::new(ErrorKind::Internal, "the puller failed unexpectedly"))
        });
        let duration = self.clock.monotonic().saturating_sub(started);
        Done { job, ending: Some(ending(result, duration, log.take())) }
    }

    async fn pull(
        &self,
        job: &Job,
        log: RunLog,
        started: Duration,
        limit: Option<Duration>,
    ) -> Result<Pulled, PullFailure> {
        let key = &job.record.key;
        let Some(puller) = self.pullers.get(&key.source) else {
            return Err(PullFailure::new(ErrorKind::Config, "this host has no puller for the source"));
        };
        let Some(schedule) = &job.record.schedule else {
            return Err(PullFailure::new(ErrorKind::Cancelled, "the schedule was deleted"));
        };
        let connection = if puller.needs_connection() {
            match self.connections.connection(key).await {
                Ok(Some(connection)) => Some(connection),
                Ok(None) => {
                    let message = "no connection is configured for this tenant";
                    return Err(PullFailure::new(ErrorKind::Config, message));
                }
                Err(StoreError::Corrupt(_)) => {
                    let message = "the stored connection can not be opened with this master key";
                    return Err(PullFailure::new(ErrorKind::Config, message));
                }
                Err(_) => {
                    return Err(PullFailure::new(ErrorKind::Transient, "the connection could not be read"));
                }
            }
        } else {
            None
        };
        let timeout = schedule.spec.timeout().min(limit.unwrap_or(Duration::MAX));
        let context = PullContext {
            key: key.clone(),
            run_id: job.lease.run_id.clone(),
            attempt: job.lease.attempt,
            connection,
            cursor: schedule.cursor.as_ref().map(|cursor| cursor.0.clone()),
            deadline: started + timeout,
            clock: self.clock.clone(),
            sink: Arc::new(LeasedSink {
                store: self.store.clone(),
                clock: self.clock.clone(),
                key: key.clone(),
                fence: job.lease.fence,
            }),
            log,
        };
        let mut pull = puller.pull(context);
        // Most time-outs never come: the first poll often ends the run, and then no timer is needed.
        if let Some(result) = (&mut pull).now_or_never() {
            return result;
        }
        match select(pull, self.clock.sleep(timeout)).await {
            Either::Left((result, _)) => result,
            Either::Right(_) => Err(PullFailure::new(
                ErrorKind::Timeout,
                &format!("the run took longer than {} s", timeout.as_secs_f64()),
            )),
        }
    }

    /// Commits how runs went, in one batch; tries again where someone changed the record meanwhile.
    ///
    /// Returns the runs that the store would not take now.
    pub(super) async fn finish(&self, batch: Vec<Done>) -> Vec<Done> {
        let mut open: Vec<Done> = batch.into_iter().filter(|done| done.ending.is_some()).collect();
        while !open.is_empty() {
            let (mut told, mut changes) = (Vec::with_capacity(open.len()), Vec::with_capacity(open.len()));
            open.retain(|done| match self.conclude(done) {
                Ok(outcome) => {
                    told.push(Committed::of(&outcome));
                    changes.push(outcome.change);
                    true
                }
                Err(_) => false,
            });
            let commits = match self.store.commit(changes).await {
                Ok(commits) => commits,
                Err(error) => {
                    tracing::error!(target: "acculynx-scheduler", %error, runs = open.len(), "finished runs wait for the store");
                    return open;
                }
            };
            let mut again = Vec::new();
            for ((done, told), commit) in open.into_iter().zip(told).zip(commits) {
                match commit {
                    Commit::Done(_) => self.published(told),
                    Commit::Conflict | Commit::Answered => again.push(done),
                }
            }
            open = Vec::with_capacity(again.len());
            let mut unread = Vec::new();
            for done in again {
                match self.store.load(&done.job.record.key).await {
                    Ok(Some(record)) => open.push(Done { job: Job { record, ..done.job }, ..done }),
                    Ok(None) => {}
                    Err(_) => unread.push(done),
                }
            }
            if !unread.is_empty() {
                unread.append(&mut open);
                return unread;
            }
        }
        Vec::new()
    }

    fn conclude(&self, done: &Done) -> Result<Outcome, Refusal> {
        let ending = done.ending.clone().ok_or(Refusal::LeaseLost)?;
        let command = Command::Finish { fence: done.job.lease.fence, ending: Box::new(ending) };
        let outcome = decide(&done.job.record, command, &self.system(), self.clock.now());
        if outcome.is_err() {
            tracing::warn!(target: "acculynx-scheduler", tenant = %done.job.record.key.tenant, run_id = %done.job.lease.run_id, "a run ended after it had lost its lease");
        }
        outcome
    }
}

fn ending(result: Result<Pulled, PullFailure>, duration: Duration, log: Vec<Remark>) -> Ending {
    match result {
        Ok(pulled) => Ending {
            stats: pulled.stats,
            cursor: pulled.cursor.map(Into::into),
            message: pulled.message.map(|message| message.chars().take(300).collect::<String>().into()),
            more: pulled.more,
            duration,
            log,
            ..Ending::default()
        },
        Err(failure) => Ending {
            error: Some(RunError { message: failure.error.message.clone(), ..failure.error }),
            retry_at: failure.retry_at,
            stats: failure.stats,
            cursor: failure.cursor.map(Into::into),
            duration,
            log,
            ..Ending::default()
        },
    }
}

/// Takes a run's records for as long as it holds its lease.
struct LeasedSink {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    key: Key,
    fence: u64,
}

impl From<StoreError> for SinkError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::LeaseLost => Self::LeaseLost,
            other => Self::Store(other),
        }
    }
}

#[async_trait]
impl RecordSink for LeasedSink {
    async fn write(&self, items: Vec<Item>) -> Result<Tally, SinkError> {
        Ok(self.store.import(&self.key, self.fence, self.clock.now(), items).await?)
    }

    async fn unseen(
        &self,
        entity: &Entity,
        before: Timestamp,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Imported>, SinkError> {
        Ok(self.store.unseen(&self.key, entity, before, after, limit).await?)
    }

    async fn mark_gone(&self, entity: &Entity, ids: &[Arc<str>]) -> Result<u64, SinkError> {
        Ok(self.store.mark_gone(&self.key, self.fence, self.clock.now(), entity, ids).await?)
    }
}
