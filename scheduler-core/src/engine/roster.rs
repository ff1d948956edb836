//! Walks over schedules, and picks those that a filter means.

use std::ops::ControlFlow;
use std::sync::Arc;

use futures::future::try_join_all;

use super::Engine;
use crate::domain::{Filter, Interval, Key, Record, Schedule, Scope, Source, Tenant, Timestamp};
use crate::ports::StoreError;

/// Records read at once.
pub(crate) const STRIDE: usize = 4096;
/// Named records that are asked for at the same time.
const SIDE_BY_SIDE: usize = 64;

impl Engine {
    /// Visits the schedules of `scope` in the order of their tenants, after `after`.
    pub(crate) async fn walk(
        &self,
        source: &Source,
        scope: &Scope,
        after: Option<&Tenant>,
        stride: usize,
        visit: &mut (dyn FnMut(&Arc<Record>, &Schedule) -> ControlFlow<()> + Send),
    ) -> Result<(), StoreError> {
        let store = &self.store;
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

    /// The keys of the schedules of `scope` that `meant` picks, in the order of their tenants, at most `limit`.
    pub(crate) async fn pick(
        &self,
        source: &Source,
        scope: &Scope,
        after: Option<&Tenant>,
        limit: usize,
        meant: &mut (dyn FnMut(&Record, &Schedule) -> bool + Send),
    ) -> Result<Vec<Key>, StoreError> {
        let mut keys = Vec::new();
        self.walk(source, scope, after, limit, &mut |record, schedule| {
            if meant(record, schedule) {
                keys.push(record.key.clone());
            }
            if keys.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
        .await?;
        Ok(keys)
    }

    /// Whether the filter means this schedule, its tenant aside.
    pub(crate) fn means(
        &self,
        filter: &Filter,
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
        (filter.states.is_empty() || filter.states.contains(&schedule.state()))
            && filter.q.as_ref().is_none_or(holds)
            && (filter.intervals.is_empty() || interval().is_some_and(|own| filter.intervals.contains(&own)))
            && (!filter.overdue || self.overdue(&record.key, schedule, now).is_some())
            && (filter.tags.is_empty() || filter.tags.iter().any(|tag| tags.iter().any(|own| **own == **tag)))
    }
}

/// The part of a scope that a choice of tenants leaves.
pub(crate) fn narrowed(scope: &Scope, tenants: Option<&[Tenant]>) -> Scope {
    match tenants {
        None => scope.clone(),
        Some(tenants) => Scope::Only(tenants.iter().filter(|tenant| scope.admits(tenant)).cloned().collect()),
    }
}
