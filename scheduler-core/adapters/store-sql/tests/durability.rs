//! What was answered is there afterwards, whatever happens in between.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use common::{at, audited, claim, create, finish, item, key};
use futures::executor::block_on;
use futures::future::join_all;
use scheduler_core::domain::{
    Key, Operation, Record, Role, RunState, Scope, Source, Timestamp, TokenRecord, Write,
};
use scheduler_core::ports::{Commit, Store, StoreError, commit_one};
use store_sql::sqlite::{Options, Sqlite, check};

const TOOL: Options = Options { exclusive: false, create: false, readers: 1 };

#[test]
fn everything_outlives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    let names: Vec<_> = (0..40).map(|number| key(&format!("t{number}"))).collect();
    let mut random = Random(7);

    let mut opened = Sqlite::open(&path, Options::default()).unwrap();
    for round in 0..6 {
        for step in 0..200 {
            block_on(walk(&opened, &names[random.below(40)], at(round * 1000 + step))).unwrap();
        }
        let before = block_on(everything(&opened, &names));
        drop(opened);
        opened = Sqlite::open(&path, Options::default()).unwrap();
        assert_eq!(before, block_on(everything(&opened, &names)));
    }

    let place = block_on(opened.place(&names[0].source, 1)).unwrap();
    assert!(place >= 30, "new tenants go on where the others stopped, not at {place}");
    assert!(check(&path).unwrap().is_sound());
}

#[test]
fn what_a_tool_writes_is_seen_by_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    let server = Sqlite::open(&path, Options::default()).unwrap();
    let system = Record::new(Key::system());
    block_on(commit_one(&server, audited(&system, Operation::Token, at(0), None))).unwrap();
    block_on(commit_one(&server, create(&key("a"), at(0)))).unwrap();
    let seen = block_on(server.version()).unwrap();

    let tool = Sqlite::open(&path, TOOL).unwrap();
    let read = block_on(tool.load(&Key::system())).unwrap().unwrap();
    let mut change = audited(&read, Operation::Token, at(1), None);
    change.writes.push(Write::Token(Box::new(token())));
    assert_eq!(block_on(commit_one(&tool, change.clone())).unwrap(), Commit::Done(seen + 1));

    assert_eq!(block_on(server.token("t1")).unwrap(), Some(token()));
    let stale = audited(&read, Operation::Token, at(2), None);
    assert_eq!(block_on(commit_one(&server, stale)).unwrap(), Commit::Conflict);
    assert_eq!(block_on(server.load(&Key::system())).unwrap(), Some(change.next));
    assert_eq!(block_on(server.version()).unwrap(), seen + 1);

    let record = block_on(server.load(&key("a"))).unwrap().unwrap();
    assert_eq!(block_on(commit_one(&server, claim(&record, at(3)))).unwrap(), Commit::Done(seen + 2));
    assert_eq!(block_on(commit_one(&tool, claim(&record, at(4)))).unwrap(), Commit::Conflict);
    block_on(tool.probe(at(5))).unwrap();
    assert_eq!(block_on(tool.version()).unwrap(), seen + 2);
}

#[test]
fn writers_that_wait_share_a_transaction() {
    let directory = tempfile::tempdir().unwrap();
    let store = Sqlite::open(directory.path().join("a.db"), Options::default()).unwrap();
    let names: Vec<_> = (0..500).map(|number| key(&format!("t{number}"))).collect();

    let mut done = block_on(join_all(names.iter().map(|key| commit_one(&store, create(key, at(0))))));
    let leased = Arc::new(Record::clone(&create(&key("x"), at(0)).next));
    block_on(commit_one(&store, create(&key("x"), at(0)))).unwrap();
    let (claimed, imported, refused) = block_on(async {
        let claimed = commit_one(&store, claim(&leased, at(1)));
        let imported = store.import(&leased.key, 1, at(1), vec![item("1", 1)]);
        let refused = store.import(&leased.key, 2, at(1), vec![item("2", 1)]);
        futures::join!(claimed, imported, refused)
    });

    done.push(claimed);
    assert!(done.iter().all(|done| matches!(done, Ok(Commit::Done(_)))));
    assert_eq!(imported.unwrap().created, 1, "the lease counts that was claimed in the same transaction");
    assert!(matches!(refused, Err(StoreError::LeaseLost)));
    let throughput = store.throughput();
    assert_eq!(throughput.jobs, 504);
    assert!(throughput.transactions < 100, "{throughput:?}");
}

#[test]
fn pruning_takes_small_steps_and_leaves_what_is_in_flight() {
    let directory = tempfile::tempdir().unwrap();
    let store = Sqlite::open(directory.path().join("a.db"), Options::default()).unwrap();
    let mut changes = Vec::new();
    for number in 0..5000 {
        let created = create(&key(&format!("t{number}")), at(0));
        let claimed = claim(&created.next, at(1));
        let finished = (number > 0).then(|| finish(&claimed.next, at(2)));
        changes.extend([created, claimed].into_iter().chain(finished));
    }
    block_on(store.commit(changes)).unwrap();
    let before = store.throughput().jobs;

    let gone = block_on(store.prune(at(3), at(3))).unwrap();

    assert_eq!(gone, 4999 + 5000, "every run but the one in flight, every range");
    assert!(store.throughput().jobs - before > 20);
    let flying = block_on(store.load(&key("t0"))).unwrap().unwrap();
    let run_id = flying.schedule.as_ref().unwrap().run.as_ref().unwrap().run_id.clone();
    assert!(block_on(store.run(&run_id)).unwrap().is_some());
}

#[test]
fn no_acknowledged_commit_is_lost_to_a_kill() {
    let mut random = Random(u64::from(std::process::id()));
    for round in 0..20 {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let mut child = child(&path, None).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut acks = HashMap::new();

        let enough = 5 + random.below(400);
        let mut count = 0;
        for line in lines {
            note(&line, &mut acks);
            count += 1;
            if count == enough {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();

        assert!(count >= enough, "round {round}: the child ended early, after {count} lines");
        block_on(verify(&path, &acks));
    }
}

/// Every flush of the disk has a chance to fail: nothing is said to be done that is not.
#[test]
fn a_disk_that_fails_now_and_then_loses_nothing_that_was_acknowledged() {
    if Command::new("strace").arg("-V").output().is_err() {
        writeln!(std::io::stderr(), "skipped: strace is not there to make the disk fail").unwrap();
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    drop(Sqlite::open(&path, Options::default()).unwrap());
    let faults = "inject=fsync,fdatasync,pwrite64:error=EIO:when=60+41";

    let mut child = child(&path, Some(faults)).env("STORE_SQL_ROUNDS", "300").spawn().unwrap();
    let (mut acks, mut faults) = (HashMap::new(), 0);
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
        note(&line, &mut acks);
        faults += usize::from(line.starts_with("refused"));
    }
    child.wait().unwrap();

    if acks.is_empty() {
        writeln!(std::io::stderr(), "skipped: this process may not be traced").unwrap();
        return;
    }
    assert!(faults > 3, "only {faults} faults were met");
    block_on(verify(&path, &acks));
}

/// Not a test: what the two before this one start as a process of its own.
#[test]
#[ignore = "run by other tests"]
fn child_that_commits() {
    let Some(path) = std::env::var_os("STORE_SQL_CHILD") else {
        return;
    };
    let rounds = std::env::var("STORE_SQL_ROUNDS").map_or(u32::MAX, |rounds| rounds.parse().unwrap());
    let store = Sqlite::open(&path, Options::default()).unwrap();
    let streams = ["a", "b", "c"].map(|tenant| {
        let (store, key) = (&store, key(tenant));
        async move {
            for round in 0..rounds {
                let outcome = walk(store, &key, at(round.into())).await;
                let version = store.load(&key).await.unwrap().map_or(0, |record| record.version);
                let mut out = std::io::stdout().lock();
                match outcome {
                    Ok(()) => writeln!(out, "\nack {key} {version}").unwrap(),
                    Err(error) => writeln!(out, "\nrefused {error}").unwrap(),
                }
                out.flush().unwrap();
            }
        }
    });
    block_on(join_all(streams));
}

fn child(path: &Path, faults: Option<&str>) -> Command {
    let this = std::env::current_exe().unwrap();
    let mut command = match faults {
        Some(faults) => {
            let mut strace = Command::new("strace");
            strace.args(["-f", "-qq", "-o", "/dev/null", "-e", faults]).arg(this);
            strace
        }
        None => Command::new(this),
    };
    command.args(["--exact", "child_that_commits", "--ignored", "--nocapture"]);
    command.env("STORE_SQL_CHILD", path).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

fn note(line: &str, acks: &mut HashMap<String, u64>) {
    let words: Vec<_> = line.split(' ').collect();
    if let ["ack", key, version] = words[..] {
        acks.insert(key.to_owned(), version.parse().unwrap());
    }
}

/// Every acknowledged version is there, and each record agrees with what was written beside it.
async fn verify(path: &Path, acks: &HashMap<String, u64>) {
    let report = check(path).unwrap();
    assert!(report.is_sound(), "{report:?}");
    let store = Sqlite::open(path, Options::default()).unwrap();
    for tenant in ["a", "b", "c"] {
        let key = key(tenant);
        let acked = acks.get(&key.to_string()).copied().unwrap_or(0);
        let record = store.load(&key).await.unwrap();
        let version = record.as_ref().map_or(0, |record| record.version);
        assert!(version >= acked, "{key} is at {version}, {acked} was acknowledged");
        let Some(schedule) = record.as_ref().and_then(|record| record.schedule.as_ref()) else {
            continue;
        };
        let (id, state) = match (&schedule.run, &schedule.last) {
            (Some(lease), _) => (&lease.run_id, RunState::Running),
            (None, Some(last)) => (&last.run_id, RunState::Succeeded),
            (None, None) => continue,
        };
        assert_eq!(store.run(id).await.unwrap().unwrap().state, state);
        let ranges = store.occurrences(&key, Timestamp::MIN, Timestamp::MAX).await.unwrap();
        assert_eq!(ranges.iter().map(|range| range.count).max(), record.map(|record| record.fence));
    }
}

/// Takes the record one step on: it is made, claimed, finished, claimed…, with an entry now and then.
async fn walk(store: &Sqlite, key: &Key, now: Timestamp) -> Result<(), StoreError> {
    let change = match store.load(key).await? {
        None => create(key, now),
        Some(record) if record.version % 5 == 4 => audited(&record, Operation::Edit, now, Some(now)),
        Some(record) if record.schedule.as_ref().unwrap().run.is_some() => finish(&record, now),
        Some(record) => claim(&record, now),
    };
    let next = Arc::clone(&change.next);
    match commit_one(store, change).await? {
        Commit::Done(_) => assert_eq!(store.load(key).await?, Some(next)),
        // A commit that was refused for the disk's sake may have been made all the same.
        Commit::Conflict | Commit::Answered => {}
    }
    Ok(())
}

/// All that memory says.
async fn everything(
    store: &Sqlite,
    names: &[Key],
) -> (u64, Vec<Option<Arc<Record>>>, Vec<Key>, Vec<Timestamp>) {
    let version = store.version().await.unwrap();
    let loaded = join_all(names.iter().map(|key| store.load(key))).await;
    let source = Source::parse("acculynx").unwrap();
    let scanned = store.scan(&source, None, 1000).await.unwrap();
    let mut due = Vec::new();
    for second in 0..8000 {
        due.push(at(second));
    }
    let counts = join_all(due.iter().map(|now| store.due(*now, 1000))).await;
    let due = due.into_iter().zip(counts).filter(|(_, due)| due.as_ref().unwrap().len() > 20);
    (
        version,
        loaded.into_iter().map(Result::unwrap).collect(),
        scanned.iter().map(|record| record.key.clone()).collect(),
        due.map(|(now, _)| now).chain(store.next_due(None).await.unwrap()).collect(),
    )
}

fn token() -> TokenRecord {
    TokenRecord {
        id: "t1".into(),
        hash: [7; 32],
        role: Role::Viewer,
        scope: Scope::All,
        name: "dashboard".into(),
        created: at(1),
        expires: None,
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % bound).unwrap()
    }
}
