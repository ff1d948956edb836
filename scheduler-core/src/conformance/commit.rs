//! A change is made on the version that it read, or not at all.

use super::fixtures::{
    all_done, at, deleted, done, due_first, edited, first, first_leased, key, refused, source, then,
};
use crate::domain::Change;
use crate::ports::{Commit, Store};

/// A batch of nothing is made, with no answer.
pub async fn an_empty_batch_has_no_answers(store: &dyn Store) {
    assert!(store.commit(Vec::new()).await.unwrap().is_empty());
}

/// Whatever reads after a commit reads what was committed.
pub async fn a_commit_is_read_by_all_that_comes_after(store: &dyn Store) {
    let mut change = due_first("a", at(1));
    for _ in 0..20 {
        done(store, change.clone()).await;

        assert_eq!(store.load(&key("a")).await.unwrap().as_ref(), Some(&change.next));
        assert_eq!(store.due(at(1), 9).await.unwrap(), [change.next.clone()]);
        change = then(&change);
    }
}

/// A change that was read before someone else's is refused, and nothing shows of it.
pub async fn a_stale_change_is_refused(store: &dyn Store) {
    let base = first("a");
    let (winner, loser) = (edited(then(&base), |r| r.fence = 1), edited(then(&base), |r| r.fence = 2));
    all_done(store, vec![base, winner.clone()]).await;

    refused(store, loser).await;

    assert_eq!(store.load(&key("a")).await.unwrap(), Some(winner.next));
}

/// A record that is there can not be made a first time.
pub async fn a_second_first_change_is_refused(store: &dyn Store) {
    done(store, first("a")).await;

    refused(store, first_leased("a", 9)).await;

    assert_eq!(store.load(&key("a")).await.unwrap(), Some(first("a").next));
}

/// A record that is not there has version zero, and no other.
pub async fn a_later_change_of_no_record_is_refused(store: &dyn Store) {
    refused(store, then(&first("a"))).await;

    assert!(store.load(&key("a")).await.unwrap().is_none());
}

/// A change on a version that was never reached is refused.
pub async fn a_change_from_the_future_is_refused(store: &dyn Store) {
    let base = first("a");
    done(store, base.clone()).await;

    refused(store, then(&then(&base))).await;

    assert_eq!(store.load(&key("a")).await.unwrap().map(|record| record.version), Some(1));
}

/// The answers stand in the order of the changes, and a stale change harms no other.
pub async fn a_stale_change_harms_no_other_in_its_batch(store: &dyn Store) {
    let names = ["a", "b", "c", "d", "e"];
    all_done(store, names.map(first).into()).await;
    done(store, then(&first("c"))).await;

    let answers = store.commit(names.map(|name| then(&first(name))).into()).await.unwrap();

    let conflicts: Vec<_> = answers.iter().map(|answer| *answer == Commit::Conflict).collect();
    assert_eq!(conflicts, [false, false, true, false, false]);
    for name in names {
        assert_eq!(store.load(&key(name)).await.unwrap().map(|record| record.version), Some(2), "{name}");
    }
}

/// A batch may take one record through several steps.
pub async fn changes_of_one_record_are_made_in_order(store: &dyn Store) {
    let mut steps = vec![first("a")];
    while steps.len() < 40 {
        steps.extend(steps.last().map(then));
    }
    steps.insert(20, first("b"));

    all_done(store, steps).await;

    assert_eq!(store.load(&key("a")).await.unwrap().map(|record| record.version), Some(40));
    assert_eq!(store.load(&key("b")).await.unwrap().map(|record| record.version), Some(1));
}

/// Of two changes on one version in a batch, the first is made.
pub async fn the_second_of_two_rivals_in_a_batch_is_refused(store: &dyn Store) {
    let (winner, loser) = (first_leased("a", 1), first_leased("a", 2));

    let answers = store.commit(vec![winner.clone(), loser.clone(), then(&winner)]).await.unwrap();

    assert!(matches!(answers[..], [Commit::Done(_), Commit::Conflict, Commit::Done(_)]), "got {answers:?}");
    assert_eq!(store.load(&key("a")).await.unwrap(), Some(then(&winner).next));
}

/// A change that builds on a refused one is refused as well, unless another made its version.
pub async fn what_builds_on_a_refused_change_is_refused(store: &dyn Store) {
    let lost = then(&first("a"));

    let answers = store.commit(vec![lost.clone(), then(&lost), first("b")]).await.unwrap();

    assert!(matches!(answers[..], [Commit::Conflict, Commit::Conflict, Commit::Done(_)]), "got {answers:?}");
    assert!(store.load(&key("a")).await.unwrap().is_none());
}

/// The version grows with every change, and `version` tells the last one.
pub async fn the_version_grows_with_every_change(store: &dyn Store) {
    let mut last = store.version().await.unwrap();
    let a = first("a");

    for change in [a.clone(), first("b"), then(&a), deleted(&then(&a))] {
        let version = done(store, change).await;
        assert!(version > last, "{version} follows {last}");
        assert_eq!(store.version().await.unwrap(), version);
        last = version;
    }
    for answer in store.commit(["c", "d", "e"].map(first).into()).await.unwrap() {
        assert!(matches!(answer, Commit::Done(version) if version > last), "{answer:?} follows {last}");
        last += 1;
    }
}

/// Two thousand changes in one batch are made like one.
pub async fn a_batch_of_two_thousand_is_made(store: &dyn Store) {
    let names: Vec<_> = (0..2_000).map(|number| format!("t{number:04}")).collect();
    let changes: Vec<Change> =
        names.iter().zip(0..).map(|(name, secs)| due_first(name, at(secs % 60))).collect();

    all_done(store, changes.clone()).await;
    all_done(store, changes.iter().map(then).collect()).await;

    let stored = store.scan(&source(), None, 3_000).await.unwrap();
    assert_eq!(stored.len(), 2_000);
    assert!(stored.iter().all(|record| record.version == 2));
    assert_eq!(store.due(at(60), 3_000).await.unwrap().len(), 2_000);
}
