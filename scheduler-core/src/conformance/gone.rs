//! What no run has seen can be marked as gone; nothing is written without the lease.

use std::sync::Arc;

use super::fixtures::{at, deleted, done, edited, first, first_leased, held, imported_of, item, key, then};
use crate::domain::{Entity, Imported, Item};
use crate::ports::{ImportedQuery, Store, StoreError};

const FENCE: u64 = 4;

/// Only what was last seen before the instant shows, in the order of the ids, page by page.
pub async fn the_unseen_are_found_in_order(store: &dyn Store) {
    done(store, first_leased("a", FENCE)).await;
    import(store, 1, &["10", "2", "A", "b", "é"]).await;
    import(store, 5, &["2"]).await;
    store.import(&key("a"), FENCE, at(1), vec![item("contacts", "9", "x")]).await.unwrap();

    assert_eq!(unseen(store, 5, None, 99).await, ["10", "A", "b", "é"]);
    assert_eq!(unseen(store, 5, None, 2).await, ["10", "A"]);
    assert_eq!(unseen(store, 5, Some("A"), 2).await, ["b", "é"]);
    assert_eq!(unseen(store, 5, Some("é"), 2).await, [""; 0]);
    assert_eq!(unseen(store, 6, None, 99).await.len(), 5);
    assert_eq!(unseen(store, 1, None, 99).await.len(), 0);
}

/// Marking counts what was not yet marked, and knows nothing of ids that were never there.
pub async fn marking_counts_what_was_not_yet_gone(store: &dyn Store) {
    done(store, first_leased("a", FENCE)).await;
    import(store, 1, &["1", "2", "3"]).await;

    assert_eq!(mark(store, 2, &["1", "2", "nobody"]).await.unwrap(), 2);
    assert_eq!(mark(store, 3, &["2", "3", "3"]).await.unwrap(), 1);
    assert_eq!(mark(store, 4, &[]).await.unwrap(), 0);

    assert!(one(store, "2").await.gone);
    assert!(unseen(store, 9, None, 9).await.is_empty());
    assert_eq!(store.imported(&imported_of("a", 9)).await.unwrap().rows.len(), 3);
}

/// Going away is a change: those who ask for what changed since learn of it.
pub async fn going_away_is_a_change(store: &dyn Store) {
    done(store, first_leased("a", FENCE)).await;
    import(store, 1, &["1", "2"]).await;

    mark(store, 5, &["1"]).await.unwrap();

    let since = ImportedQuery { changed_since: Some(at(5)), ..imported_of("a", 9) };
    let rows = store.imported(&since).await.unwrap().rows;
    assert_eq!(rows.iter().map(|row| &*row.external_id).collect::<Vec<_>>(), ["1"]);
    assert_eq!((rows[0].imported_at, rows[0].seen_at), (at(5), at(1)));
}

/// What is seen again after it was gone is created again, changed or not.
pub async fn what_was_gone_is_created_again(store: &dyn Store) {
    done(store, first_leased("a", FENCE)).await;
    import(store, 1, &["1", "2"]).await;
    mark(store, 2, &["1", "2"]).await.unwrap();

    let items = vec![item("jobs", "1", "x"), item("jobs", "2", "y")];
    let tally = store.import(&key("a"), FENCE, at(3), items).await.unwrap();

    assert_eq!((tally.created, tally.updated, tally.unchanged), (2, 0, 0));
    for id in ["1", "2"] {
        let one = one(store, id).await;
        assert_eq!((one.gone, one.imported_at, one.seen_at), (false, at(3), at(3)));
    }
}

/// Without a lease, with another's or an older one, nothing is imported and nothing marked.
pub async fn nothing_is_written_without_the_lease(store: &dyn Store) {
    let leased = first_leased("a", FENCE);
    done(store, leased.clone()).await;
    import(store, 1, &["1"]).await;
    let taken = edited(then(&leased), |record| record.schedule = Some(held(&record.key, FENCE + 1)));
    let ended = edited(then(&taken), |record| record.schedule = first("a").next.schedule.clone());
    let gone = deleted(&ended);

    for change in [taken, ended, gone] {
        done(store, change).await;
        lost(store).await;
    }

    let one = one(store, "1").await;
    assert_eq!((one.data.get(), one.gone, one.seen_at), (r#"{"content":"x"}"#, false, at(1)));
    assert_eq!(store.imported(&imported_of("a", 9)).await.unwrap().rows.len(), 1);
}

/// A key without a record holds no lease.
pub async fn nothing_is_written_without_a_record(store: &dyn Store) {
    lost(store).await;

    assert!(store.imported(&imported_of("a", 9)).await.unwrap().rows.is_empty());
}

/// Another tenant's lease is no lease.
pub async fn a_lease_is_its_tenants_own(store: &dyn Store) {
    done(store, first_leased("b", FENCE)).await;
    done(store, first_leased("a", FENCE + 1)).await;

    lost(store).await;
}

/// A lease that is renewed under its number goes on holding.
pub async fn a_renewed_lease_goes_on_holding(store: &dyn Store) {
    let leased = first_leased("a", FENCE);
    done(store, leased.clone()).await;
    done(store, then(&leased)).await;

    import(store, 1, &["1"]).await;

    assert_eq!(mark(store, 2, &["1"]).await.unwrap(), 1);
}

/// Writes under [`FENCE`] are refused.
async fn lost(store: &dyn Store) {
    let items = vec![item("jobs", "1", "stale"), item("jobs", "2", "stale")];
    let imported = store.import(&key("a"), FENCE, at(9), items).await;
    assert!(matches!(imported, Err(StoreError::LeaseLost)), "got {imported:?}");
    let marked = mark(store, 9, &["1"]).await;
    assert!(matches!(marked, Err(StoreError::LeaseLost)), "got {marked:?}");
}

async fn import(store: &dyn Store, secs: i64, ids: &[&str]) {
    let items: Vec<Item> = ids.iter().map(|id| item("jobs", id, "x")).collect();
    store.import(&key("a"), FENCE, at(secs), items).await.unwrap();
}

async fn mark(store: &dyn Store, secs: i64, ids: &[&str]) -> Result<u64, StoreError> {
    let ids: Vec<Arc<str>> = ids.iter().map(|id| (*id).into()).collect();
    store.mark_gone(&key("a"), FENCE, at(secs), &jobs(), &ids).await
}

async fn unseen(store: &dyn Store, secs: i64, after: Option<&str>, limit: usize) -> Vec<String> {
    let rows = store.unseen(&key("a"), &jobs(), at(secs), after, limit).await.unwrap();
    rows.iter().map(|row| row.external_id.to_string()).collect()
}

async fn one(store: &dyn Store, id: &str) -> Imported {
    store.imported_one(&key("a"), "jobs", id).await.unwrap().expect("it was imported")
}

fn jobs() -> Entity {
    "jobs".into()
}
