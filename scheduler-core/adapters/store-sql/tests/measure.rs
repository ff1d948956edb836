//! How fast it is. `cargo test --release -p store-sql --test measure -- --ignored --nocapture`

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

mod common;

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{at, audited, claim, create, finish, key};
use futures::executor::block_on;
use scheduler_core::domain::{Change, Operation, Record};
use scheduler_core::ports::{Commit, Store, commit_one};
use store_sql::sqlite::{Options, Sqlite};

/// In `STORE_SQL_DIR`, which should be on the disk that matters.
fn open() -> (tempfile::TempDir, Sqlite) {
    let base = std::env::var_os("STORE_SQL_DIR").unwrap_or_else(|| std::env::temp_dir().into());
    let directory = tempfile::tempdir_in(base).unwrap();
    let store = Sqlite::open(directory.path().join("a.db"), Options::default()).unwrap();
    (directory, store)
}

fn commit(store: &Sqlite, changes: Vec<Change>) -> Vec<Arc<Record>> {
    let mut next = Vec::new();
    for batch in changes.chunks(1000) {
        next.extend(batch.iter().map(|change| Arc::clone(&change.next)));
        let done = block_on(store.commit(batch.to_vec())).unwrap();
        assert!(done.iter().all(|done| matches!(done, Commit::Done(_))));
    }
    next
}

fn say(text: &str, spent: Duration) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}: {:.2} ms", spent.as_secs_f64() * 1e3).unwrap();
}

#[test]
#[ignore = "measures"]
fn ten_thousand_at_one_instant() {
    let (_directory, store) = open();
    let created = (0..10_000).map(|number| create(&key(&format!("tenant-{number:05}")), at(0))).collect();
    let start = Instant::now();
    let mut records = commit(&store, created);
    say("10,000 created", start.elapsed());
    for round in 1..=5 {
        let now = at(round * 300);
        let claims = records.iter().map(|record| claim(record, now)).collect();
        let (start, before) = (Instant::now(), cpu());
        records = commit(&store, claims);
        let claimed = start.elapsed();
        let finishes = records.iter().map(|record| finish(record, now)).collect();
        let start = Instant::now();
        records = commit(&store, finishes);
        let finished = start.elapsed();
        say(&format!("claims {claimed:.1?}, finishes {finished:.1?}, together"), claimed + finished);
        say("    processor time, test included", cpu() - before);
    }
}

#[test]
#[ignore = "measures"]
fn one_at_a_time() {
    let (_directory, store) = open();
    let mut record = create(&key("a"), at(0)).next;
    block_on(commit_one(&store, create(&key("a"), at(0)))).unwrap();
    let cpu = cpu();
    let mut spent = Vec::new();
    for number in 1..=5000 {
        let change = audited(&record, Operation::Pause, at(number), None);
        record = Arc::clone(&change.next);
        let start = Instant::now();
        block_on(commit_one(&store, change)).unwrap();
        spent.push(start.elapsed());
    }
    let cpu = (self::cpu() - cpu) / 5000;
    spent.sort_unstable();
    say("single commit, p50", spent[2500]);
    say("single commit, p99", spent[4950]);
    say("single commit, largest", spent[4999]);
    say("processor time of each", cpu);
}

#[test]
#[ignore = "measures"]
fn a_hundred_thousand_loaded() {
    let (directory, store) = open();
    let created: Vec<_> =
        (0..100_000).map(|number| create(&key(&format!("tenant-{number:06}")), at(number / 1000))).collect();
    let start = Instant::now();
    let records = commit(&store, created);
    say("100,000 created", start.elapsed());
    drop(store);
    let path = directory.path().join("a.db");
    load_apart(&path);

    let store = Sqlite::open(&path, Options::default()).unwrap();
    let claims = records.iter().map(|record| claim(record, at(1))).collect();
    let records = commit(&store, claims);
    commit(&store, records.iter().map(|record| finish(record, at(1))).collect());
    drop((store, records));
    load_apart(&path);
}

/// In a process of its own, so that what it holds is what was loaded.
fn load_apart(path: &std::path::Path) {
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "child_that_loads", "--ignored", "--nocapture"]);
    assert!(child.env("STORE_SQL_CHILD", path).status().unwrap().success());
}

#[test]
#[ignore = "run by another"]
fn child_that_loads() {
    let Some(path) = std::env::var_os("STORE_SQL_CHILD") else {
        return;
    };
    let before = resident();
    let start = Instant::now();
    let store = Sqlite::open(path, Options::default()).unwrap();
    say("100,000 loaded", start.elapsed());
    assert_eq!(block_on(store.due(at(400), usize::MAX)).unwrap().len(), 100_000);
    let mut out = std::io::stdout().lock();
    writeln!(out, "resident: {} kB, {before} kB before", resident()).unwrap();
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Of the whole process, in ticks of 10 ms.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    Duration::from_millis(10 * (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()))
}
