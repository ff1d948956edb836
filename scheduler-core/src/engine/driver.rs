//! The loop: claims what is due, keeps runs going, commits their ends in batches.

use std::collections::HashSet;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::future::{BoxFuture, Either, FutureExt, select};
use futures::stream::{FuturesUnordered, StreamExt};
use tracing::Instrument;

use super::execute::Done;
use super::{Committed, Engine, Job, lock};
use crate::domain::{Key, Lease, Record, RunState, Timestamp};
use crate::machine::{Command, Outcome, Refusal, decide, due_at};
use crate::ports::{Commit, StoreError};

/// Claims in one commit.
const BATCH: usize = 1024;
/// Commits of claims under way at once: one is being decided while another is being written.
const CLAIMS_UNDER_WAY: usize = 2;
/// Where commits take time, claims are made this much ahead, so that the run starts when its slot comes.
const AHEAD: Duration = Duration::from_millis(1);
/// There, the ends of runs wait this long for a commit of claims to go with: half as many flushes.
const LINGER: Duration = Duration::from_millis(8);
/// A commit of claims that takes longer than this takes time.
const NOTICEABLE: Duration = Duration::from_micros(100);
/// How long to wait before the store is tried again after it failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// How much one tick may do.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Nothing is claimed after this long.
    pub claims: Duration,
    /// Nothing is claimed after this long either, and runs are told to stop at a page edge by then.
    pub time: Duration,
    /// Runs to be started at the most.
    pub runs: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { claims: Duration::MAX, time: Duration::from_secs(60), runs: usize::MAX }
    }
}

/// What a tick did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TickReport {
    /// Runs that were started.
    pub claimed: u64,
    /// Runs that went well.
    pub succeeded: u64,
    /// Runs that did not.
    pub failed: u64,
    /// Records that are still due, up to a thousand.
    pub remaining_due: u64,
    /// When the next one is due.
    pub next_due: Option<Timestamp>,
}

impl Engine {
    /// Runs everything that is due, within `budget`, and returns what happened.
    pub async fn tick(&self, budget: Budget) -> Result<TickReport, StoreError> {
        let mut driver = Driver::new(self, Some(budget));
        driver.drive(pending().boxed()).await?;
        let mut report = driver.report;
        report.remaining_due = self.store.due(self.clock.now(), 1000).await?.len() as u64;
        report.next_due = self.store.next_due(None).await?;
        Ok(report)
    }

    /// Runs the record now if it is due, as a tick would; says whether it was, and was nobody else's.
    pub async fn tick_one(&self, key: &Key, budget: Budget) -> Result<bool, StoreError> {
        if key.is_system() {
            return self.drive_bulk(key, budget).await;
        }
        let Some(record) = self.store.load(key).await? else { return Ok(false) };
        let now = self.clock.now();
        let due = record.schedule.as_ref().and_then(|schedule| due_at(schedule, key));
        if due.is_none_or(|due| due > now) {
            return Ok(false);
        }
        let mut driver = Driver::new(self, Some(Budget { runs: 0, ..budget }));
        let Ok(outcome) = driver.decide_claim(&record, now) else { return Ok(false) };
        let claimed = self.commit_claims(vec![key.clone()], vec![outcome]).await;
        if claimed.failed {
            return Err(StoreError::Unavailable("the store took no claim".into()));
        }
        driver.start(claimed);
        driver.drive(pending().boxed()).await?;
        Ok(driver.report.claimed > 0)
    }

    /// Takes steps of a bulk command until it is over or time is; says whether there was one to take.
    async fn drive_bulk(&self, key: &Key, budget: Budget) -> Result<bool, StoreError> {
        let mut driver = Driver::new(self, Some(Budget { runs: 0, ..budget }));
        let mut stepped = false;
        while driver.claims_until.is_none_or(|until| self.clock.monotonic() < until) {
            let Some(jobs) = self.step_of_bulk(key).await? else { break };
            jobs.into_iter().for_each(|job| driver.launch(job));
            stepped = true;
        }
        driver.drive(pending().boxed()).await?;
        Ok(stepped)
    }

    /// Executes a claimed run to its end, renewing its lease.
    pub(super) async fn carry(&self, job: Job, time: Duration) {
        let mut driver = Driver::new(self, Some(Budget { time, runs: 0, ..Budget::default() }));
        driver.launch(job);
        let driven = driver.drive(pending().boxed()).await;
        debug_assert!(driven.is_ok(), "nothing is claimed, so nothing fails");
    }

    /// Works until `stop` is ready, then lets runs end and hands back what is left.
    ///
    /// Sleeps until the next due instant or until a command changes what is due.
    pub async fn run(&self, stop: impl Future<Output = ()> + Send) {
        self.resident.store(true, Ordering::Release);
        let mut driver = Driver::new(self, None);
        let result = driver.drive(stop.boxed()).await;
        debug_assert!(result.is_ok(), "a resident driver rides out failures of the store");
        self.resident.store(false, Ordering::Release);
    }

    /// Takes back the leases that this instance held before it was restarted; their slots are due at once.
    pub async fn recover(&self) -> Result<usize, StoreError> {
        let prefix = format!("{}/", self.config.instance);
        let ours = |lease: &Lease| lease.worker.starts_with(&prefix) && lease.worker != self.worker;
        let mut recovered = 0;
        for source in self.pullers.keys() {
            let mut after = None;
            loop {
                let page = self.store.scan(source, after.as_ref(), 1000).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.key.tenant.clone());
                let held = page.into_iter().filter_map(|record| {
                    let run = record.schedule.as_ref()?.run.clone()?;
                    ours(&run).then_some((record, run))
                });
                recovered += self.release(held.collect()).await?;
            }
        }
        Ok(recovered)
    }

    /// Ends leases before their time.
    async fn release(&self, held: Vec<(Arc<Record>, Arc<Lease>)>) -> Result<usize, StoreError> {
        let (now, system) = (self.clock.now(), self.system());
        let outcomes = held.iter().filter_map(|(record, run)| {
            decide(record, Command::Expire { fence: run.fence }, &system, now).ok()
        });
        let (told, changes): (Vec<_>, Vec<_>) =
            outcomes.map(|outcome| (Committed::of(&outcome), outcome.change)).unzip();
        let commits = self.store.commit(changes).await?;
        let done = told.into_iter().zip(commits).filter(|(_, commit)| *commit != Commit::Conflict);
        Ok(done.map(|(told, _)| self.published(told)).count())
    }
}

/// What ended a wait.
enum Woken {
    Stop,
    Run(Done),
    Claimed(Claimed),
    Finished(Vec<Done>),
    Stepped(Stepped),
    Look,
}

/// A step of a bulk command that was taken.
struct Stepped {
    key: Key,
    /// The runs that it started.
    jobs: Vec<Job>,
    failed: bool,
}

/// A commit of claims that came back.
struct Claimed {
    keys: Vec<Key>,
    jobs: Vec<Job>,
    failed: bool,
    took: Duration,
}

struct Driver<'a> {
    engine: &'a Engine,
    budget: Option<Budget>,
    claims_until: Option<Duration>,
    deadline: Option<Duration>,
    report: TickReport,
    runs: FuturesUnordered<BoxFuture<'a, Done>>,
    claims: FuturesUnordered<BoxFuture<'a, Claimed>>,
    finishes: FuturesUnordered<BoxFuture<'a, Vec<Done>>>,
    steps: FuturesUnordered<BoxFuture<'a, Stepped>>,
    ended: Vec<Done>,
    claiming: HashSet<Key>,
    slow: usize,
    next_beat: Duration,
    pause_until: Option<Duration>,
    held_back: bool,
    commits_take: Duration,
    ended_since: Option<Duration>,
    stopping: bool,
}

impl<'a> Driver<'a> {
    fn new(engine: &'a Engine, budget: Option<Budget>) -> Self {
        let now = engine.clock.monotonic();
        Self {
            engine,
            budget,
            claims_until: budget.and_then(|budget| now.checked_add(budget.claims.min(budget.time))),
            deadline: budget.and_then(|budget| now.checked_add(budget.time)),
            report: TickReport::default(),
            runs: FuturesUnordered::new(),
            claims: FuturesUnordered::new(),
            finishes: FuturesUnordered::new(),
            steps: FuturesUnordered::new(),
            ended: Vec::new(),
            claiming: HashSet::new(),
            slow: 0,
            next_beat: now + engine.config.lease / 3,
            pause_until: None,
            held_back: false,
            commits_take: Duration::ZERO,
            ended_since: None,
            stopping: false,
        }
    }

    /// Goes on until there is nothing left to do (a tick), or until it is told to stop and has drained.
    ///
    /// Boxed, so that not every crate that ticks makes a copy of the whole loop.
    fn drive<'s>(&'s mut self, stop: BoxFuture<'s, ()>) -> BoxFuture<'s, Result<(), StoreError>> {
        let run = async move {
            let (mut stop, mut drained_by) = (stop.fuse(), Duration::MAX);
            loop {
                if !self.stopping {
                    self.adopt();
                    if let Err(error) = self.claim().await {
                        if self.budget.is_some() {
                            return Err(error);
                        }
                        self.pause_until = Some(self.engine.clock.monotonic() + STORE_PAUSE);
                    }
                }
                self.send_finishes().await;
                self.beat().await;
                let idle = self.runs.is_empty() && self.claims.is_empty() && self.finishes.is_empty();
                let idle = idle && self.steps.is_empty();
                if idle && self.ended.is_empty() && (self.stopping || self.budget.is_some()) {
                    return Ok(());
                }
                if self.stopping && self.engine.clock.monotonic() >= drained_by {
                    self.hand_back().await;
                    return Ok(());
                }
                match self.wait(&mut stop, drained_by).await {
                    Woken::Stop => {
                        self.stopping = true;
                        drained_by = self.engine.clock.monotonic() + self.engine.config.drain;
                    }
                    Woken::Run(done) => {
                        self.note_ended(done);
                        while let Some(Some(done)) = self.runs.next().now_or_never() {
                            self.note_ended(done);
                        }
                    }
                    Woken::Claimed(claimed) => self.start(claimed),
                    Woken::Finished(rejected) => {
                        if !rejected.is_empty() {
                            self.ended.extend(rejected);
                            self.pause_until = Some(self.engine.clock.monotonic() + STORE_PAUSE);
                        }
                    }
                    Woken::Stepped(stepped) => self.note_stepped(stepped),
                    Woken::Look => {}
                }
            }
        };
        run.boxed()
    }

    /// Takes over runs that were claimed elsewhere in this process, by `run-now`.
    fn adopt(&mut self) {
        if self.budget.is_none() {
            let jobs = std::mem::take(&mut *lock(&self.engine.handed_over));
            jobs.into_iter().for_each(|job| self.launch(job));
        }
    }

    fn paused(&self) -> bool {
        self.pause_until.is_some_and(|until| self.engine.clock.monotonic() < until)
    }

    /// Sends a commit of claims on its way, if something is due and there is room.
    async fn claim(&mut self) -> Result<(), StoreError> {
        let engine = self.engine;
        let out_of_time = self.claims_until.is_some_and(|until| engine.clock.monotonic() >= until);
        let started = self.report.claimed as usize + self.claiming.len();
        let in_budget = self.budget.map_or(usize::MAX, |budget| budget.runs.saturating_sub(started));
        let room =
            engine.config.parallel.saturating_sub(self.runs.len() + self.claiming.len()).min(in_budget);
        if room == 0 || out_of_time || self.claims.len() >= CLAIMS_UNDER_WAY || self.paused() {
            return Ok(());
        }
        let (now, began) = (engine.clock.now(), engine.clock.monotonic());
        let horizon = now + self.ahead();
        let mut want = room.min(BATCH);
        let (mut keys, mut outcomes) = (Vec::new(), Vec::new());
        let mut look_at = want + self.claiming.len();
        let mut held_back;
        loop {
            let due =
                engine.store.due(horizon, look_at).await.inspect_err(|_| self.looked(false, began, now))?;
            let seen = due.len();
            held_back = 0;
            for record in due {
                if want == 0 || self.claiming.contains(&record.key) {
                    continue;
                }
                if record.bulk.is_some() {
                    self.step(record.key.clone());
                    continue;
                }
                let slow = self.is_slow(&record);
                if slow && self.slow >= engine.config.slow_lane {
                    held_back += 1;
                    continue;
                }
                match self.decide_claim(&record, now) {
                    Ok(outcome) => {
                        self.slow += usize::from(slow && outcome.started.is_some());
                        self.claiming.insert(record.key.clone());
                        keys.push(record.key.clone());
                        outcomes.push(outcome);
                        want -= 1;
                    }
                    Err(refusal) => {
                        debug_assert!(false, "{} was due, but: {refusal}", record.key);
                        held_back += 1;
                    }
                }
            }
            // Slow ones at the head of the queue must not hide those behind them.
            if want == 0 || seen < look_at || held_back == 0 {
                break;
            }
            look_at += held_back.max(BATCH);
        }
        self.held_back = held_back > 0;
        self.looked(true, began, now);
        if !outcomes.is_empty() {
            let tick =
                tracing::info_span!(target: "acculynx-scheduler", parent: None, "tick", due = keys.len());
            self.claims.push(engine.commit_claims(keys, outcomes).instrument(tick).boxed());
        }
        Ok(())
    }

    fn looked(&self, ok: bool, began: Duration, now: Timestamp) {
        let took = self.engine.clock.monotonic().saturating_sub(began);
        self.engine.metrics.ticked(ok, took.as_secs_f64(), now);
        *lock(&self.engine.last_tick) = (Some(now), !ok);
    }

    /// How far ahead of its instant a slot is claimed.
    fn ahead(&self) -> Duration {
        if self.budget.is_none() && self.commits_take > NOTICEABLE { AHEAD } else { Duration::ZERO }
    }

    /// Claims as of the instant at which the record is due, if that lies a little ahead.
    fn decide_claim(&self, record: &Record, now: Timestamp) -> Result<Outcome, Refusal> {
        let due = record.schedule.as_ref().and_then(|schedule| due_at(schedule, &record.key));
        let now = due.map_or(now, |due| due.clamp(now, now + AHEAD));
        let command = Command::Claim { worker: self.engine.worker.clone(), ttl: self.engine.config.lease };
        decide(record, command, &self.engine.system(), now)
    }

    fn is_slow(&self, record: &Record) -> bool {
        let last = record.schedule.as_ref().and_then(|schedule| schedule.last.as_ref());
        last.is_some_and(|last| {
            last.state == RunState::TimedOut
                || u128::from(last.duration_ms) >= self.engine.config.slow_after.as_millis()
        })
    }

    fn start(&mut self, claimed: Claimed) {
        for key in &claimed.keys {
            self.claiming.remove(key);
        }
        self.commits_take = (self.commits_take * 7 + claimed.took) / 8;
        if claimed.failed {
            self.pause_until = Some(self.engine.clock.monotonic() + STORE_PAUSE);
        }
        self.report.claimed += claimed.jobs.len() as u64;
        claimed.jobs.into_iter().for_each(|job| self.launch(job));
    }

    fn launch(&mut self, job: Job) {
        let engine = self.engine;
        let left = self.deadline.map(|deadline| deadline.saturating_sub(engine.clock.monotonic()));
        let mut run = engine.execute(job, left).boxed();
        // A run that needs nothing from outside ends right here.
        match (&mut run).now_or_never() {
            Some(done) => self.note_ended(done),
            None => self.runs.push(run),
        }
    }

    /// Takes a step of a bulk command beside everything else.
    fn step(&mut self, key: Key) {
        let engine = self.engine;
        self.claiming.insert(key.clone());
        let step = async move {
            let stepped = engine.step_of_bulk(&key).await;
            let failed = stepped.as_ref().inspect_err(|error| {
                tracing::error!(target: "acculynx-scheduler", %error, "a step of a bulk command failed");
            });
            let failed = failed.is_err();
            Stepped { key, jobs: stepped.ok().flatten().unwrap_or_default(), failed }
        };
        self.steps.push(step.boxed());
    }

    fn note_stepped(&mut self, stepped: Stepped) {
        self.claiming.remove(&stepped.key);
        if stepped.failed {
            self.pause_until = Some(self.engine.clock.monotonic() + STORE_PAUSE);
        }
        stepped.jobs.into_iter().for_each(|job| self.launch(job));
    }

    fn note_ended(&mut self, done: Done) {
        if self.is_slow(&done.job.record) {
            self.slow = self.slow.saturating_sub(1);
        }
        match &done.ending {
            Some(ending) if ending.error.is_none() => self.report.succeeded += 1,
            _ => self.report.failed += 1,
        }
        if done.ending.is_some() {
            self.ended.push(done);
        }
    }

    /// Sends what has ended on its way; what ends meanwhile goes with the next batch.
    async fn send_finishes(&mut self) {
        if self.ended.is_empty() || !self.finishes.is_empty() || self.paused() || self.lingers().await {
            return;
        }
        self.ended_since = None;
        let batch = std::mem::take(&mut self.ended);
        self.finishes.push(self.engine.finish(batch).boxed());
    }

    /// Whether what has ended waits for a commit of claims that is to come in a moment.
    async fn lingers(&mut self) -> bool {
        let ahead = self.ahead();
        if ahead.is_zero() || self.stopping || !self.claims.is_empty() {
            return false;
        }
        let (now, monotonic) = (self.engine.clock.now(), self.engine.clock.monotonic());
        let since = *self.ended_since.get_or_insert(monotonic);
        if monotonic.saturating_sub(since) >= LINGER {
            return false;
        }
        let next = self.engine.store.next_due(Some(now + ahead)).await.ok().flatten();
        next.is_some_and(|next| next <= now + LINGER)
    }

    /// Renews the leases of runs that take long.
    async fn beat(&mut self) {
        let engine = self.engine;
        let now = engine.clock.monotonic();
        if now < self.next_beat {
            return;
        }
        self.next_beat = now + engine.config.lease / 3;
        let young = now.saturating_sub(engine.config.lease / 4);
        let held: Vec<_> = lock(&engine.running)
            .iter()
            .filter(|(_, running)| running.started <= young)
            .map(|(run_id, running)| (running.tenant.clone(), run_id.clone()))
            .collect();
        if held.is_empty() {
            return;
        }
        let keys = held.iter().map(|(key, _)| key.clone()).collect();
        let ttl = engine.config.lease;
        let renewed = engine
            .commands(
                keys,
                &engine.system(),
                |record| {
                    let run = record.schedule.as_ref().and_then(|schedule| schedule.run.as_ref());
                    let fence = run.filter(|run| run.worker == engine.worker).map_or(0, |run| run.fence);
                    Ok(Command::Heartbeat { fence, ttl })
                },
                |_, _| None,
            )
            .await;
        for ((_, run_id), (key, result)) in held.iter().zip(renewed) {
            if let Err(super::CommandError::Refused(_)) = result {
                tracing::warn!(target: "acculynx-scheduler", tenant = %key.tenant, %run_id, "stopped a run that had lost its lease");
                engine.abort(run_id);
            }
        }
    }

    /// Gives up what did not end in time: its slots are due again at once.
    async fn hand_back(&mut self) {
        let left: Vec<_> =
            lock(&self.engine.running).values().map(|running| running.tenant.clone()).collect();
        let mut held = Vec::new();
        for key in left {
            if let Ok(Some(record)) = self.engine.store.load(&key).await
                && let Some(run) = record.schedule.as_ref().and_then(|schedule| schedule.run.clone())
                && run.worker == self.engine.worker
            {
                held.push((record, run));
            }
        }
        self.runs.clear();
        lock(&self.engine.running).clear();
        if let Err(error) = self.engine.release(held).await {
            tracing::warn!(target: "acculynx-scheduler", %error, "leases of unfinished runs stay until they expire");
        }
    }

    /// Waits for whatever comes first.
    async fn wait(
        &mut self,
        stop: &mut (impl Future<Output = ()> + Send + Unpin),
        drained_by: Duration,
    ) -> Woken {
        let engine = self.engine;
        let full = self.runs.len() + self.claiming.len() >= engine.config.parallel;
        let resident = self.budget.is_none();
        // What is due but can not be claimed waits for something to end, not for time to pass.
        let stuck = self.held_back || !self.claiming.is_empty();
        let ahead = self.ahead();
        let later_than = stuck.then(|| engine.clock.now() + ahead);
        let next_due = match self.stopping || full || !resident || self.claims.len() >= CLAIMS_UNDER_WAY {
            true => None,
            false => engine.store.next_due(later_than).await.ok().flatten(),
        };
        let now = engine.clock.monotonic();
        let mut rest = engine.config.recheck.min(drained_by.saturating_sub(now));
        if !self.runs.is_empty() {
            rest = rest.min(self.next_beat.saturating_sub(now));
        }
        if !self.ended.is_empty() {
            rest = rest.min(LINGER);
        }
        if let Some(deadline) = self.deadline.filter(|deadline| *deadline > now) {
            rest = rest.min(deadline - now);
        }
        let until = engine.clock.now() + rest;
        let pause =
            self.pause_until.map(|paused| paused.saturating_sub(now)).filter(|pause| !pause.is_zero());
        let alarm = async {
            match (pause, next_due.filter(|due| *due < until)) {
                (Some(pause), _) => engine.clock.sleep(pause).await,
                (None, Some(due)) => engine.clock.sleep_until(due - ahead).await,
                (None, None) => engine.clock.sleep(rest).await,
            }
        };
        let look = async {
            if resident {
                select(Box::pin(alarm), Box::pin(engine.signal.raised())).await.factor_first().0
            } else {
                alarm.await
            }
        };
        let run = next_or_never(&mut self.runs);
        let claimed = next_or_never(&mut self.claims);
        let finished = next_or_never(&mut self.finishes);
        let stepped = next_or_never(&mut self.steps);
        let work = select(
            run.map(Woken::Run),
            select(
                claimed.map(Woken::Claimed),
                select(finished.map(Woken::Finished), stepped.map(Woken::Stepped)),
            ),
        );
        let work = work.map(|woken| {
            let rest = |rest: Either<_, _>| rest.factor_first().0;
            match woken {
                Either::Left((woken, _)) => woken,
                Either::Right((Either::Left((woken, _)), _)) => woken,
                Either::Right((Either::Right((last, _)), _)) => rest(last),
            }
        });
        let alarm = select(Box::pin(look), stop).map(|woken| match woken {
            Either::Left(_) => Woken::Look,
            Either::Right(_) => Woken::Stop,
        });
        select(work, alarm).await.factor_first().0
    }
}

/// The next item of a set of futures; waits for ever while the set is empty.
fn next_or_never<'s, 'r, T>(
    set: &'s mut FuturesUnordered<BoxFuture<'r, T>>,
) -> impl Future<Output = T> + Unpin + use<'s, 'r, T> {
    futures::future::poll_fn(move |context| match set.poll_next_unpin(context) {
        std::task::Poll::Ready(Some(item)) => std::task::Poll::Ready(item),
        _ => std::task::Poll::Pending,
    })
}

impl Engine {
    async fn commit_claims(&self, keys: Vec<Key>, outcomes: Vec<Outcome>) -> Claimed {
        let told: Vec<_> = outcomes.iter().map(Committed::of).collect();
        let (mut changes, mut started) = (Vec::new(), Vec::new());
        for outcome in outcomes {
            started.push((outcome.change.next.clone(), outcome.started, outcome.stopped));
            changes.push(outcome.change);
        }
        let began = self.clock.monotonic();
        let commits = self.store.commit(changes).await;
        let took = self.clock.monotonic().saturating_sub(began);
        let commits = match commits {
            Ok(commits) => commits,
            Err(error) => {
                tracing::error!(target: "acculynx-scheduler", %error, "the store took no claims");
                return Claimed { keys, jobs: Vec::new(), failed: true, took };
            }
        };
        let mut jobs = Vec::with_capacity(started.len());
        for ((told, (record, lease, stopped)), commit) in told.into_iter().zip(started).zip(commits) {
            if commit == Commit::Conflict {
                continue;
            }
            if let Some(run_id) = stopped {
                self.abort(&run_id);
            }
            self.published(told);
            let cause = tracing::Span::current();
            jobs.extend(lease.map(|lease| Job { record, lease, cause }));
        }
        Claimed { keys, jobs, failed: false, took }
    }
}
