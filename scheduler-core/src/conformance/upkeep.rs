//! Pruning, probing and counting.

use super::fixtures::{
    answer, at, audit_of, done, due_first, ended, entries, first, first_leased, first_with, imported_of,
    item, key, other_source, range, run, runs_of, sealed, source, write_entries, write_range, write_run,
};
use crate::domain::{Run, RunState, Scope, Timestamp, Write};
use crate::ports::Store;

/// Runs that ended before the instant are forgotten, those that ended at it or later stay.
pub async fn ended_runs_are_pruned(store: &dyn Store) {
    let runs = [(1, 9), (2, 10), (3, 11)].map(|(n, end)| ended(run(&key("a"), n, at(0)), at(end)));
    done(store, first_with("a", runs.iter().map(write_run).collect())).await;

    assert_eq!(store.prune(at(10), at(0)).await.unwrap(), 1);

    assert_eq!(store.run(&runs[0].run_id).await.unwrap(), None);
    assert_eq!(store.run(&runs[1].run_id).await.unwrap(), Some(runs[1].clone()));
    for scope in [Scope::All, super::fixtures::only(&["a"])] {
        assert_eq!(store.runs(&runs_of(scope, 9)).await.unwrap().rows.len(), 2);
    }
    assert_eq!(store.prune(at(10), at(0)).await.unwrap(), 0);
}

/// A run in flight stays, however old it is; one that failed goes like one that went well.
pub async fn runs_in_flight_are_not_pruned(store: &dyn Store) {
    let running = run(&key("a"), 1, at(-900));
    let failed = Run { state: RunState::Failed, ..ended(run(&key("a"), 2, at(-900)), at(-800)) };
    done(store, first_with("a", vec![write_run(&running), write_run(&failed)])).await;

    assert_eq!(store.prune(at(0), at(0)).await.unwrap(), 1);

    assert_eq!(store.run(&running.run_id).await.unwrap(), Some(running));
}

/// Ranges whose last slot lies before the instant are forgotten.
pub async fn past_ranges_are_pruned(store: &dyn Store) {
    let ranges = [range(at(0), 2), range(at(900), 3), range(at(3_000), 1)];
    done(store, first_with("a", ranges.iter().map(write_range).collect())).await;

    assert_eq!(store.prune(at(1_500), at(0)).await.unwrap(), 1);

    let left = store.occurrences(&key("a"), Timestamp::MIN, Timestamp::MAX).await.unwrap();
    assert_eq!(left, ranges[1..]);
}

/// Expired answers are forgotten and counted.
pub async fn expired_answers_are_pruned(store: &dyn Store) {
    for (name, expires) in [("a", 9), ("b", 10), ("c", 11)] {
        store.put_answer(answer(name, "{}", at(expires)), None).await.unwrap();
    }

    assert_eq!(store.prune(at(0), at(10)).await.unwrap(), 2);

    assert!(store.answer("c", at(10)).await.unwrap().is_some());
    assert_eq!(store.prune(at(0), at(10)).await.unwrap(), 0);
}

/// Nothing else is pruned: records, audit, imported data, connections.
pub async fn nothing_else_is_pruned(store: &dyn Store) {
    let mut change = first_leased("a", 1);
    change.writes = write_entries(&entries(&key("a"), 3));
    change.writes.push(Write::Connection(Some(Box::new(sealed("one")))));
    done(store, change.clone()).await;
    done(store, due_first("b", at(0))).await;
    store.import(&key("a"), 1, at(0), vec![item("jobs", "1", "x")]).await.unwrap();
    store.mark_gone(&key("a"), 1, at(0), &"jobs".into(), &["1".into()]).await.unwrap();

    assert_eq!(store.prune(Timestamp::MAX, Timestamp::MAX).await.unwrap(), 0);

    assert_eq!(store.load(&key("a")).await.unwrap(), Some(change.next));
    assert_eq!(store.next_due(None).await.unwrap(), Some(at(0)));
    assert_eq!(store.audit_count(&audit_of(Scope::All, 1)).await.unwrap(), 3);
    assert_eq!(store.imported(&imported_of("a", 9)).await.unwrap().rows.len(), 1);
    assert!(store.connection(&key("a")).await.unwrap().is_some());
}

/// A store that works can be probed again and again, and nothing shows of it.
pub async fn a_probe_leaves_no_trace(store: &dyn Store) {
    done(store, first("a")).await;

    for secs in [0, 1, 1, 0] {
        store.probe(at(secs)).await.unwrap();
    }

    assert_eq!(store.scan(&source(), None, 9).await.unwrap(), [first("a").next]);
    assert!(store.chains(None, 9).await.unwrap().is_empty());
    assert_eq!(store.next_due(None).await.unwrap(), None);
}

/// Places are given in order, each once, and per source.
pub async fn places_are_given_once(store: &dyn Store) {
    let mut free = 0;
    for count in [1, 10, 1, 1_000, 1] {
        let first = store.place(&source(), count).await.unwrap();
        assert!(first >= free, "{first} was given before");
        free = first + count;
    }

    let other = store.place(&other_source(), 1).await.unwrap();

    assert!(other < free, "another source has its own counter");
}
