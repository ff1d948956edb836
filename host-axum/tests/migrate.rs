//! What is copied to another store is there as it was.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::sync::Arc;

use host_axum::migrate::{Copied, copy};
use scheduler_core::conformance::block_on;
use scheduler_core::conformance::fixtures::{
    all_done, at, audit_of, deleted, done, edited, ended, entries, first_leased, imported_of, key, range,
    run, runs_of, schedule, sealed, source, then, token, write_entries, write_range, write_run,
};
use scheduler_core::domain::{Bulk, Change, Item, Key, Level, Remark, Run, Scope, Timestamp, Write};
use scheduler_core::kv::{KvStore, MemoryBucket};
use scheduler_core::memory::MemoryStore;
use scheduler_core::ports::{AuditQuery, Store};

fn item(id: &str, text: &str) -> Item {
    let data =
        serde_json::value::RawValue::from_string(format!(r#"{{"id":"{id}","name":"{text}"}}"#)).unwrap();
    let hash = puller_acculynx::content_hash(&data).unwrap();
    Item { entity: "jobs".into(), external_id: id.into(), modified: Some(at(1)), hash, data }
}

/// A store with two tenants, one of them deleted, and everything that can be kept of them.
async fn filled() -> MemoryStore {
    let store = MemoryStore::new();
    let leased = first_leased("a", 4);
    done(&store, leased.clone()).await;
    let import = async |secs, items: Vec<Item>| store.import(&key("a"), 4, at(secs), items).await.unwrap();
    import(10, vec![item("1", "x"), item("2", "x"), item("3", "x")]).await;
    import(20, vec![item("1", "x"), item("2", "y")]).await;
    store.mark_gone(&key("a"), 4, at(30), &"jobs".into(), &["3".into()]).await.unwrap();
    let runs = (0..1_200).map(|n| Run {
        log: vec![Remark { at: at(0), level: Level::Info, message: format!("line {n}").into(), phase: None }],
        ..ended(run(&key("a"), n, at(n as i64)), at(n as i64 + 1))
    });
    let mut change = leased;
    for run in runs {
        change = edited(then(&change), |record| record.schedule = Some(schedule()));
        change.writes = vec![write_run(&run)];
        done(&store, change.clone()).await;
    }
    let mut last = then(&change);
    last.due_at = scheduler_core::machine::due_at(&schedule(), &key("a"));
    last.writes = write_entries(&entries(&key("a"), 5));
    last.writes.extend([range(at(0), 2), range(at(900), 7)].iter().map(write_range));
    last.writes.push(Write::Connection(Some(Box::new(sealed("secret")))));
    let gone = edited(first_leased("gone", 1), |record| record.fence = 7);
    let gone = Change { writes: write_entries(&entries(&key("gone"), 2)), ..gone };
    let mut system = scheduler_core::conformance::fixtures::first_of(Key::system());
    system.writes = write_entries(&entries(&Key::system(), 1));
    system.writes.push(Write::Token(Box::new(token("t", Scope::All))));
    // Under way, and due before anything else.
    let bulk: Bulk = serde_json::from_value(serde_json::json!({
        "id": "2-1", "source": "acculynx", "deed": "resume", "filter": {}, "scope": "all",
        "principal": "open", "actor": "local", "role": "admin", "via": "ui", "request_id": null,
        "created": at(-9), "matched": 3, "state": "running", "after": null, "done": 0, "changed": 0,
        "failed": [], "failed_total": 0, "updated": at(-9), "leased": null,
    }))
    .unwrap();
    let due_at = bulk.due_at();
    let place = scheduler_core::conformance::fixtures::first_of(Key::bulk(2));
    let place = edited(place, |record| (record.schedule, record.bulk) = (None, Some(Arc::new(bulk))));
    let place = Change { due_at, writes: write_entries(&entries(&Key::bulk(2), 1)), ..place };
    all_done(&store, vec![last, gone.clone(), deleted(&gone), system, place]).await;
    assert_eq!(store.next_due(None).await.unwrap(), Some(at(-9)));
    store.place(&source(), 41).await.unwrap();
    store
}

async fn same(left: &dyn Store, right: &dyn Store) {
    for key in [key("a"), key("gone"), Key::system(), Key::bulk(2)] {
        assert_eq!(left.load(&key).await.unwrap(), right.load(&key).await.unwrap());
        assert_eq!(left.chain(&key, 0, 99).await.unwrap(), right.chain(&key, 0, 99).await.unwrap());
        assert_eq!(left.connection(&key).await.unwrap(), right.connection(&key).await.unwrap());
    }
    let (mine, theirs) = (runs_of(Scope::All, 5_000), runs_of(Scope::All, 5_000));
    let (mine, theirs) = (left.runs(&mine).await.unwrap().rows, right.runs(&theirs).await.unwrap().rows);
    assert_eq!((mine.len(), &mine), (1_200, &theirs));
    let id = &mine[7].run_id;
    assert_eq!(left.run(id).await.unwrap(), right.run(id).await.unwrap());
    let ranges =
        async |store: &dyn Store| store.occurrences(&key("a"), Timestamp::MIN, Timestamp::MAX).await.unwrap();
    assert_eq!(ranges(left).await, ranges(right).await);
    assert_eq!(left.tokens().await.unwrap(), right.tokens().await.unwrap());
    assert_eq!(left.next_due(None).await.unwrap(), right.next_due(None).await.unwrap());
    let count =
        async |store: &dyn Store| store.audit_count(&AuditQuery { ..audit_of(Scope::All, 1) }).await.unwrap();
    assert_eq!(count(left).await, count(right).await);
    let rows = async |store: &dyn Store| {
        let rows = store.imported(&imported_of("a", 99)).await.unwrap().rows;
        rows.iter().map(|row| serde_json::to_string(row).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(rows(left).await, rows(right).await);
}

#[test]
fn a_copy_holds_what_the_store_held_and_can_be_copied_back() {
    block_on(async {
        let first = filled().await;
        let second = KvStore::new(MemoryBucket::new());
        let third = MemoryStore::new();

        let copied = copy(&first, &second).await.unwrap();

        assert_eq!(copied, Copied { records: 4, runs: 1_200, entries: 9, imported: 3 });
        same(&first, &second).await;
        assert_eq!(copy(&second, &third).await.unwrap(), copied);
        same(&first, &third).await;
        assert!(second.place(&source(), 1).await.unwrap() >= 41);
    });
}

#[test]
fn what_is_the_same_upstream_is_still_known_after_a_copy() {
    block_on(async {
        let (first, second) = (filled().await, Arc::new(KvStore::new(MemoryBucket::new())));
        copy(&first, &*second).await.unwrap();
        let record = second.load(&key("a")).await.unwrap().unwrap();
        let read = Change { expected: 0, next: record, due_at: None, writes: Vec::new() };
        let leased =
            edited(then(&read), |record| record.schedule = first_leased("a", 9).next.schedule.clone());
        done(&*second, leased).await;

        let items = vec![item("1", "x"), item("2", "z"), item("3", "x")];
        let tally = second.import(&key("a"), 9, at(99), items).await.unwrap();

        assert_eq!((tally.unchanged, tally.updated, tally.created), (1, 1, 1));
    });
}

#[test]
fn nothing_is_copied_over_something() {
    block_on(async {
        let (first, second) = (filled().await, filled().await);

        assert!(copy(&first, &second).await.unwrap_err().to_string().contains("not empty"));
    });
}
