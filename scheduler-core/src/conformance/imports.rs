//! Imported records are upserted by their names and read in the order of their names.

use super::fixtures::{at, done, first_leased, foreign_cursors, hostile, imported_of, item, key};
use crate::domain::{Imported, Item, Tally};
use crate::ports::{ImportedQuery, Store, StoreError};

const FENCE: u64 = 4;

/// A record is created, then unchanged, then updated, by its content's hash.
pub async fn an_import_says_what_became_of_each_record(store: &dyn Store) {
    done(store, first_leased("a", FENCE)).await;

    let tally = import(store, 1, vec![item("jobs", "1", "x"), item("jobs", "2", "x")]).await;
    assert_eq!(tally, Tally { created: 2, updated: 0, unchanged: 0 });
    let tally =
        import(store, 2, vec![item("jobs", "1", "x"), item("jobs", "2", "y"), item("jobs", "3", "z")]).await;
    assert_eq!(tally, Tally { created: 1, updated: 1, unchanged: 1 });
    assert_eq!(import(store, 3, Vec::new()).await, Tally::default());

    let one = one(store, "jobs", "2").await;
    assert_eq!(one.data.get(), r#"{"content":"y"}"#);
    assert_eq!((one.entity.as_ref(), one.external_id.as_ref(), one.gone), ("jobs", "2", false));
}

/// `imported_at` follows the content, `seen_at` every sight.
pub async fn an_import_dates_sight_and_change(store: &dyn Store) {
    done(store, first_leased("a", FENCE)).await;
    let dates = async || {
        let one = one(store, "jobs", "1").await;
        (one.imported_at, one.seen_at)
    };

    import(store, 1, vec![item("jobs", "1", "x")]).await;
    assert_eq!(dates().await, (at(1), at(1)));
    import(store, 2, vec![item("jobs", "1", "x")]).await;
    assert_eq!(dates().await, (at(1), at(2)));
    import(store, 3, vec![item("jobs", "1", "y")]).await;
    assert_eq!(dates().await, (at(3), at(3)));
}

/// A record that is twice in a batch is counted twice and kept once, as it came last.
pub async fn a_record_may_come_twice_in_a_batch(store: &dyn Store) {
    done(store, first_leased("a", FENCE)).await;

    let batch = ["x", "x", "y"].map(|content| item("jobs", "1", content));
    assert_eq!(import(store, 1, batch.into()).await, Tally { created: 1, updated: 1, unchanged: 1 });

    assert_eq!(one(store, "jobs", "1").await.data.get(), r#"{"content":"y"}"#);
    assert_eq!(walk(store, imported_of("a", 9)).await.len(), 1);
}

/// Thousands of records in a batch are imported like one.
pub async fn a_large_batch_is_imported(store: &dyn Store) {
    done(store, first_leased("a", FENCE)).await;
    let batch =
        |content: &str| (0..2_000).map(|n| item("jobs", &format!("{n}"), content)).collect::<Vec<_>>();

    assert_eq!(import(store, 1, batch("x")).await.created, 2_000);
    assert_eq!(import(store, 2, batch("y")).await.updated, 2_000);

    let mut ids = walk(store, imported_of("a", 300)).await;
    assert_eq!(ids.len(), 2_000);
    ids.dedup();
    assert_eq!(ids.len(), 2_000);
}

/// Names and content survive to the byte, whatever they hold, and are walked like others.
pub async fn hostile_text_in_an_import_survives(store: &dyn Store) {
    done(store, first_leased("a", FENCE)).await;
    let items: Vec<_> = hostile().iter().map(|text| item("jobs", text, text)).collect();

    import(store, 1, items.clone()).await;

    for item in &items {
        assert_eq!(one(store, "jobs", &item.external_id).await.data.get(), item.data.get());
    }
    let mut names: Vec<_> = items.iter().map(name).collect();
    names.sort();
    assert_eq!(walk(store, imported_of("a", 1)).await, names);
}

/// A content of a hundred kilobytes comes back whole, with its spaces and the order of its names.
pub async fn content_is_kept_as_it_was_written(store: &dyn Store) {
    done(store, first_leased("a", FENCE)).await;
    let text = format!(r#"{{ "b" : 1.50, "a" : "{}" , "b" : null }}"#, "长".repeat(40_000));
    let data = serde_json::value::RawValue::from_string(text.clone()).unwrap();
    let kept = Item { data, modified: None, ..item("jobs", "1", "x") };

    import(store, 1, vec![kept]).await;

    let one = one(store, "jobs", "1").await;
    assert_eq!(one.data.get(), text);
    assert_eq!(one.modified, None);
}

/// The order is that of entity and id, by their bytes; each page goes on where the last one ended.
pub async fn imported_records_are_walked_in_order(store: &dyn Store) {
    done(store, first_leased("a", FENCE)).await;
    let names = ["10", "2", "A", "B", "a", "a/b", "b", "é"];
    let items = ["jobs", "contacts", "job"].iter().flat_map(|entity| names.map(|id| item(entity, id, "x")));

    import(store, 1, items.collect()).await;

    let expected: Vec<_> = ["contacts", "job", "jobs"]
        .iter()
        .flat_map(|entity| names.map(|id| (entity.to_string(), id.to_owned())))
        .collect();
    for limit in [1, 5, 8, 24, 99] {
        assert_eq!(walk(store, imported_of("a", limit)).await, expected);
    }
    let jobs = ImportedQuery { entity: Some("jobs".into()), ..imported_of("a", 3) };
    assert_eq!(walk(store, jobs).await, expected[16..]);
    let none = ImportedQuery { entity: Some("estimates".into()), ..imported_of("a", 3) };
    assert!(walk(store, none).await.is_empty());
}

/// The last page says that it is the last, even when it is full.
pub async fn a_full_last_page_of_imported_records_has_no_next(store: &dyn Store) {
    done(store, first_leased("a", FENCE)).await;
    import(store, 1, ["1", "2", "3", "4"].map(|id| item("jobs", id, "x")).into()).await;

    let first = store.imported(&imported_of("a", 2)).await.unwrap();
    let last = store.imported(&ImportedQuery { cursor: first.next, ..imported_of("a", 2) }).await.unwrap();

    assert_eq!((first.rows.len(), last.rows.len(), last.next), (2, 2, None));
}

/// Only what changed at or after the instant shows; what was merely seen again does not.
pub async fn changed_since_leaves_out_what_was_merely_seen(store: &dyn Store) {
    done(store, first_leased("a", FENCE)).await;
    import(store, 1, ["1", "2", "3"].map(|id| item("jobs", id, "x")).into()).await;
    import(store, 5, vec![item("jobs", "1", "x"), item("jobs", "2", "y")]).await;
    let since = |secs| ImportedQuery { changed_since: Some(at(secs)), ..imported_of("a", 1) };

    assert_eq!(walk(store, since(1)).await.len(), 3);
    assert_eq!(walk(store, since(2)).await, [("jobs".to_owned(), "2".to_owned())]);
    assert_eq!(walk(store, since(5)).await.len(), 1);
    assert!(walk(store, since(6)).await.is_empty());
}

/// A walk meets every untouched record once while others come and change.
pub async fn a_walk_during_an_import_neither_repeats_nor_skips(store: &dyn Store) {
    done(store, first_leased("a", FENCE)).await;
    import(store, 0, (10..40).map(|n| item("jobs", &n.to_string(), "x")).collect()).await;
    let mut query = imported_of("a", 4);
    let mut met = Vec::new();

    for step in 1..30 {
        let page = store.imported(&query).await.unwrap();
        met.extend(page.rows.iter().map(|row| row.external_id.to_string()));
        let Some(next) = page.next else { break };
        query.cursor = Some(next);
        let (new, edited) = (format!("{}-new", 9 + step), format!("{}", 9 + step));
        import(store, step, vec![item("jobs", &new, "x"), item("jobs", &edited, "y")]).await;
    }

    met.retain(|id| !id.ends_with("-new"));
    assert_eq!(met, (10..40).map(|n| n.to_string()).collect::<Vec<_>>());
}

/// A text that is no place in the list is the caller's error.
pub async fn a_foreign_cursor_of_imported_records_is_refused(store: &dyn Store) {
    done(store, first_leased("a", FENCE)).await;
    import(store, 1, vec![item("jobs", "1", "x")]).await;

    for cursor in foreign_cursors() {
        let query = ImportedQuery { cursor: Some(cursor.clone()), ..imported_of("a", 9) };
        let answer = store.imported(&query).await;
        assert!(matches!(answer, Err(StoreError::Cursor)), "{cursor:?}: {answer:?}");
    }
}

/// Tenants do not meet in each other's data.
pub async fn imported_records_of_others_do_not_show(store: &dyn Store) {
    done(store, first_leased("a", FENCE)).await;
    done(store, first_leased("b", FENCE)).await;
    import(store, 1, vec![item("jobs", "1", "x")]).await;

    let tally = store.import(&key("b"), FENCE, at(2), vec![item("jobs", "1", "y")]).await.unwrap();

    assert_eq!(tally.created, 1);
    assert_eq!(one(store, "jobs", "1").await.data.get(), r#"{"content":"x"}"#);
    assert!(store.imported_one(&key("c"), "jobs", "1").await.unwrap().is_none());
    assert!(store.imported_one(&key("a"), "contacts", "1").await.unwrap().is_none());
    assert!(store.imported_one(&key("a"), "jobs", "2").await.unwrap().is_none());
}

async fn import(store: &dyn Store, secs: i64, items: Vec<Item>) -> Tally {
    store.import(&key("a"), FENCE, at(secs), items).await.unwrap()
}

async fn one(store: &dyn Store, entity: &str, id: &str) -> Imported {
    store.imported_one(&key("a"), entity, id).await.unwrap().expect("it was imported")
}

fn name(item: &Item) -> (String, String) {
    (item.entity.to_string(), item.external_id.to_string())
}

/// The names on all pages of a query, one after the other.
async fn walk(store: &dyn Store, mut query: ImportedQuery) -> Vec<(String, String)> {
    let mut met = Vec::new();
    loop {
        let page = store.imported(&query).await.unwrap();
        assert!(page.rows.len() <= query.limit);
        met.extend(page.rows.iter().map(|row| (row.entity.to_string(), row.external_id.to_string())));
        let Some(next) = page.next else { return met };
        assert!(met.len() < 10_000, "the walk does not end");
        query.cursor = Some(next);
    }
}
