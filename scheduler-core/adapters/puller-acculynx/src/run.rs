//! One run of one tenant: which steps it takes, where it stands, and what it leaves.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use scheduler_core::domain::{ErrorKind, Item, Stats, Timestamp};
use scheduler_core::ports::{PullContext, PullFailure, Pulled, SinkError};

use crate::caller::{Answer, Caller, Failure};
use crate::config::Config;
use crate::content::{hash, time_of};
use crate::cursor::{Cursor, Resume, Step};
use crate::lists::{CONTACTS, LOOKUPS, SUPPLEMENTS, USERS};
use crate::wire::{Call, Entry, Window};

/// Contacts that were created this long before the last search are searched again.
const SEARCH_OVERLAP: Duration = Duration::from_secs(300);

/// Why a step did not end by itself.
pub(crate) enum Stop {
    /// The run's time is nearly over.
    Deadline,
    /// The upstream failed.
    Upstream(Failure),
    /// The records were not taken.
    Sink(SinkError),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Upstream(failure)
    }
}

impl From<SinkError> for Stop {
    fn from(error: SinkError) -> Self {
        Self::Sink(error)
    }
}

/// A kind of record.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// Its name here.
    pub entity: &'static str,
    /// Fields that may say when it changed.
    pub stamps: &'static [&'static str],
}

/// What became of a page.
#[derive(Default)]
pub(crate) struct Kept {
    /// Records that this run had not met.
    pub fresh: Vec<(String, Option<Timestamp>)>,
    /// How many of them were new or changed.
    pub changed: u64,
}

pub(crate) struct Run {
    pub context: PullContext,
    pub config: Config,
    pub caller: Caller,
    pub cursor: Cursor,
    pub stats: Stats,
    /// When the first part of this run began: the cursor never moves past it.
    pub started: Timestamp,
    /// The latest change seen in a job.
    pub latest: Option<Timestamp>,
    /// Whether the sweep is over all jobs.
    pub full: bool,
    /// The upstream refused an end date in the future.
    pub ends_today: bool,
    /// The days that the job sweeps cover.
    pub window: Window,
    /// Every record met, by its kind: none is written twice.
    pub met: BTreeMap<&'static str, HashSet<String>>,
    /// Endpoints that this key may not use.
    pub closed: BTreeSet<&'static str>,
    stop_at: Duration,
    place: Option<Resume>,
    edges: u32,
    /// When what is read now was begun, and how many requests had been sent by then.
    began: (Timestamp, u64),
}

impl Run {
    pub(crate) fn new(
        context: PullContext,
        config: Config,
        caller: Caller,
        location: &str,
    ) -> (Self, Option<Resume>) {
        let (now, ticks) = (context.clock.now(), context.clock.monotonic());
        let mut cursor = Cursor::read(context.cursor.as_deref(), location);
        let resume = cursor.take_resume(now);
        let old = |last: Option<Timestamp>| last.is_none_or(|last| now.duration_since(last) >= config.weekly);
        let full =
            resume.as_ref().map_or_else(|| cursor.jobs.is_none() || old(cursor.all_jobs), |token| token.full);
        let started = resume.as_ref().map_or(now, |token| token.started);
        let mut window = Window::since(cursor.jobs.filter(|_| !full), now);
        if cursor.no_future {
            window.to = now.utc().date_naive();
        }
        if let Some(token) = &resume {
            window.to = token.until;
        }
        let margin = (context.deadline.saturating_sub(ticks) / 10)
            .clamp(Duration::from_secs(1), Duration::from_secs(15));
        let run = Self {
            stop_at: context.deadline.saturating_sub(margin),
            latest: resume.as_ref().and_then(|token| token.latest),
            context,
            config,
            caller,
            cursor,
            stats: Stats::default(),
            started,
            full,
            ends_today: false,
            window,
            met: BTreeMap::new(),
            closed: BTreeSet::new(),
            place: None,
            edges: 0,
            began: (now, 0),
        };
        (run, resume)
    }

    /// Takes every step from where the last run stopped.
    pub(crate) async fn drive(mut self, resume: Option<Resume>) -> Result<Pulled, PullFailure> {
        let first = resume.as_ref().map_or(0, |token| token.sweep.place());
        if let Some(token) = &resume {
            let (step, offset) = (token.sweep.label(), token.offset);
            self.context.log.info(format!("goes on where the last run stopped: {step}, {offset}"));
        }
        for step in &Step::ALL[first..] {
            let resume = resume.as_ref().filter(|token| token.sweep == *step);
            let before = self.counted();
            self.began = (self.context.clock.now(), before.requests);
            let outcome = self.step(*step, resume).await;
            self.note_step(*step, before);
            if let Err(stop) = outcome {
                return self.stopped(stop);
            }
        }
        Ok(self.finished())
    }

    async fn step(&mut self, step: Step, resume: Option<&Resume>) -> Result<(), Stop> {
        let start = resume.map_or(0, |token| token.offset);
        let now = self.context.clock.now();
        let due =
            |last: Option<Timestamp>| last.is_none_or(|last| now.duration_since(last) >= self.config.daily);
        match step {
            Step::Jobs(population) => self.sweep_jobs(population, resume).await?,
            Step::Gone if self.full && self.cursor.all_jobs.is_some() => {
                self.mark_gone("jobs", "/jobs/{id}").await?;
            }
            Step::Contacts if resume.is_some() || self.contacts_due() => {
                self.sweep_list(CONTACTS, Some(step), start).await?;
                if self.full && self.cursor.contacts.is_some() {
                    self.mark_gone("contacts", "/contacts/{id}").await?;
                }
                (self.cursor.contacts, self.cursor.searched) = (Some(self.started), Some(self.started));
                self.cursor.contacts_age = 0;
            }
            Step::NewContacts if self.cursor.contacts != Some(self.started) => self.search_contacts().await?,
            Step::Users if resume.is_some() || due(self.cursor.users) => {
                self.sweep_list(USERS, Some(step), start).await?;
                self.cursor.users = Some(now);
            }
            Step::Supplements if resume.is_some() || due(self.cursor.supplements) => {
                self.sweep_list(SUPPLEMENTS, Some(step), start).await?;
                self.cursor.supplements = Some(now);
            }
            Step::Lookups if resume.is_some() || due(self.cursor.lookups) => {
                // Each list is short: a run may stop between two of them, and the next goes on there.
                for (place, list) in (0..).zip(LOOKUPS).skip_while(|(place, _)| *place < start) {
                    self.edge(step, place, self.window)?;
                    self.sweep_list(list, None, 0).await?;
                }
                self.cursor.lookups = Some(now);
            }
            Step::Children => self.read_children().await?,
            Step::Gone
            | Step::Contacts
            | Step::NewContacts
            | Step::Users
            | Step::Supplements
            | Step::Lookups => {}
        }
        Ok(())
    }

    /// Notes a part of the run that ends now; the next one begins.
    pub(crate) fn ended(&mut self, name: &str, records: u64) {
        let (started, before) = self.began;
        let sent = self.caller.sent();
        self.context.log.phase(name, started, sent - before, records);
        self.began = (self.context.clock.now(), sent);
    }

    fn note_step(&mut self, step: Step, before: Stats) {
        let after = self.counted();
        let requests = after.requests - before.requests;
        if requests > 0 {
            if matches!(step, Step::Gone | Step::Children) {
                let records = after.imported + after.skipped - before.imported - before.skipped;
                self.ended(step.label(), records);
            }
            let (imported, skipped) = (after.imported - before.imported, after.skipped - before.skipped);
            let what = step.label();
            self.context
                .log
                .info(format!("{what}: {imported} imported, {skipped} unchanged, {requests} requests"));
        }
    }

    fn contacts_due(&self) -> bool {
        self.full
            || self.cursor.contacts.is_none()
            || self.cursor.contacts_age + 1 >= self.config.contacts_every
    }

    /// Brings contacts that were created since the last search. It is a shortcut to what a whole reading
    /// brings anyway, so an upstream that does not offer it fails no run.
    async fn search_contacts(&mut self) -> Result<(), Stop> {
        let to = self.context.clock.now();
        let from = self.cursor.searched.unwrap_or(self.started) - SEARCH_OVERLAP;
        let first = Call::contacts_search(from, to, 0);
        match self.caller.send(&first).await? {
            Answer::Refused(_) | Answer::Missing | Answer::NotEntitled => {
                self.context
                    .log
                    .warn("new contacts can not be searched; they come with the next whole reading");
                self.cursor.contacts_age = self.config.contacts_every;
            }
            answer => {
                let request = |start| Call::contacts_search(from, to, start);
                self.sweep_pages(
                    CONTACTS,
                    "/contacts/search",
                    &request,
                    Some(answer),
                    Some(Step::NewContacts),
                    0,
                )
                .await?;
                self.cursor.searched = Some(to);
            }
        }
        Ok(())
    }

    /// Notes the page edge, and stops there when the time is nearly over.
    pub(crate) fn edge(&mut self, sweep: Step, offset: u64, window: Window) -> Result<(), Stop> {
        self.edges += 1;
        self.place = Some(Resume {
            sweep,
            offset,
            window,
            until: self.window.to,
            saved_at: self.context.clock.now(),
            started: self.started,
            latest: self.latest,
            full: self.full,
        });
        if self.is_late() { Err(Stop::Deadline) } else { Ok(()) }
    }

    /// Whether the run's time is nearly over.
    pub(crate) fn is_late(&self) -> bool {
        self.context.clock.monotonic() >= self.stop_at
    }

    /// Writes the records of a page that this run has not met.
    pub(crate) async fn keep(&mut self, kind: Kind, entries: Vec<Entry>) -> Result<Kept, Stop> {
        let met = self.met.entry(kind.entity).or_default();
        let mut kept = Kept::default();
        let mut items = Vec::with_capacity(entries.len());
        for entry in entries {
            let hash = hash(&entry.value);
            let Some(id) = entry.id else {
                // Pages overlap: the same unreadable record counts once.
                self.stats.failed += u64::from(met.insert(format!("unreadable {hash:?}")));
                continue;
            };
            if !met.insert(id.clone()) {
                continue;
            }
            let modified = time_of(&entry.value, kind.stamps);
            let external_id = id.as_str().into();
            items.push(Item { entity: kind.entity.into(), external_id, modified, hash, data: entry.raw });
            kept.fresh.push((id, modified));
        }
        if !items.is_empty() {
            let tally = self.context.sink.write(items).await?;
            kept.changed = tally.created + tally.updated;
            self.stats.created += tally.created;
            self.stats.updated += tally.updated;
            self.stats.imported += kept.changed;
            self.stats.skipped += tally.unchanged;
        }
        Ok(kept)
    }

    /// Notes once that an endpoint is closed to this key.
    pub(crate) fn close(&mut self, endpoint: &'static str) {
        if self.closed.insert(endpoint) {
            self.context.log.warn(format!("{endpoint} is not open to this API key; left out"));
        }
    }

    fn finished(mut self) -> Pulled {
        let seen = self.latest.map(|latest| latest.min(self.started));
        self.cursor.jobs = self.cursor.jobs.max(seen);
        self.cursor.no_future |= self.ends_today;
        if self.full {
            self.cursor.all_jobs = Some(self.started);
        }
        if self.cursor.contacts != Some(self.started) {
            self.cursor.contacts_age = self.cursor.contacts_age.saturating_add(1);
        }
        let waiting = self.cursor.queue.len();
        let Stats { created, updated, skipped, gone, failed, requests, .. } = self.counted();
        let mut message = format!("{created} created, {updated} updated, {skipped} unchanged");
        for (number, what) in
            [(gone, "gone"), (failed, "unreadable"), (waiting as u64, "waiting for their children")]
        {
            if number > 0 {
                message.push_str(&format!(", {number} {what}"));
            }
        }
        message.push_str(&format!("; {requests} requests"));
        Pulled { stats: self.counted(), cursor: self.cursor.write(), message: Some(message), more: false }
    }

    fn stopped(mut self, stop: Stop) -> Result<Pulled, PullFailure> {
        let stats = self.counted();
        let moved = self.edges > 1;
        let failure = match stop {
            Stop::Deadline if moved => {
                self.cursor.resume = self.place.take();
                let message =
                    Some("stopped at a page edge for want of time; the next run goes on".to_owned());
                return Ok(Pulled { stats, cursor: self.cursor.write(), message, more: true });
            }
            Stop::Deadline => {
                PullFailure::new(ErrorKind::Timeout, "the run's time is too short for a single page")
            }
            Stop::Upstream(Failure { error, retry_at }) => {
                PullFailure { error, retry_at, stats, cursor: None }
            }
            Stop::Sink(error) => error.into(),
        };
        if failure.error.retryable {
            self.cursor.resume = self.place.take();
        }
        let cursor = if moved { self.cursor.write() } else { None };
        Err(PullFailure { stats, cursor, ..failure })
    }

    fn counted(&self) -> Stats {
        Stats { requests: self.caller.sent(), ..self.stats }
    }
}

/// Joins what names a location: one key at one address.
pub(crate) fn location(fingerprint: &Arc<str>, base: &str) -> String {
    format!("{fingerprint}@{base}")
}
