//! Walks over the schedules that a principal may see, and counts them.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::try_join_all;
use serde::Serialize;
use utoipa::ToSchema;

use super::Surface;
use super::problem::Error;
use super::query::{Params, listed};
use crate::domain::{Interval, Key, Record, Schedule, Scope, Source, State, Tenant, Timestamp};
use crate::engine::Engine;

/// Records read at once.
const STRIDE: usize = 4096;
/// Named records that are asked for at the same time.
const SIDE_BY_SIDE: usize = 64;

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
pub(super) struct KnownCounts(Mutex<HashMap<Source, (u64, Counts)>>);

impl KnownCounts {
    pub(super) fn at(&self, source: &Source, version: u64) -> Option<Counts> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(source).filter(|(at, _)| *at == version).map(|(_, counts)| *counts)
    }

    pub(super) fn put(&self, source: &Source, version: u64, counts: Counts) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(source.clone(), (version, counts));
    }
}

/// Which schedules are wanted.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    pub(super) tenants: Option<Vec<Tenant>>,
    pub(super) states: Vec<State>,
    pub(super) q: Option<String>,
    pub(super) tags: Vec<String>,
    /// In seconds; any will do.
    pub(super) intervals: Vec<u32>,
    pub(super) overdue: bool,
}

/// Reads seconds out of a comma-separated list.
pub(super) fn intervals(name: &'static str, text: &str) -> Result<Vec<u32>, Error> {
    let problem = || Error::field(name, "must be whole numbers of seconds, separated by commas");
    listed(text).map(|word| word.parse().map_err(|_| problem())).collect()
}

impl Filter {
    /// Reads `tenant`, `state`, `q`, `tag`, `interval_sec` and `overdue`; of several words, any will do.
    pub(super) fn of(params: &Params) -> Result<Self, Error> {
        let known = || State::ALL.map(State::as_str).join(", ");
        let mut states = Vec::new();
        for word in listed(params.bounded("state", 128)?.unwrap_or_default()) {
            let state = State::parse(&word);
            states.push(state.ok_or_else(|| Error::field("state", format!("must be one of {}", known())))?);
        }
        Ok(Self {
            tenants: params.tenant()?.map(|tenant| vec![tenant]),
            states,
            q: params.bounded("q", 128)?.map(str::to_lowercase),
            tags: listed(params.bounded("tag", 256)?.unwrap_or_default()).map(Into::into).collect(),
            intervals: intervals("interval_sec", params.bounded("interval_sec", 128)?.unwrap_or_default())?,
            overdue: params.flag("overdue")?.unwrap_or(false),
        })
    }

    /// Whether every schedule is wanted.
    pub(super) fn is_open(&self) -> bool {
        let Self { tenants, states, q, tags, intervals, overdue } = self;
        tenants.is_none()
            && states.is_empty()
            && q.is_none()
            && tags.is_empty()
            && intervals.is_empty()
            && !overdue
    }

    /// Whether this schedule is wanted, its tenant aside.
    pub(super) fn admits(
        &self,
        engine: &Engine,
        record: &Record,
        schedule: &Schedule,
        now: Timestamp,
    ) -> bool {
        let tags = &schedule.spec.tags;
        let interval = || schedule.spec.interval().map(Interval::secs);
        let holds = |q: &String| {
            let note = schedule.spec.note.as_deref().unwrap_or_default();
            record.key.tenant.as_str().contains(q.as_str()) || note.to_lowercase().contains(q.as_str())
        };
        (self.states.is_empty() || self.states.contains(&schedule.state()))
            && self.q.as_ref().is_none_or(holds)
            && (self.intervals.is_empty() || interval().is_some_and(|own| self.intervals.contains(&own)))
            && (!self.overdue || engine.overdue(&record.key, schedule, now).is_some())
            && (self.tags.is_empty() || self.tags.iter().any(|tag| tags.iter().any(|own| **own == **tag)))
    }
}

impl Surface {
    /// Visits the schedules of `scope` in the order of their tenants, after `after`.
    pub(super) async fn walk(
        &self,
        source: &Source,
        scope: &Scope,
        after: Option<&Tenant>,
        stride: usize,
        mut visit: impl FnMut(&Arc<Record>, &Schedule) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let store = self.engine.store();
        if let Scope::Only(tenants) = scope {
            let named: Vec<_> =
                tenants.iter().filter(|tenant| after.is_none_or(|after| *tenant > after)).collect();
            for some in named.chunks(SIDE_BY_SIDE) {
                let keys: Vec<_> =
                    some.iter().map(|tenant| Key::new(source.clone(), (*tenant).clone())).collect();
                for record in
                    try_join_all(keys.iter().map(|key| store.load(key))).await?.into_iter().flatten()
                {
                    if let Some(schedule) = &record.schedule
                        && visit(&record, schedule).is_break()
                    {
                        return Ok(());
                    }
                }
            }
            return Ok(());
        }
        let stride = stride.min(STRIDE);
        let mut after = after.cloned();
        loop {
            let page = store.scan(source, after.as_ref(), stride).await?;
            for record in &page {
                if let Some(schedule) = &record.schedule
                    && visit(record, schedule).is_break()
                {
                    return Ok(());
                }
            }
            match page.last() {
                Some(last) if page.len() >= stride => after = Some(last.key.tenant.clone()),
                _ => return Ok(()),
            }
        }
    }

    /// The keys of the schedules that the filter picks, in order.
    pub(super) async fn pick(
        &self,
        source: &Source,
        scope: &Scope,
        filter: &Filter,
    ) -> Result<Vec<Key>, Error> {
        let scope = narrowed(scope, filter.tenants.as_deref());
        let (now, mut keys) = (self.now(), Vec::new());
        self.walk(source, &scope, None, STRIDE, |record, schedule| {
            if filter.admits(&self.engine, record, schedule, now) {
                keys.push(record.key.clone());
            }
            ControlFlow::Continue(())
        })
        .await?;
        Ok(keys)
    }
}

/// The part of a scope that a choice of tenants leaves.
pub(super) fn narrowed(scope: &Scope, tenants: Option<&[Tenant]>) -> Scope {
    match tenants {
        None => scope.clone(),
        Some(tenants) => Scope::Only(tenants.iter().filter(|tenant| scope.admits(tenant)).cloned().collect()),
    }
}
