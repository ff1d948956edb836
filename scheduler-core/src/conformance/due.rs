//! What is due is found, earliest first.

use super::fixtures::{
    all_done, at, deleted, done, due_first, edited, first_of, key, other_source, refused, tenant, then,
};
use crate::domain::{Change, Key, Timestamp};
use crate::ports::Store;

/// The earliest comes first, whatever the order of the writes and the names.
pub async fn the_earliest_is_due_first(store: &dyn Store) {
    let (x, y, z) = (due_first("x", at(20)), due_first("y", at(30)), due_first("z", at(10)));
    let other = Change { due_at: Some(at(25)), ..first_of(Key::new(other_source(), tenant("a"))) };

    all_done(store, vec![y, other, z, x]).await;

    assert_eq!(due(store, at(99), 9).await, ["z", "x", "a", "y"]);
    assert_eq!(due(store, at(99), 2).await, ["z", "x"]);
}

/// A record is due at its very instant and not a millisecond before.
pub async fn a_record_is_due_at_its_very_instant(store: &dyn Store) {
    done(store, due_first("a", at(10))).await;

    assert!(due(store, Timestamp::from_millis(at(10).millis() - 1), 9).await.is_empty());
    assert_eq!(due(store, at(10), 9).await, ["a"]);
}

/// A change without an instant takes its record from the due ones.
pub async fn a_record_without_an_instant_is_never_due(store: &dyn Store) {
    let (a, b) = (due_first("a", at(1)), due_first("b", at(2)));
    all_done(store, vec![a.clone(), b.clone(), super::fixtures::first("c")]).await;
    assert_eq!(due(store, Timestamp::MAX, 9).await, ["a", "b"]);

    all_done(store, vec![Change { due_at: None, ..then(&a) }, deleted(&b)]).await;

    assert!(due(store, Timestamp::MAX, 9).await.is_empty());
    assert_eq!(store.next_due(None).await.unwrap(), None);
}

/// A tombstone may want attention, too: the store does not ask why.
pub async fn a_tombstone_with_an_instant_is_due(store: &dyn Store) {
    let a = due_first("a", at(1));
    let gone = Change { due_at: Some(at(5)), ..deleted(&a) };

    all_done(store, vec![a, gone.clone()]).await;

    assert_eq!(store.due(at(5), 9).await.unwrap(), [gone.next]);
}

/// A record that moved is due at its new instant alone.
pub async fn a_rescheduled_record_is_due_once(store: &dyn Store) {
    let (a, b) = (due_first("a", at(10)), due_first("b", at(20)));
    all_done(store, vec![a.clone(), b.clone()]).await;

    let (later, sooner) =
        (Change { due_at: Some(at(30)), ..then(&a) }, Change { due_at: Some(at(5)), ..then(&b) });
    all_done(store, vec![later, sooner]).await;

    assert_eq!(due(store, at(29), 9).await, ["b"]);
    assert_eq!(due(store, at(30), 9).await, ["b", "a"]);
    assert_eq!(store.next_due(None).await.unwrap(), Some(at(5)));
    assert!(store.next_due(Some(at(5))).await.unwrap().is_none_or(|next| next > at(5)));
}

/// A record that changes and stays due is given as it stands.
pub async fn a_due_record_is_the_current_one(store: &dyn Store) {
    let a = due_first("a", at(10));
    let next = edited(then(&a), |record| record.fence = 8);

    all_done(store, vec![a, next.clone()]).await;

    assert_eq!(store.due(at(10), 9).await.unwrap(), [next.next]);
}

/// A refused change moves nothing.
pub async fn a_refused_change_leaves_what_is_due(store: &dyn Store) {
    done(store, due_first("a", at(10))).await;

    refused(store, due_first("a", at(1))).await;
    refused(store, Change { due_at: Some(at(1)), ..then(&due_first("b", at(1))) }).await;

    assert_eq!(store.next_due(None).await.unwrap(), Some(at(10)));
    assert_eq!(due(store, at(10), 9).await, ["a"]);
}

/// The next due instant is the earliest of all sources, past ones included.
pub async fn the_next_due_instant_is_the_earliest_of_all(store: &dyn Store) {
    assert_eq!(store.next_due(None).await.unwrap(), None);
    let a = due_first("a", at(30));
    let other = Change { due_at: Some(at(10)), ..first_of(Key::new(other_source(), tenant("a"))) };

    done(store, a.clone()).await;
    assert_eq!(store.next_due(None).await.unwrap(), Some(at(30)));
    done(store, other.clone()).await;
    assert_eq!(store.next_due(None).await.unwrap(), Some(at(10)));
    done(store, Change { due_at: Some(at(50)), ..then(&other) }).await;
    assert_eq!(store.next_due(None).await.unwrap(), Some(at(30)));
    done(store, Change { due_at: None, ..then(&a) }).await;
    assert_eq!(store.next_due(None).await.unwrap(), Some(at(50)));
}

/// Hundreds that are due at one instant are all claimed, each once, batch by batch.
pub async fn all_that_are_due_at_one_instant_are_found(store: &dyn Store) {
    let count: usize = 400;
    all_done(store, (0..count).map(|number| due_first(&format!("t{number}"), at(0))).collect()).await;
    let mut claimed = Vec::new();

    while claimed.len() <= count {
        let batch = store.due(at(0), 64).await.unwrap();
        if batch.is_empty() {
            break;
        }
        let claims = batch.iter().map(|record| {
            let read = Change { expected: 0, next: record.clone(), due_at: None, writes: Vec::new() };
            Change { due_at: Some(at(300)), ..then(&read) }
        });
        all_done(store, claims.collect()).await;
        claimed.extend(batch.into_iter().map(|record| record.key.tenant.clone()));
    }

    claimed.sort();
    claimed.dedup();
    assert_eq!(claimed.len(), count);
    assert_eq!(store.load(&key("t0")).await.unwrap().map(|record| record.version), Some(2));
    assert_eq!(store.next_due(None).await.unwrap(), Some(at(300)));
}

async fn due(store: &dyn Store, now: Timestamp, limit: usize) -> Vec<String> {
    let records = store.due(now, limit).await.unwrap();
    records.iter().map(|record| record.key.tenant.to_string()).collect()
}
