//! What the store makes of conflicts, throttling, lost replies and an index that lags.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use dynamodb_local::Local;
use dynamodb_local::faults::{Call, Fault, cancellation};
use scheduler_core::conformance::block_on;
use scheduler_core::conformance::fixtures::{
    answer, at, deleted, done, due_first, edited, first, first_leased, first_with, held, imported_of, item,
    key, run, then, write_answer, write_run,
};
use scheduler_core::domain::{Change, Timestamp, Write};
use scheduler_core::ports::{Commit, Store, StoreError, commit_one};
use store_dynamodb::{DynamoDb, Options};

/// A table, a store that works, and one whose requests meet what a judge decides.
struct Bench {
    local: &'static Local,
    table: String,
    sound: Arc<DynamoDb>,
}

impl Bench {
    fn new() -> Option<Self> {
        let local = Local::shared()?;
        let table = local.table();
        let sound = Arc::new(DynamoDb::new(local.client(), Options::of(&table)));
        Some(Self { local, table, sound })
    }

    fn faulty(&self, judge: impl Fn(&Call<'_>) -> Fault + Send + Sync + 'static) -> DynamoDb {
        DynamoDb::new(self.local.faulty(judge), Options::of(&self.table))
    }

    /// A store whose first `times` requests for `operation` meet `fault`, and a count of all of these.
    fn failing(
        &self,
        operation: &'static str,
        times: u32,
        fault: impl Fn() -> Fault + Send + Sync + 'static,
    ) -> (DynamoDb, Arc<AtomicU32>) {
        let calls = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&calls);
        let store = self.faulty(move |call| match call.operation == operation {
            true if counted.fetch_add(1, Ordering::Relaxed) < times => fault(),
            _ => Fault::None,
        });
        (store, calls)
    }
}

fn with_run(name: &str) -> Change {
    first_with(name, vec![write_run(&run(&key(name), 1, at(0)))])
}

fn is_done(commit: &Result<Commit, StoreError>) -> bool {
    matches!(commit, Ok(Commit::Done(_)))
}

// --- lost replies

#[test]
fn a_change_whose_reply_got_lost_is_known_by_its_token() {
    let Some(bench) = Bench::new() else { return };
    block_on(done(&*bench.sound, first("a")));
    let (store, calls) = bench.failing("PutItem", 1, || Fault::LoseReply);

    let commit = block_on(commit_one(&store, then(&first("a"))));

    assert!(is_done(&commit), "got {commit:?}");
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    assert_eq!(block_on(bench.sound.load(&key("a"))).unwrap().map(|record| record.version), Some(2));
}

#[test]
fn a_transaction_whose_reply_got_lost_is_made_once() {
    let Some(bench) = Bench::new() else { return };
    let (store, calls) = bench.failing("TransactWriteItems", 2, || Fault::LoseReply);

    let commit = block_on(commit_one(&store, with_run("a")));

    assert!(is_done(&commit), "got {commit:?}");
    assert_eq!(calls.load(Ordering::Relaxed), 3);
    assert_eq!(block_on(bench.sound.load(&key("a"))).unwrap().map(|record| record.version), Some(1));
}

#[test]
fn a_transaction_that_was_made_and_is_sent_anew_is_known_by_its_token() {
    let Some(bench) = Bench::new() else { return };
    let conflict = || Fault::ReplaceReply(400, cancellation(&["TransactionConflict", "None", "None"]));
    let (store, calls) = bench.failing("TransactWriteItems", 1, conflict);

    let commit = block_on(commit_one(&store, with_run("a")));

    assert!(is_done(&commit), "got {commit:?}");
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[test]
fn a_request_whose_answer_was_stored_by_a_lost_attempt_is_not_taken_for_anothers() {
    let Some(bench) = Bench::new() else { return };
    let conflict = || Fault::ReplaceReply(400, cancellation(&["TransactionConflict"]));
    let (store, _) = bench.failing("TransactWriteItems", 1, conflict);
    let change = first_with("a", vec![write_answer(&answer("key", "{}", at(10)))]);
    let (alone, _) = bench.failing("PutItem", 1, || Fault::LoseReply);

    let commit = block_on(commit_one(&store, change));
    let stored = block_on(alone.put_answer(answer("other", "{}", at(10)), Some(at(0))));

    assert!(is_done(&commit), "got {commit:?}");
    assert!(stored.unwrap());
}

#[test]
fn a_change_that_lost_against_a_rival_is_not_taken_for_made() {
    let Some(bench) = Bench::new() else { return };
    block_on(done(&*bench.sound, first("a")));
    let rival = Arc::clone(&bench.sound);
    let store = bench.faulty(move |call| {
        // The rival is faster by the time that the request arrives.
        if call.operation == "PutItem" {
            let rival = Arc::clone(&rival);
            std::thread::scope(|scope| {
                scope.spawn(move || block_on(commit_one(&*rival, then(&first("a")))).map(drop));
            });
        }
        Fault::None
    });

    let commit = block_on(commit_one(&store, edited(then(&first("a")), |record| record.fence = 9)));

    assert_eq!(commit.unwrap(), Commit::Conflict);
    assert_eq!(block_on(bench.sound.load(&key("a"))).unwrap().map(|record| record.fence), Some(0));
}

#[test]
fn a_version_whose_reply_got_lost_is_left_out() {
    let Some(bench) = Bench::new() else { return };
    let (store, _) = bench.failing("UpdateItem", 1, || Fault::LoseReply);

    let lost = block_on(done(&store, first("a")));
    let next = block_on(done(&store, first("b")));

    assert!(lost > 1 && next > lost, "{lost}, {next}");
    assert_eq!(block_on(store.version()).unwrap(), next);
}

// --- conflicts

#[test]
fn a_conflicting_transaction_is_tried_again() {
    let Some(bench) = Bench::new() else { return };
    let conflict = || Fault::cancelled(&["None", "TransactionConflict", "None"]);
    let (store, calls) = bench.failing("TransactWriteItems", 5, conflict);

    let commit = block_on(commit_one(&store, with_run("a")));

    assert!(is_done(&commit), "got {commit:?}");
    assert_eq!(calls.load(Ordering::Relaxed), 6);
}

#[test]
fn a_change_that_meets_a_transaction_is_tried_again() {
    let Some(bench) = Bench::new() else { return };
    block_on(done(&*bench.sound, first("a")));
    let (store, calls) = bench.failing("PutItem", 3, || Fault::refusal("TransactionConflictException"));

    let commit = block_on(commit_one(&store, then(&first("a"))));

    assert!(is_done(&commit), "got {commit:?}");
    assert_eq!(calls.load(Ordering::Relaxed), 4);
}

#[test]
fn conflicts_without_end_are_given_up() {
    let Some(bench) = Bench::new() else { return };
    let conflict = || Fault::cancelled(&["TransactionConflict", "None", "None"]);
    let (store, calls) = bench.failing("TransactWriteItems", u32::MAX, conflict);

    let commit = block_on(commit_one(&store, with_run("a")));

    assert!(matches!(commit, Err(StoreError::Unavailable(_))), "got {commit:?}");
    assert!((2..=20).contains(&calls.load(Ordering::Relaxed)), "{calls:?}");
    assert!(block_on(bench.sound.load(&key("a"))).unwrap().is_none());
}

// --- throttling

#[test]
fn throttled_requests_are_sent_again() {
    let Some(bench) = Bench::new() else { return };
    block_on(done(&*bench.sound, due_first("a", at(0))));
    for code in ["ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"] {
        for (operation, calls_of_one) in [("Query", 16), ("BatchGetItem", 1)] {
            let (store, calls) = bench.failing(operation, 2, move || Fault::refusal(code));

            let due = block_on(store.due(at(0), 9)).unwrap();

            assert_eq!(due.len(), 1, "{code} at {operation}");
            assert_eq!(calls.load(Ordering::Relaxed), calls_of_one + 2);
        }
    }
}

#[test]
fn a_throttled_transaction_is_sent_again() {
    let Some(bench) = Bench::new() else { return };
    let refusals: [fn() -> Fault; 3] = [
        || Fault::refusal("ThrottlingException"),
        || Fault::cancelled(&["ThrottlingError", "None", "None"]),
        || Fault::cancelled(&["None", "ProvisionedThroughputExceeded", "None"]),
    ];
    for (name, refusal) in ["a", "b", "c"].into_iter().zip(refusals) {
        let (store, calls) = bench.failing("TransactWriteItems", 2, refusal);

        let commit = block_on(commit_one(&store, with_run(name)));

        assert!(is_done(&commit), "got {commit:?}");
        assert_eq!(calls.load(Ordering::Relaxed), 3);
    }
}

#[test]
fn throttling_without_end_is_given_up() {
    let Some(bench) = Bench::new() else { return };
    let (store, calls) = bench.failing("GetItem", u32::MAX, || Fault::refusal("ThrottlingException"));

    let read = block_on(store.load(&key("a")));

    assert!(matches!(&read, Err(StoreError::Unavailable(why)) if why.contains("Throttling")), "got {read:?}");
    assert!((2..=10).contains(&calls.load(Ordering::Relaxed)), "{calls:?}");
}

#[test]
fn what_a_batch_leaves_unprocessed_is_asked_for_again() {
    let Some(bench) = Bench::new() else { return };
    let names = ["a", "b", "c"];
    block_on(bench.sound.commit(names.map(|name| due_first(name, at(0))).into())).unwrap();
    let calls = AtomicU32::new(0);
    let store = bench.faulty(move |call| match call.operation {
        "BatchGetItem" if calls.fetch_add(1, Ordering::Relaxed) < 3 => {
            let request: serde_json::Value = serde_json::from_str(call.body).unwrap();
            let left = &request["RequestItems"];
            Fault::Reply(200, format!(r#"{{"Responses":{{}},"UnprocessedKeys":{left}}}"#))
        }
        _ => Fault::None,
    });

    assert_eq!(block_on(store.due(at(0), 9)).unwrap().len(), 3);
}

// --- an index that lags

/// The row that the index has of a record.
fn row(name: &str, due_at: Timestamp) -> String {
    format!(
        r#"{{"pk":{{"S":"T#acculynx#{name}"}},"sk":{{"S":"RECORD"}},"due_shard":{{"S":"DUE#00"}},
            "due_at":{{"N":"{}"}}}}"#,
        due_at.millis()
    )
}

/// A store whose index of due records says that these are.
fn lagging(bench: &Bench, rows: Vec<String>) -> DynamoDb {
    bench.faulty(move |call| {
        if call.operation != "Query" || !call.body.contains(r#""IndexName":"due""#) {
            return Fault::None;
        }
        let query: serde_json::Value = serde_json::from_str(call.body).unwrap();
        let shard = query["ExpressionAttributeValues"][":hash"]["S"].as_str().unwrap();
        let limit = usize::try_from(query["Limit"].as_u64().unwrap()).unwrap();
        let rows = if shard == "DUE#00" { &rows[..limit.min(rows.len())] } else { &[] };
        Fault::Reply(200, format!(r#"{{"Items":[{}],"Count":{}}}"#, rows.join(","), rows.len()))
    })
}

#[test]
fn stale_rows_of_the_index_are_not_due() {
    let Some(bench) = Bench::new() else { return };
    let names = ["deleted", "paused", "claimed", "due"];
    let firsts = names.map(|name| due_first(name, at(0)));
    let [gone, paused, claimed, _] = firsts.each_ref();
    let claimed = edited(then(claimed), |record| record.schedule = Some(held(&record.key, 1)));
    let later =
        [deleted(gone), Change { due_at: None, ..then(paused) }, Change { due_at: Some(at(300)), ..claimed }];
    block_on(bench.sound.commit(firsts.into_iter().chain(later).collect())).unwrap();
    let rows = ["deleted", "paused", "claimed", "never-there", "due"].map(|name| row(name, at(0)));

    let due = block_on(lagging(&bench, rows.into()).due(at(0), 9)).unwrap();

    assert_eq!(due.iter().map(|record| record.key.tenant.as_str()).collect::<Vec<_>>(), ["due"]);
}

#[test]
fn a_page_of_stale_rows_does_not_hide_what_is_due() {
    let Some(bench) = Bench::new() else { return };
    block_on(done(&*bench.sound, due_first("due", at(9))));
    let stale = (0..50).map(|number| row(&format!("gone-{number}"), at(0)));

    let due = block_on(lagging(&bench, stale.chain([row("due", at(9))]).collect()).due(at(9), 4)).unwrap();

    assert_eq!(due.len(), 1);
}

#[test]
fn claiming_by_a_stale_row_makes_no_ghost() {
    let Some(bench) = Bench::new() else { return };
    let seen = due_first("a", at(0));
    block_on(bench.sound.commit(vec![seen.clone(), deleted(&seen)])).unwrap();

    let ghost = block_on(commit_one(&*bench.sound, then(&then(&first("never-there")))));
    let claim = edited(then(&seen), |record| record.schedule = Some(held(&record.key, 1)));
    let stale = block_on(commit_one(&*bench.sound, claim));

    assert_eq!((ghost.unwrap(), stale.unwrap()), (Commit::Conflict, Commit::Conflict));
    assert!(block_on(bench.sound.load(&key("never-there"))).unwrap().is_none());
    assert!(block_on(bench.sound.load(&key("a"))).unwrap().unwrap().schedule.is_none());
}

// --- the lease

#[test]
fn nothing_more_is_imported_once_the_lease_is_lost_between_parts() {
    let Some(bench) = Bench::new() else { return };
    let leased = first_leased("a", 1);
    block_on(done(&*bench.sound, leased.clone()));
    let (sound, parts) = (Arc::clone(&bench.sound), AtomicU32::new(0));
    let store = bench.faulty(move |call| {
        if call.operation == "TransactWriteItems" && parts.fetch_add(1, Ordering::Relaxed) == 1 {
            let taken = edited(then(&leased), |record| record.schedule = Some(held(&record.key, 2)));
            let sound = &*sound;
            std::thread::scope(|scope| {
                scope.spawn(move || block_on(done(sound, taken)));
            });
        }
        Fault::None
    });

    let items = (0..150).map(|number| item("jobs", &format!("{number:03}"), "x")).collect();
    let imported = block_on(store.import(&key("a"), 1, at(1), items));

    assert!(matches!(imported, Err(StoreError::LeaseLost)), "got {imported:?}");
    let rows = block_on(bench.sound.imported(&imported_of("a", 999))).unwrap().rows;
    assert!((1..100).contains(&rows.len()), "{} rows", rows.len());
}

// --- limits

#[test]
fn a_change_of_too_many_things_is_refused_whole() {
    let Some(bench) = Bench::new() else { return };
    let writes: Vec<Write> = (0..120).map(|fence| write_run(&run(&key("a"), fence, at(0)))).collect();

    let commit = block_on(commit_one(&*bench.sound, first_with("a", writes)));

    assert!(matches!(commit, Err(StoreError::Unavailable(_))), "got {commit:?}");
    assert!(block_on(bench.sound.load(&key("a"))).unwrap().is_none());
}

#[test]
fn a_content_of_megabytes_lies_in_parts_that_go_with_it() {
    let Some(bench) = Bench::new() else { return };
    let store = &*bench.sound;
    block_on(done(store, first_leased("a", 1)));
    let kept = Mutex::new(Vec::new());

    for (secs, size) in [(1, 400_000), (2, 10), (3, 150_000)] {
        let text = format!("\"{}\"", "長".repeat(size));
        let hash = [u8::try_from(secs).unwrap(); 32];
        let data = serde_json::value::RawValue::from_string(text.clone()).unwrap();
        let arriving = scheduler_core::domain::Item { data, hash, ..item("jobs", "1", "x") };
        block_on(store.import(&key("a"), 1, at(secs), vec![arriving])).unwrap();

        let one = block_on(store.imported_one(&key("a"), "jobs", "1")).unwrap().unwrap();
        let listed = block_on(store.imported(&imported_of("a", 9))).unwrap().rows;
        assert!(one.data.get() == text && listed[0].data.get() == text, "at {size}");
        kept.lock().unwrap().push(bench.items());
    }

    // A record, its entry in the directory, a head, and the parts.
    assert_eq!(*kept.lock().unwrap(), [3 + 4, 3 + 1, 3 + 2]);
}

impl Bench {
    /// How many items the table holds, counters aside.
    fn items(&self) -> usize {
        let (client, table) = (self.local.client(), self.table.clone());
        let scan = async move {
            let (mut names, mut start) = (Vec::new(), None);
            loop {
                let request = client.scan().table_name(&table).set_exclusive_start_key(start);
                let page = request.projection_expression("pk").send().await.unwrap();
                names.extend(page.items.unwrap_or_default());
                start = page.last_evaluated_key;
                if start.is_none() {
                    return names;
                }
            }
        };
        let items = dynamodb_local::on_runtime(scan);
        items.iter().filter(|item| item["pk"].as_s().is_ok_and(|pk| pk != "VERSION")).count()
    }
}
