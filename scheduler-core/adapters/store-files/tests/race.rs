//! Many processes over one directory lose nothing of each other's, while commits are swept away behind them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::thread;

use scheduler_core::conformance::block_on;
use scheduler_core::conformance::fixtures::{all_done, at, edited, first, key, then};
use scheduler_core::domain::{Change, Record};
use scheduler_core::ports::{Commit, Store, commit_one};
use store_files::Files;

const WRITERS: u64 = 8;

#[test]
fn eight_writers_and_a_pruner_lose_no_update() {
    let rounds: u64 = std::env::var("FILES_ROUNDS").map_or(60, |rounds| rounds.parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let open = || Files::open(directory.path()).unwrap();
    block_on(all_done(&open(), vec![first("a"), first("b")]));

    thread::scope(|scope| {
        for writer in 0..WRITERS {
            scope.spawn(move || {
                // Each step as a process of its own would make it: nothing is remembered.
                (0..rounds)
                    .for_each(|round| block_on(step(&open(), ["a", "b"][((writer + round) % 2) as usize])));
            });
        }
        scope
            .spawn(|| (0..rounds).for_each(|_| assert_eq!(block_on(open().prune(at(0), at(0))).unwrap(), 0)));
    });

    let store = open();
    let steps = |name| block_on(store.load(&key(name))).unwrap().unwrap().fence;
    assert_eq!(steps("a") + steps("b"), WRITERS * rounds);
    assert_eq!(block_on(store.version()).unwrap(), WRITERS * rounds + 2);
    let folders = std::fs::read_dir(directory.path().join("log")).unwrap().count();
    assert!(folders <= 12, "{folders} folders are left");
}

async fn step(store: &dyn Store, name: &str) {
    loop {
        let record = store.load(&key(name)).await.unwrap().expect("it was made");
        let read = Change { expected: 0, next: record, due_at: None, writes: Vec::new() };
        let next = edited(then(&read), |record: &mut Record| record.fence += 1);
        if matches!(commit_one(store, next).await.unwrap(), Commit::Done(_)) {
            return;
        }
    }
}
