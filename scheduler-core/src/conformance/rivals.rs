//! Writers at the same time lose nothing of each other's.

use std::thread;

use super::block_on;
use super::fixtures::{
    answer, at, edited, first, first_with, key, run, runs_of, source, then, write_answer, write_run,
};
use crate::domain::{Change, Record, Scope};
use crate::ports::{Commit, Store, commit_one};

const WRITERS: u64 = 4;
const STEPS: u64 = 25;

/// Writers that step one record again and again, each on what it read, lose no step.
pub async fn writers_of_one_record_lose_no_step(store: &dyn Store) {
    assert!(matches!(commit_one(store, first("a")).await, Ok(Commit::Done(_))));

    at_once(|_| async {
        for _ in 0..STEPS {
            while commit_one(store, step(store).await).await.unwrap() == Commit::Conflict {}
        }
    });

    let record = store.load(&key("a")).await.unwrap().expect("it was made");
    assert_eq!((record.fence, record.version), (WRITERS * STEPS, WRITERS * STEPS + 1));
}

/// Of writers that make one record at the same time, one succeeds, and its writes alone are there.
pub async fn one_of_many_first_changes_is_made(store: &dyn Store) {
    for round in 0..10 {
        let name = format!("t{round}");
        at_once(|writer| {
            let run = run(&key(&name), writer, at(0));
            let change = edited(first_with(&name, vec![write_run(&run)]), |record| record.fence = writer);
            async move { assert!(commit_one(store, change).await.is_ok()) }
        });

        let record = store.load(&key(&name)).await.unwrap().expect("one of them made it");
        let runs = store.runs(&runs_of(super::fixtures::only(&[&name]), 99)).await.unwrap().rows;
        let expected = run(&record.key, record.fence, at(0)).run_id;
        assert_eq!(runs.iter().map(|run| &run.run_id).collect::<Vec<_>>(), [&expected]);
    }
}

/// Writers of different records do not stand in each other's way.
pub async fn writers_of_different_records_all_succeed(store: &dyn Store) {
    at_once(|writer| async move {
        let mut change = first(&format!("t{writer}"));
        for fence in 0..STEPS {
            change.writes = vec![write_run(&run(&change.next.key, fence, at(0)))];
            assert!(matches!(commit_one(store, change.clone()).await, Ok(Commit::Done(_))));
            change = then(&change);
        }
    });

    let records = store.scan(&source(), None, 99).await.unwrap();
    assert_eq!(records.iter().map(|record| record.version).collect::<Vec<_>>(), [STEPS; WRITERS as usize]);
    let runs = store.runs(&runs_of(Scope::All, 999)).await.unwrap().rows;
    assert_eq!(runs.len() as u64, WRITERS * STEPS);
}

/// The versions that writers are told differ, every one.
pub async fn no_two_changes_are_told_one_version(store: &dyn Store) {
    let told = std::sync::Mutex::new(Vec::new());

    at_once(|writer| {
        let told = &told;
        async move {
            for number in 0..STEPS {
                let done = commit_one(store, first(&format!("t{writer}-{number}"))).await.unwrap();
                told.lock().unwrap().push(done);
            }
        }
    });

    let versions = told
        .lock()
        .unwrap()
        .iter()
        .map(|done| match done {
            Commit::Done(version) => *version,
            refused => panic!("the records differ, got {refused:?}"),
        })
        .collect::<std::collections::BTreeSet<_>>();
    assert_eq!(versions.len() as u64, WRITERS * STEPS);
    assert_eq!(versions.last().copied(), store.version().await.ok());
}

/// Places that are taken at the same time do not overlap.
pub async fn places_taken_at_once_do_not_overlap(store: &dyn Store) {
    let taken = std::sync::Mutex::new(std::collections::BTreeSet::new());

    at_once(|_| {
        let taken = &taken;
        async move {
            for _ in 0..STEPS {
                let first = store.place(&source(), 3).await.unwrap();
                taken.lock().unwrap().extend(first..first + 3);
            }
        }
    });

    assert_eq!(taken.lock().unwrap().len() as u64, WRITERS * STEPS * 3);
}

/// Of processes that carry out one request at the same time, each for its own record, one is answered `Done`.
pub async fn one_of_many_processes_answers_a_request(store: &dyn Store) {
    for round in 0..10 {
        let told = std::sync::Mutex::new(Vec::new());
        at_once(|writer| {
            let told = &told;
            let answer = answer(&format!("request {round}"), &writer.to_string(), at(10));
            let change = first_with(&format!("t{round}-{writer}"), vec![write_answer(&answer)]);
            async move {
                let commit = commit_one(store, change).await.unwrap();
                told.lock().unwrap().push((writer, commit));
            }
        });

        let told = told.into_inner().unwrap();
        let done: Vec<_> = told.iter().filter(|(_, commit)| matches!(commit, Commit::Done(_))).collect();
        assert_eq!(done.len(), 1, "got {told:?}");
        let kept = store.answer(&format!("request {round}"), at(0)).await.unwrap();
        assert_eq!(kept.map(|answer| answer.body.to_string()), Some(done[0].0.to_string()));
    }
}

/// A step on the record as it stands: its fence counts the steps.
async fn step(store: &dyn Store) -> Change {
    let record = store.load(&key("a")).await.unwrap().expect("it was made");
    let read = Change { expected: 0, next: record, due_at: None, writes: Vec::new() };
    edited(then(&read), |record: &mut Record| record.fence += 1)
}

/// Runs one writer per thread, and waits for all.
fn at_once<F: Future<Output = ()>>(writer: impl Fn(u64) -> F + Sync) {
    thread::scope(|scope| {
        for number in 0..WRITERS {
            let writer = &writer;
            scope.spawn(move || block_on(writer(number)));
        }
    });
}
