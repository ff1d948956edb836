//! Commands of operators: load, decide, commit, and again if someone was faster.

use std::sync::Arc;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, select};

use super::{Committed, Engine, Job, lock};
use crate::domain::{Answer, Caller, Key, Record, Run, Write};
use crate::machine::{Command, Outcome, Refusal, decide};
use crate::ports::{Commit, StoreError, commit_one};
use std::sync::atomic::Ordering;

/// How often a command is tried when others keep changing the same record.
const PATIENCE: usize = 64;
/// Changes in one commit of a command over many records.
const BATCH: usize = 500;

/// Why a command was not carried out.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommandError {
    /// The machine refused it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The schedule is at another revision than the caller expects.
    #[error("the schedule is at revision {current}")]
    RevisionMismatch {
        /// Its revision.
        current: u64,
    },
    /// The request was answered before, by another process.
    #[error("the request was answered before")]
    Answered,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CommandError {
    /// The stable code of the problem, as the REST surface names it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::RevisionMismatch { .. } => "revision_mismatch",
            Self::Answered => "idempotency_in_use",
            Self::Store(error) => error.code(),
        }
    }

    /// What to tell people: nothing of the inside.
    pub(crate) fn public(&self) -> String {
        match self {
            Self::Store(error) => error.public().into(),
            other => other.to_string(),
        }
    }
}

impl Engine {
    /// Carries out a command on one record.
    ///
    /// `ask` makes the command from the record as it was read; `guard` is the revision that the caller
    /// expects; `answer` may add the answer to a request, to be stored in the same commit. All three may be
    /// used more than once, when someone else changes the record meanwhile.
    pub async fn command<E: From<CommandError>>(
        &self,
        key: &Key,
        caller: &Caller,
        guard: Option<u64>,
        ask: impl Fn(&Record) -> Result<Command, E> + Send + Sync,
        answer: impl Fn(&Outcome) -> Option<Answer> + Send + Sync,
    ) -> Result<Outcome, E> {
        self.carried_out(key, caller, guard, &ask, &answer).await
    }

    /// [`Engine::command`], of which there is one for all closures.
    async fn carried_out<E: From<CommandError>>(
        &self,
        key: &Key,
        caller: &Caller,
        guard: Option<u64>,
        ask: &(dyn Fn(&Record) -> Result<Command, E> + Send + Sync),
        answer: &(dyn Fn(&Outcome) -> Option<Answer> + Send + Sync),
    ) -> Result<Outcome, E> {
        // Commands of this process on one record take turns, instead of spoiling each other's commits.
        let _turn = self.turns.of(key).await;
        for _ in 0..PATIENCE {
            let record = self.store.load(key).await.map_err(CommandError::from)?;
            let record = record.as_deref().cloned().unwrap_or_else(|| Record::new(key.clone()));
            let mut outcome =
                decide(&record, ask(&record)?, caller, self.clock.now()).map_err(CommandError::from)?;
            if guard.is_some_and(|expected| record.schedule.is_none() || expected != record.revision) {
                return Err(CommandError::RevisionMismatch { current: record.revision }.into());
            }
            let answer = answer(&outcome);
            self.answer_with(&mut outcome, answer);
            let commit =
                commit_one(&*self.store, outcome.change.clone()).await.map_err(CommandError::from)?;
            match commit {
                Commit::Done(_) => {
                    self.settled(&outcome);
                    return Ok(outcome);
                }
                Commit::Answered => return Err(CommandError::Answered.into()),
                Commit::Conflict => {}
            }
        }
        let busy = StoreError::Unavailable("the record is changed too often".into());
        Err(CommandError::Store(busy).into())
    }

    /// Carries out a command on many records, each on its own, in batched commits.
    ///
    /// `mark` may add an answer that is stored with a record's change, as in [`Engine::command`].
    /// What was written with the records is not kept in the outcomes: there may be many.
    pub async fn commands(
        &self,
        keys: Vec<Key>,
        caller: &Caller,
        ask: impl Fn(&Record) -> Result<Command, CommandError> + Send + Sync,
        mark: impl Fn(&Key, &Outcome) -> Option<Answer> + Send + Sync,
    ) -> Vec<(Key, Result<Outcome, CommandError>)> {
        let mut results = Vec::with_capacity(keys.len());
        let mut keys = keys.into_iter().peekable();
        while keys.peek().is_some() {
            let batch: Vec<_> = keys.by_ref().take(BATCH).collect();
            let mut outcomes = Vec::with_capacity(batch.len());
            for key in &batch {
                let decided = self.try_decide(key, caller, &ask).await;
                outcomes.push(decided.map(|mut outcome| {
                    let answer = mark(key, &outcome);
                    self.answer_with(&mut outcome, answer);
                    outcome
                }));
            }
            let changes = outcomes.iter().flatten().map(|outcome| outcome.change.clone()).collect();
            let mut commits = match self.store.commit(changes).await {
                Ok(commits) => commits.into_iter(),
                Err(error) => {
                    let failed = batch.into_iter().map(|key| (key, Err(CommandError::Store(error.clone()))));
                    results.extend(failed);
                    continue;
                }
            };
            for (key, outcome) in batch.into_iter().zip(outcomes) {
                let result = match outcome {
                    Err(refused) => Err(refused),
                    Ok(mut outcome) => match commits.next() {
                        Some(Commit::Done(_)) => {
                            self.settled(&outcome);
                            outcome.change.writes = Vec::new();
                            Ok(outcome)
                        }
                        Some(Commit::Answered) => Err(CommandError::Answered),
                        _ => self.command(&key, caller, None, &ask, |outcome| mark(&key, outcome)).await,
                    },
                };
                results.push((key, result));
            }
        }
        results
    }

    async fn try_decide(
        &self,
        key: &Key,
        caller: &Caller,
        ask: &(impl Fn(&Record) -> Result<Command, CommandError> + Send + Sync),
    ) -> Result<Outcome, CommandError> {
        let record = self.store.load(key).await?;
        let record = record.as_deref().cloned().unwrap_or_else(|| Record::new(key.clone()));
        Ok(decide(&record, ask(&record)?, caller, self.clock.now())?)
    }

    fn answer_with(&self, outcome: &mut Outcome, answer: Option<Answer>) {
        let now = self.clock.now();
        outcome.change.writes.extend(answer.map(|answer| Write::Answer { answer: Box::new(answer), now }));
    }

    /// Follows up on a committed command: stops what it stopped, tells whoever listens.
    fn settled(&self, outcome: &Outcome) {
        if let Some(run_id) = &outcome.stopped {
            self.abort(run_id);
        }
        self.published(Committed::of(outcome));
    }

    /// Executes the run that a command started, and waits up to `wait` for its end.
    ///
    /// None means that it is still in flight. Without a resident driver it goes on in the background that the
    /// host has; where it has none, the run is executed here, to its end.
    pub async fn follow(self: &Arc<Self>, outcome: &Outcome, wait: Duration) -> Option<Run> {
        let lease = outcome.started.clone()?;
        let job = Job { record: outcome.change.next.clone(), lease, cause: tracing::Span::current() };
        let run_id = job.lease.run_id.clone();
        let (sender, receiver) = oneshot::channel();
        lock(&self.waiting).entry(run_id.clone()).or_default().push(sender);
        if self.resident.load(Ordering::Acquire) {
            lock(&self.handed_over).push(job);
            self.signal.raise();
        } else if let Some(background) = &self.config.background {
            let (engine, time) = (self.clone(), background.time());
            background.go_on(Box::pin(async move { engine.carry(job, time).await }));
        } else {
            self.carry(job, Duration::MAX).await;
        }
        let ended = match select(receiver, self.clock.sleep(wait)).await {
            Either::Left((run, _)) => run.ok(),
            Either::Right(_) => None,
        };
        lock(&self.waiting).remove(&run_id);
        ended
    }
}
