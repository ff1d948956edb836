//! Counters of several processes: each writes down its own, and whoever is asked adds them up.
//!
//! They are kept as stored answers, so that no record and no version changes for them. A process is the only
//! one that writes under its name; a name that is old enough counts no more and is added to a common sum.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Engine;
use crate::domain::{Answer, Timestamp};
use crate::metrics::Totals;
use crate::ports::StoreError;

/// A process writes under one name for so long.
const NAMED: Duration = Duration::from_secs(6 * 3600);
/// After so long, nobody writes under a name any more, and what it counted is final.
const FINAL: Duration = Duration::from_secs(12 * 3600);
/// How often a process makes sure that it is on the roll.
const CALLED: Duration = Duration::from_secs(600);
/// How long what was written is kept.
const KEPT: Duration = Duration::from_secs(400 * 24 * 3600);
/// A longer sum goes without the names of tenants, in bytes.
const LONGEST: usize = 150_000;

const ROLL: &str = "counters";

/// What a process knows of its own counters.
#[derive(Default)]
pub(super) struct Tally {
    /// Under which name it writes, since when.
    name: Option<(Arc<str>, Timestamp)>,
    /// What it had counted before it took that name.
    before: Totals,
    /// When it was last seen to be on the roll.
    called: Option<Duration>,
    /// When it last wrote.
    saved: Option<Duration>,
}

/// Who counts, and what all have counted who do no more.
#[derive(Default, Serialize, Deserialize)]
struct Roll {
    names: Vec<(Arc<str>, Timestamp)>,
    sum: Totals,
}

impl Engine {
    /// The counters in their text form: of all processes, where several work on the store.
    pub async fn metrics_text(&self, tenants: bool) -> Result<String, StoreError> {
        let mut census = self.census().await?;
        if !self.config.counts_together {
            return Ok(self.metrics.render(&census, tenants));
        }
        self.save_counts(Duration::ZERO).await?;
        let now = self.clock.now();
        let roll: Roll = self.saved(ROLL, now).await?;
        let mut totals = roll.sum;
        for (name, _) in &roll.names {
            totals.add(&self.saved(name, now).await?);
        }
        let flights = self.flights(now).await?;
        (census.in_flight, census.oldest_in_flight) = flights;
        Ok(self.metrics.render_totals(&census, tenants, &totals))
    }

    /// Writes down what this process has counted, unless it did so less than `pause` ago.
    pub async fn save_counts(&self, pause: Duration) -> Result<(), StoreError> {
        let (now, monotonic) = (self.clock.now(), self.clock.monotonic());
        let mut tally = self.tally.lock().await;
        if tally.saved.is_some_and(|saved| monotonic.saturating_sub(saved) < pause) {
            return Ok(());
        }
        let totals = self.metrics.totals();
        let name = match &tally.name {
            Some((name, since)) if now.duration_since(*since) < NAMED => name.clone(),
            _ => {
                let fresh: Arc<str> = format!("{ROLL}/{}/{}", self.worker, now.millis()).into();
                (tally.before, tally.called) =
                    (if tally.name.is_some() { totals.clone() } else { Totals::default() }, None);
                tally.name = Some((fresh.clone(), now));
                fresh
            }
        };
        self.save(&name, &totals.since(&tally.before), now).await?;
        tally.saved = Some(monotonic);
        if tally.called.is_none_or(|called| monotonic.saturating_sub(called) >= CALLED) {
            self.call(&name, now).await?;
            tally.called = Some(monotonic);
        }
        Ok(())
    }

    /// Makes sure that a name is on the roll. Of two who write the roll at once one may be left out: it is
    /// put on it again by its next call.
    async fn call(&self, name: &Arc<str>, now: Timestamp) -> Result<(), StoreError> {
        let mut roll: Roll = self.saved(ROLL, now).await?;
        let (old, mut names): (Vec<_>, Vec<_>) =
            roll.names.into_iter().partition(|(_, since)| now.duration_since(*since) >= FINAL);
        let known = names.iter().any(|(known, _)| known == name);
        if known && old.is_empty() {
            return Ok(());
        }
        for (name, _) in &old {
            roll.sum.add(&self.saved(name, now).await?);
        }
        if !known {
            names.push((name.clone(), now));
        }
        self.save(ROLL, &Roll { names, sum: bounded(roll.sum) }, now).await
    }

    async fn saved<T: Default + for<'de> Deserialize<'de>>(
        &self,
        name: &str,
        now: Timestamp,
    ) -> Result<T, StoreError> {
        let answer = self.store.answer(name, now).await?;
        Ok(answer.and_then(|answer| serde_json::from_str(&answer.body).ok()).unwrap_or_default())
    }

    async fn save(&self, name: &str, what: &impl Serialize, now: Timestamp) -> Result<(), StoreError> {
        let body =
            serde_json::to_string(what).map_err(|error| StoreError::Corrupt(error.to_string().into()))?;
        let expires = now + KEPT;
        let answer = Answer { name: name.into(), request: [0; 32], status: 0, body: body.into(), expires };
        self.store.put_answer(answer, None).await.map(drop)
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
