//! What the key-value store promises beyond the port: nothing is lost to whoever stalls, sweeps or dies.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use async_trait::async_trait;
use bytes::Bytes;
use scheduler_core::conformance::block_on;
use scheduler_core::conformance::fixtures::{
    all_done, at, audit_of, done, due_first, edited, entries, first, first_with, key, run, source, then,
    write_entries, write_run,
};
use scheduler_core::domain::{Change, Record, Scope};
use scheduler_core::kv::{Bucket, KvStore, MemoryBucket, Published};
use scheduler_core::ports::{Commit, Store, StoreError, commit_one};

/// A bucket that lets a test look on and interfere before each operation.
struct Watched<F> {
    bucket: Arc<MemoryBucket>,
    before: F,
}

/// An operation on a bucket.
#[derive(Clone, Copy, PartialEq)]
enum Doing<'a> {
    Reading,
    Publishing(&'a str),
    Else,
}

#[async_trait]
impl<F: Fn(Doing<'_>) -> Result<(), StoreError> + Send + Sync + 'static> Bucket for Watched<F> {
    async fn read(
        &self,
        folder: &str,
        name: &str,
        offset: u64,
        len: usize,
    ) -> Result<Option<Bytes>, StoreError> {
        (self.before)(Doing::Reading)?;
        self.bucket.read(folder, name, offset, len).await
    }

    async fn publish(&self, folder: &str, name: &str, bytes: Bytes) -> Result<Published, StoreError> {
        (self.before)(Doing::Publishing(folder))?;
        self.bucket.publish(folder, name, bytes).await
    }

    async fn make_folder(&self, folder: &str) -> Result<(), StoreError> {
        (self.before)(Doing::Else)?;
        self.bucket.make_folder(folder).await
    }

    async fn drop_folder(&self, folder: &str) -> Result<(), StoreError> {
        (self.before)(Doing::Else)?;
        self.bucket.drop_folder(folder).await
    }

    async fn folders(&self) -> Result<Vec<String>, StoreError> {
        (self.before)(Doing::Else)?;
        self.bucket.folders().await
    }

    async fn note(&self) -> Result<Option<Bytes>, StoreError> {
        (self.before)(Doing::Reading)?;
        self.bucket.note().await
    }

    async fn leave_note(&self, bytes: Bytes) -> Result<(), StoreError> {
        (self.before)(Doing::Else)?;
        self.bucket.leave_note(bytes).await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.bucket.probe().await
    }
}

/// Steps a record once, on what is read; its fence counts the steps.
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

async fn steps_of(store: &dyn Store, name: &str) -> u64 {
    store.load(&key(name)).await.unwrap().expect("it was made").fence
}

#[test]
fn a_writer_that_slept_until_its_folder_was_dropped_loses_no_update() {
    let bucket = Arc::new(MemoryBucket::new());
    let store = KvStore::new(bucket.clone());
    block_on(done(&store, first("a")));
    let gate = Arc::new((Mutex::new((None, false)), Condvar::new()));
    let (at_gate, asleep) = (gate.clone(), AtomicBool::new(false));
    let sleepy = KvStore::new(Watched {
        bucket: bucket.clone(),
        before: move |doing: Doing<'_>| {
            if let Doing::Publishing(folder) = doing
                && !asleep.swap(true, Ordering::SeqCst)
            {
                let (state, changed) = &*at_gate;
                let mut state = state.lock().unwrap();
                state.0 = Some(folder.to_owned());
                changed.notify_all();
                let _open = changed.wait_while(state, |state| !state.1).unwrap();
            }
            Ok(())
        },
    });

    thread::scope(|scope| {
        scope.spawn(|| block_on(step(&sleepy, "a")));
        let (state, changed) = &*gate;
        let folder = changed.wait_while(state.lock().unwrap(), |state| state.0.is_none()).unwrap().0.clone();
        for _ in 0..1_000 {
            block_on(step(&store, "a"));
        }
        assert!(!block_on(bucket.folders()).unwrap().contains(&folder.unwrap()), "its folder is there still");
        state.lock().unwrap().1 = true;
        changed.notify_all();
    });

    assert_eq!(block_on(steps_of(&store, "a")), 1_001);
    assert_eq!(block_on(steps_of(&KvStore::new(bucket), "a")), 1_001);
}

#[test]
fn writers_in_many_processes_lose_no_update_while_others_sweep() {
    const WRITERS: u64 = 8;
    let rounds: u64 = std::env::var("KV_ROUNDS").map_or(250, |rounds| rounds.parse().unwrap());
    let bucket = Arc::new(MemoryBucket::new());
    block_on(all_done(&KvStore::new(bucket.clone()), vec![first("a"), first("b")]));
    let over = AtomicUsize::new(0);

    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (bucket, over) = (bucket.clone(), &over);
            scope.spawn(move || {
                let store = KvStore::new(bucket.clone());
                for round in 0..rounds {
                    // Every now and then as a process that has just started.
                    let fresh = (round % 50 == 0).then(|| KvStore::new(bucket.clone()));
                    let store = fresh.as_ref().unwrap_or(&store);
                    block_on(step(store, if (writer + round) % 2 == 0 { "a" } else { "b" }));
                }
                over.fetch_add(1, Ordering::SeqCst);
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                let store = KvStore::new(bucket.clone());
                while over.load(Ordering::SeqCst) < WRITERS as usize {
                    assert_eq!(block_on(store.prune(at(0), at(0))).unwrap(), 0);
                }
            });
        }
    });

    let store = KvStore::new(bucket);
    let steps = block_on(async { steps_of(&store, "a").await + steps_of(&store, "b").await });
    assert_eq!(steps, WRITERS * rounds);
    assert_eq!(block_on(store.version()).unwrap(), WRITERS * rounds + 2);
}

#[test]
fn a_process_that_dies_at_any_point_leaves_a_commit_or_none() {
    let (mut died, mut made) = (0, 0);
    for point in 0..60 {
        let bucket = Arc::new(MemoryBucket::new());
        let store = KvStore::new(bucket.clone());
        // The last commits of a segment, so that the dying one may be the one that makes the next.
        block_on(async {
            let mut change = first("a");
            for _ in 0..60 {
                done(&store, change.clone()).await;
                change = then(&change);
            }
        });
        let left = AtomicUsize::new(point);
        let dying = KvStore::new(Watched {
            bucket: bucket.clone(),
            before: move |_: Doing<'_>| {
                let alive = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
                alive.map(drop).map_err(|_| StoreError::Unavailable("dead".into()))
            },
        });
        let mut change = first_with("b", writes_of("b"));
        let mut acknowledged = 0;
        for _ in 0..8 {
            if !matches!(block_on(commit_one(&dying, change.clone())), Ok(Commit::Done(_))) {
                break;
            }
            acknowledged += 1;
            change = then(&change);
        }

        let survivor = KvStore::new(bucket);
        let version = block_on(survivor.load(&key("b"))).unwrap().map_or(0, |record| record.version);
        assert!(version == acknowledged || version == acknowledged + 1, "{version} after {acknowledged}");
        let runs = block_on(survivor.run(&run(&key("b"), 1, at(0)).run_id)).unwrap().is_some();
        let entries = block_on(survivor.audit_count(&audit_of(Scope::All, 9))).unwrap();
        assert_eq!((runs, entries), if version == 0 { (false, 0) } else { (true, 3) });
        block_on(step(&survivor, "a"));
        (died, made) = if acknowledged < 8 { (died + 1, made) } else { (died, made + 1) };
    }
    assert!(died >= 40 && made >= 10, "{died} died, {made} lived: the points do not cover a commit");
}

fn writes_of(name: &str) -> Vec<scheduler_core::domain::Write> {
    let mut writes = write_entries(&entries(&key(name), 3));
    writes.push(write_run(&run(&key(name), 1, at(0))));
    writes
}

#[test]
fn ten_thousand_tenants_fill_few_folders_and_one_that_is_due_is_found_by_few_reads() {
    let bucket = Arc::new(MemoryBucket::new());
    let store = KvStore::new(bucket.clone());
    block_on(async {
        for batch in 0..100 {
            let tenant = |n: i64| due_first(&format!("t{:05}", batch * 100 + n), at(batch * 100 + n));
            all_done(&store, (0..100).map(tenant).collect()).await;
        }
        // Each runs once more, one commit for each, as ticks make them.
        for n in 0..3_000 {
            step(&store, &format!("t{:05}", n * 3)).await;
        }
    });

    let folders = block_on(bucket.folders()).unwrap();
    assert!(folders.len() <= 40, "{} folders", folders.len());
    let reads = Arc::new(AtomicUsize::new(0));
    let counted = reads.clone();
    let cold = KvStore::new(Watched {
        bucket,
        before: move |doing: Doing<'_>| {
            counted.fetch_add(usize::from(doing == Doing::Reading), Ordering::SeqCst);
            Ok(())
        },
    });
    let due = block_on(cold.due(at(2), 10)).unwrap();
    assert_eq!(due.iter().map(|record| record.key.tenant.as_str()).collect::<Vec<_>>(), ["t00001", "t00002"]);
    assert!(reads.load(Ordering::SeqCst) <= 24, "{} reads", reads.load(Ordering::SeqCst));
    assert_eq!(block_on(cold.next_due(None)).unwrap(), Some(at(1)));
    assert_eq!(block_on(cold.scan(&source(), None, 20_000)).unwrap().len(), 10_000);
}
