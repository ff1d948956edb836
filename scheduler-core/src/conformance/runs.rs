//! Runs are read newest first, of those tenants that the reader may see.

use super::fixtures::{
    at, done, ended, first_of, first_with, foreign_cursors, hostile, key, only, other_source, remark, run,
    runs_of, tenant, then, write_run,
};
use crate::domain::{
    Change, ErrorKind, Key, Run, RunError, RunId, RunState, Scope, Stats, Timestamp, Trigger, Write,
};
use crate::ports::{RunQuery, Store, StoreError};

/// A run that was never written is none.
pub async fn an_unknown_run_is_none(store: &dyn Store) {
    assert!(store.run(&RunId::new(&key("a"), 1, at(0))).await.unwrap().is_none());
    assert!(walk(store, runs_of(Scope::All, 9)).await.is_empty());
}

/// Every field of a run survives.
pub async fn a_run_comes_back_as_it_was(store: &dyn Store) {
    let plain = run(&key("a"), 1, at(0));
    let full = Run {
        trigger: Trigger::Retry,
        attempt: 3,
        slot: None,
        lateness_ms: None,
        state: RunState::Failed,
        finished: Some(Timestamp::from_millis(at(9).millis() + 1)),
        duration_ms: Some(9_001),
        stats: Stats { imported: 1, skipped: 2, created: 3, updated: 4, gone: 5, failed: 6, requests: 7 },
        message: Some("half done".into()),
        error: Some(RunError::new(ErrorKind::Protocol, "no \"id\" in row 7")),
        log: vec![remark("first page"), remark(""), remark("Zoë's page")],
        ..run(&key("a"), 2, at(1))
    };

    done(store, first_with("a", vec![write_run(&plain), write_run(&full)])).await;

    assert_eq!(store.run(&plain.run_id).await.unwrap(), Some(plain));
    assert_eq!(store.run(&full.run_id).await.unwrap(), Some(full));
}

/// Free text of a run survives, whatever it holds.
pub async fn hostile_text_in_a_run_survives(store: &dyn Store) {
    let texts = hostile();
    let runs: Vec<_> = texts
        .iter()
        .zip(0..)
        .map(|(text, fence)| Run {
            message: Some(text.as_str().into()),
            worker: text.as_str().into(),
            log: vec![remark(text)],
            ..run(&key("a"), fence, at(0))
        })
        .collect();

    done(store, first_with("a", runs.iter().map(write_run).collect())).await;

    for run in runs {
        assert_eq!(store.run(&run.run_id).await.unwrap(), Some(run));
    }
}

/// Log lines come with one run, never with a list.
pub async fn log_lines_come_with_one_run_only(store: &dyn Store) {
    let noted = Run { log: vec![remark("noted")], ..run(&key("a"), 1, at(0)) };
    done(store, first_with("a", vec![write_run(&noted)])).await;

    let listed = walk(store, runs_of(Scope::All, 9)).await;

    assert_eq!(listed, [Run { log: Vec::new(), ..noted.clone() }]);
    assert_eq!(store.run(&noted.run_id).await.unwrap(), Some(noted));
}

/// A run that ends replaces the run that began, and shows under its new state alone.
pub async fn a_run_is_replaced_by_its_name(store: &dyn Store) {
    let begun = run(&key("a"), 1, at(0));
    let claim = first_with("a", vec![write_run(&begun)]);
    let finish = Change { writes: vec![write_run(&ended(begun.clone(), at(5)))], ..then(&claim) };
    let running = || RunQuery { state: Some(RunState::Running), ..runs_of(Scope::All, 9) };

    done(store, claim).await;
    assert_eq!(walk(store, running()).await.len(), 1);
    done(store, finish).await;

    assert!(walk(store, running()).await.is_empty());
    assert_eq!(walk(store, runs_of(Scope::All, 9)).await, [ended(begun, at(5))]);
}

/// The newest comes first, whatever the order of the writes.
pub async fn the_newest_run_comes_first(store: &dyn Store) {
    let runs = [3_i64, 1, 4, 2, 0].map(|secs| run(&key("a"), secs.unsigned_abs(), at(secs)));

    done(store, first_with("a", runs.iter().map(write_run).collect())).await;

    let started: Vec<_> = walk(store, runs_of(Scope::All, 2)).await.iter().map(|run| run.started).collect();
    assert_eq!(started, [4, 3, 2, 1, 0].map(at));
}

/// Runs that began in one millisecond have an order, too: pages neither repeat nor skip them.
pub async fn runs_of_one_instant_are_paged_whole(store: &dyn Store) {
    let writes = (0..25).map(|fence| write_run(&run(&key("a"), fence, at(0)))).collect();
    done(store, first_with("a", writes)).await;

    let whole = walk(store, runs_of(Scope::All, 99)).await;

    assert_eq!(whole.len(), 25);
    assert_eq!(walk(store, runs_of(Scope::All, 4)).await, whole);
    assert_eq!(walk(store, runs_of(only(&["a"]), 4)).await, whole);
}

/// The last page says that it is the last, even when it is full.
pub async fn a_full_last_page_of_runs_has_no_next(store: &dyn Store) {
    let writes = (0..6).map(|fence| write_run(&run(&key("a"), fence, at(0)))).collect();
    done(store, first_with("a", writes)).await;

    for scope in [Scope::All, only(&["a"])] {
        let first = store.runs(&runs_of(scope.clone(), 3)).await.unwrap();
        let last = store.runs(&RunQuery { cursor: first.next, ..runs_of(scope, 3) }).await.unwrap();

        assert_eq!((first.rows.len(), last.rows.len(), last.next), (3, 3, None));
    }
}

/// New runs that begin during a walk push nothing out of it.
pub async fn a_walk_while_runs_begin_neither_repeats_nor_skips(store: &dyn Store) {
    let begun: Vec<_> = (0..12).map(|secs| run(&key("a"), secs, at(0))).collect();
    let mut change = first_with("a", begun.iter().map(write_run).collect());
    done(store, change.clone()).await;
    let mut query = runs_of(Scope::All, 5);
    let mut met = Vec::new();

    loop {
        let page = store.runs(&query).await.unwrap();
        met.extend(page.rows);
        let Some(next) = page.next else { break };
        query.cursor = Some(next);
        let newer = run(&key("a"), 100 + met.len() as u64, at(60));
        change = Change { writes: vec![write_run(&newer)], ..then(&change) };
        done(store, change.clone()).await;
    }

    met.sort_by(|left, right| left.run_id.cmp(&right.run_id));
    let mut begun = begun;
    begun.sort_by(|left, right| left.run_id.cmp(&right.run_id));
    assert_eq!(met, begun);
}

/// Any run's id is a place in the list, whether or not there is such a run.
pub async fn any_run_id_is_a_cursor(store: &dyn Store) {
    let runs = [0, 10, 20].map(|secs| run(&key("a"), 1, at(secs)));
    done(store, first_with("a", runs.iter().map(write_run).collect())).await;
    let after = |id: RunId| RunQuery { cursor: Some(id.to_string()), ..runs_of(Scope::All, 9) };

    assert_eq!(walk(store, after(runs[1].run_id.clone())).await, [runs[0].clone()]);
    assert_eq!(
        walk(store, after(RunId::new(&key("z"), 7, at(15)))).await,
        [runs[1].clone(), runs[0].clone()]
    );
}

/// A text that is no place in the list is the caller's error.
pub async fn a_foreign_cursor_of_runs_is_refused(store: &dyn Store) {
    done(store, first_with("a", vec![write_run(&run(&key("a"), 1, at(0)))])).await;

    for cursor in foreign_cursors() {
        let answer = store.runs(&RunQuery { cursor: Some(cursor.clone()), ..runs_of(Scope::All, 9) }).await;
        assert!(matches!(answer, Err(StoreError::Cursor)), "{cursor:?}: {answer:?}");
    }
}

/// Each filter lets through what it names: `since` includes its instant, `until` does not.
pub async fn runs_are_filtered(store: &dyn Store) {
    let key = key("a");
    let states = [RunState::Succeeded, RunState::Failed, RunState::Abandoned, RunState::Running];
    let triggers = [Trigger::Schedule, Trigger::Manual, Trigger::Retry];
    let runs: Vec<_> = (0..24)
        .map(|n| Run { state: states[n % 4], trigger: triggers[n % 3], ..run(&key, n as u64, at(n as i64)) })
        .collect();
    done(store, first_with("a", runs.iter().map(write_run).collect())).await;
    let all = || runs_of(Scope::All, 2);
    let queries = [
        RunQuery { state: Some(RunState::Failed), ..all() },
        RunQuery { trigger: Some(Trigger::Manual), ..all() },
        RunQuery { since: Some(at(20)), ..all() },
        RunQuery { until: Some(at(3)), ..all() },
        RunQuery { since: Some(at(5)), until: Some(at(5)), ..all() },
        RunQuery {
            state: Some(RunState::Running),
            trigger: Some(Trigger::Retry),
            since: Some(at(9)),
            ..all()
        },
    ];

    for query in queries {
        let wanted = runs.iter().rev().filter(|run| {
            query.state.is_none_or(|state| state == run.state)
                && query.trigger.is_none_or(|trigger| trigger == run.trigger)
                && query.since.is_none_or(|since| run.started >= since)
                && query.until.is_none_or(|until| run.started < until)
        });
        let wanted: Vec<_> = wanted.cloned().collect();
        assert_eq!(walk(store, query.clone()).await, wanted, "{query:?}");
        let scoped = RunQuery { scope: only(&["a", "b"]), ..query };
        assert_eq!(walk(store, scoped).await, wanted);
    }
}

/// Only tenants within the scope show, in one order, page by page; none show in an empty scope.
pub async fn runs_outside_the_scope_do_not_show(store: &dyn Store) {
    let names = ["a", "b", "c", "d"];
    for (name, shift) in names.into_iter().zip(0..) {
        let writes: Vec<Write> =
            (0..5).map(|n| write_run(&run(&key(name), n, at(n as i64 * 10 + shift)))).collect();
        done(store, first_with(name, writes)).await;
    }

    for (scope, count) in
        [(only(&["b"]), 5), (only(&["a", "c", "nobody"]), 10), (only(&[]), 0), (Scope::All, 20)]
    {
        let met = walk(store, runs_of(scope.clone(), 3)).await;
        assert_eq!(met.len(), count);
        assert!(met.iter().all(|run| scope.admits(&run.key.tenant)));
        assert!(met.is_sorted_by(|left, right| left.started > right.started));
    }
}

/// A tenant's runs at another source do not show.
pub async fn runs_of_another_source_do_not_show(store: &dyn Store) {
    let other = Key::new(other_source(), tenant("a"));
    let (here, there) = (run(&key("a"), 1, at(0)), run(&other, 1, at(1)));

    done(store, first_with("a", vec![write_run(&here)])).await;
    done(store, Change { writes: vec![write_run(&there)], ..first_of(other) }).await;

    for scope in [Scope::All, only(&["a"])] {
        assert_eq!(walk(store, runs_of(scope.clone(), 9)).await, std::slice::from_ref(&here));
        let query = RunQuery { source: other_source(), ..runs_of(scope, 9) };
        assert_eq!(walk(store, query).await, std::slice::from_ref(&there));
    }
}

/// All pages of a query, one after the other.
async fn walk(store: &dyn Store, mut query: RunQuery) -> Vec<Run> {
    let mut met = Vec::new();
    loop {
        let page = store.runs(&query).await.unwrap();
        assert!(page.rows.len() <= query.limit);
        met.extend(page.rows);
        let Some(next) = page.next else { return met };
        assert!(met.len() < 1_000, "the walk does not end");
        query.cursor = Some(next);
    }
}
