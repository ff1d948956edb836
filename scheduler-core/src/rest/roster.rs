//! Which schedules a request means, and how many there are.

use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use utoipa::ToSchema;

use super::problem::{Error, Result};
use super::query::{Params, listed};
use crate::domain::{Filter, Source, State};

/// How many schedules there are, by state.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
pub(super) struct Counts {
    total: u64,
    ok: u64,
    error: u64,
    paused: u64,
    running: u64,
    backoff: u64,
    broken: u64,
    never: u64,
}

impl Counts {
    pub(super) fn total(self) -> u64 {
        self.total
    }

    pub(super) fn add(&mut self, state: State) {
        self.total += 1;
        *match state {
            State::Ok => &mut self.ok,
            State::Error => &mut self.error,
            State::Paused => &mut self.paused,
            State::Running => &mut self.running,
            State::Backoff => &mut self.backoff,
            State::Broken => &mut self.broken,
            State::Never => &mut self.never,
        } += 1;
    }
}

/// The counts of each source for all tenants, with the version at which they held.
#[derive(Default)]
pub(super) struct KnownCounts(Mutex<Vec<(Source, u64, Counts)>>);

impl KnownCounts {
    pub(super) fn at(&self, source: &Source, version: u64) -> Option<Counts> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(of, at, _)| of == source && *at == version).map(|(.., counts)| *counts)
    }

    pub(super) fn put(&self, source: &Source, version: u64, counts: Counts) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(of, ..)| of != source);
        known.push((source.clone(), version, counts));
    }
}

/// Reads seconds out of a comma-separated list.
pub(super) fn intervals(name: &'static str, text: &str) -> Result<Vec<u32>> {
    let problem = || Error::field(name, "must be whole numbers of seconds, separated by commas");
    listed(text).map(|word| word.parse().map_err(|_| problem())).collect()
}

/// Reads `tenant`, `state`, `q`, `tag`, `interval_sec` and `overdue`.
pub(super) fn filter_of(params: &Params) -> Result<Filter> {
    let known = || State::ALL.map(State::as_str).join(", ");
    let mut states = Vec::new();
    for word in listed(params.bounded("state", 128)?.unwrap_or_default()) {
        let state = State::parse(&word);
        states.push(state.ok_or_else(|| Error::field("state", format!("must be one of {}", known())))?);
    }
    Ok(Filter {
        tenants: params.tenant()?.map(|tenant| vec![tenant]),
        states,
        q: params.bounded("q", 128)?.map(str::to_lowercase),
        tags: listed(params.bounded("tag", 256)?.unwrap_or_default()).map(Into::into).collect(),
        intervals: intervals("interval_sec", params.bounded("interval_sec", 128)?.unwrap_or_default())?,
        overdue: params.flag("overdue")?.unwrap_or(false),
    })
}
