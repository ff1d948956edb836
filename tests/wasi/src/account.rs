//! The account of slots, looked at from outside of any host.

use std::collections::BTreeSet;
use std::time::Duration;

use scheduler_core::domain::{Disposition, Key, Run, RunState, Scope, Timestamp, Trigger};
use scheduler_core::ports::{RunQuery, Store};

/// The runs of a source, newest first.
pub async fn runs(store: &dyn Store, key: &Key, state: Option<RunState>) -> Vec<Run> {
    let query = RunQuery {
        source: key.source.clone(),
        scope: Scope::All,
        state,
        trigger: None,
        since: None,
        until: None,
        cursor: None,
        limit: 100_000,
    };
    store.runs(&query).await.expect("the store answers").rows
}

/// Each slot of a tenant with an interval, from the first one to the last that is over, has one disposition, and each
/// that ran has one run. Gives how many slots there were.
pub async fn slots_add_up(store: &dyn Store, key: &Key, interval: Duration, until: Timestamp) -> u64 {
    let ranges = store.occurrences(key, Timestamp::from_millis(0), until).await.expect("the store answers");
    let (first, last) = (ranges.first().expect("slots").first, ranges.last().expect("slots").last);
    assert!(ranges.windows(2).all(|pair| pair[0].last < pair[1].first), "a slot counts twice: {ranges:?}");

    // The first slot is when the schedule was made; from then on they are on the grid.
    let anchor = ranges[0].anchor;
    let place = |slot: Timestamp| (slot.duration_since(anchor).as_millis() / interval.as_millis()) as u64;
    let slots: u64 = ranges.iter().map(|range| range.count).sum();
    assert_eq!(slots, 1 + place(last) - place(first), "a slot is lost: {ranges:?}");

    let ran =
        ranges.iter().filter(|range| matches!(range.disposition, Disposition::Ran | Disposition::RanLate));
    let ran: u64 = ran.map(|range| range.count).sum();
    let mut runs = runs(store, key, None).await;
    runs.retain(|run| run.key == *key && run.trigger == Trigger::Schedule);
    let served: BTreeSet<_> = runs.iter().filter_map(|run| run.slot).collect();
    assert_eq!(
        (runs.len(), served.len() as u64),
        (served.len(), ran),
        "a slot ran twice, or not: {ranges:?}"
    );
    slots
}
