//! Counters of several processes: each keeps its own in an entry of a common log, and whoever is asked adds them up.
//!
//! They are kept as stored answers, so that no record and no version changes for them. Entries are numbered without
//! gaps: a number is taken by making the entry where there is none, which only one process can. Nobody else writes
//! there, so no count is lost. An entry that is old enough is final. A sum of the first so many spares reading them;
//! as they are final, it does not matter whose sum of how many is stored last.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Engine;
use crate::domain::{Answer, Timestamp, stored};
use crate::metrics::Totals;
use crate::ports::StoreError;

/// How long an entry is kept, and how long the sum of those before: what was counted is lost where nothing is
/// counted for so long.
const ENTRY_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
const SUM_KEPT: Duration = Duration::from_secs(400 * 24 * 3600);
/// Entries that one process adds to the sum at a time.
const ADDED: u64 = 256;
/// A longer sum goes without the names of tenants, in bytes.
const LONGEST: usize = 150_000;

/// What a process knows of its own counters.
#[derive(Default)]
pub(super) struct Tally {
    /// The number of its entry, and since when it is its own.
    entry: Option<(u64, Timestamp)>,
    /// What it had written down before that.
    before: Totals,
    /// What it has written down, and when.
    written: Totals,
    saved: Option<Duration>,
}

/// What a process has counted.
#[derive(Default, Serialize, Deserialize)]
struct Entry {
    since: Timestamp,
    totals: Totals,
}

/// What the first entries hold together.
#[derive(Default, Serialize, Deserialize)]
struct Sum {
    entries: u64,
    totals: Totals,
}

const SUM: &str = "counted";

fn name(entry: u64) -> String {
    format!("{SUM}/{entry}")
}

impl Engine {
    /// The counters in their text form: of all processes, where several work on the store.
    pub async fn metrics_text(&self, tenants: bool) -> Result<String, StoreError> {
        let mut census = self.census().await?;
        if self.config.counts_together.is_none() {
            return Ok(self.metrics.render(&census, tenants));
        }
        self.save_counts(Duration::ZERO).await?;
        let now = self.clock.now();
        let Sum { mut entries, mut totals } = self.saved(SUM, now).await?.unwrap_or_default();
        while let Some(entry) = self.saved::<Entry>(&name(entries), now).await? {
            totals.add(&entry.totals);
            entries += 1;
        }
        (census.in_flight, census.oldest_in_flight) = self.flights(now).await?;
        Ok(self.metrics.render_totals(&census, tenants, &totals))
    }

    /// Writes down what this process has counted, unless it did so less than `pause` ago.
    pub async fn save_counts(&self, pause: Duration) -> Result<(), StoreError> {
        let Some(span) = self.config.counts_together else { return Ok(()) };
        let (now, monotonic) = (self.clock.now(), self.clock.monotonic());
        let mut tally = self.tally.lock().await;
        if tally.saved.is_some_and(|saved| monotonic.saturating_sub(saved) < pause) {
            return Ok(());
        }
        let counted = self.metrics.totals();
        let own = tally.entry.filter(|(_, since)| now.duration_since(*since) < span);
        if let Some((number, since)) = own {
            let entry = Entry { since, totals: counted.clone().since(&tally.before) };
            self.save(name(number), &entry, ENTRY_KEPT, None).await?;
        } else {
            let before = tally.written.clone();
            let entry = Entry { since: now, totals: counted.clone().since(&before) };
            let mut number = self.first_free(span).await?;
            while !self.save(name(number), &entry, ENTRY_KEPT, Some(now)).await? {
                number += 1;
            }
            (tally.entry, tally.before) = (Some((number, now)), before);
        }
        tally.written = counted;
        tally.saved = Some(monotonic);
        Ok(())
    }

    /// The number after that of the last entry. Adds those that are final by now to the sum.
    async fn first_free(&self, span: Duration) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let mut sum: Sum = self.saved(SUM, now).await?.unwrap_or_default();
        let known = sum.entries;
        while sum.entries < known + ADDED
            && let Some(entry) = self.saved::<Entry>(&name(sum.entries), now).await?
            && now.duration_since(entry.since) >= 2 * span
        {
            sum.totals.add(&entry.totals);
            sum.entries += 1;
        }
        let begin = sum.entries;
        if begin > known {
            let sum = Sum { totals: bounded(sum.totals), ..sum };
            self.save(SUM.to_owned(), &sum, SUM_KEPT, None).await?;
        }
        // Entries have no gaps: the end is found by doubling, then by halving.
        let mut step = 1;
        while self.store.answer(&name(begin + step - 1), now).await?.is_some() {
            step *= 2;
        }
        let (mut taken, mut free) = (step / 2, step - 1);
        while taken < free {
            let middle = taken + (free - taken) / 2;
            match self.store.answer(&name(begin + middle), now).await? {
                Some(_) => taken = middle + 1,
                None => free = middle,
            }
        }
        Ok(begin + taken)
    }

    async fn saved<T: for<'de> Deserialize<'de>>(
        &self,
        name: &str,
        now: Timestamp,
    ) -> Result<Option<T>, StoreError> {
        let Some(answer) = self.store.answer(name, now).await? else { return Ok(None) };
        stored(answer.body.as_bytes())
            .map(Some)
            .map_err(|error| StoreError::Corrupt(error.to_string().into()))
    }

    /// Writes under a name; with `now`, only where there is nothing yet, and says whether it did.
    async fn save(
        &self,
        name: String,
        what: &impl Serialize,
        kept: Duration,
        now: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let body =
            serde_json::to_string(what).map_err(|error| StoreError::Corrupt(error.to_string().into()))?;
        let expires = self.clock.now() + kept;
        let answer = Answer { name: name.into(), request: [0; 32], status: 0, body: body.into(), expires };
        self.store.put_answer(answer, now).await
    }

    /// Runs in flight in any process, and the age of the oldest in seconds.
    async fn flights(&self, now: Timestamp) -> Result<(u64, f64), StoreError> {
        let (mut count, mut oldest) = (0, 0.0_f64);
        self.each_schedule(|_, schedule| {
            if let Some(run) = &schedule.run {
                count += 1;
                oldest = oldest.max(now.duration_since(run.started).as_secs_f64());
            }
        })
        .await?;
        Ok((count, oldest))
    }
}

/// The sum, without the names of tenants if it is long.
fn bounded(sum: Totals) -> Totals {
    let long = serde_json::to_string(&sum).is_ok_and(|text| text.len() > LONGEST);
    if long { sum.without_tenants() } else { sum }
}
