//! Jobs that fail, and disks that are full.

use futures::executor::block_on;
use futures::join;
use rusqlite::params;
use scheduler_core::domain::{Key, Record};
use scheduler_core::ports::{Commit, Store};

use super::super::{Options, Sqlite};
use super::*;

fn answer(name: &'static str, size: usize) -> impl FnMut(&mut Batch<'_>) -> Result<(), Cause> + Send {
    move |batch| {
        let sql = "INSERT INTO answers (name, request, status, expires, body) VALUES (?1, x'', 200, 0, ?2)";
        Ok(batch.conn.execute(sql, params![name, "x".repeat(size)]).map(drop)?)
    }
}

fn names(store: &Sqlite) -> Vec<String> {
    let names = store.readers.ask(|conn| {
        let mut select = conn.prepare("SELECT name FROM answers ORDER BY name")?;
        let names = select.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
        Ok(names)
    });
    block_on(names).unwrap()
}

#[test]
fn a_job_at_fault_does_not_take_others_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let store = Sqlite::open(directory.path().join("a.db"), Options::default()).unwrap();
    let writer = &store.writer;

    block_on(async {
        let twice = writer.make(1, |batch| {
            answer("half", 1)(batch)?;
            answer("a", 1)(batch)
        });
        let (first, faulty, last) =
            join!(writer.make(1, answer("a", 1)), twice, writer.make(1, answer("b", 1)));
        assert!(first.is_ok() && last.is_ok());
        assert!(matches!(faulty, Err(StoreError::Unavailable(_))), "{faulty:?}");
    });

    assert_eq!(names(&store), ["a", "b"]);
}

#[test]
fn a_full_disk_refuses_all_and_the_writer_recovers_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    let store = Sqlite::open(directory.path().join("a.db"), Options::default()).unwrap();
    let record = Record { version: 1, ..Record::new(Key::system()) };
    let change = scheduler_core::domain::Change {
        expected: 0,
        next: Arc::new(record),
        due_at: None,
        writes: Vec::new(),
    };

    block_on(async {
        let full = |batch: &mut Batch<'_>| {
            let pages: i64 = batch.conn.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            Ok(batch.conn.query_row(&format!("PRAGMA max_page_count = {}", pages + 5), [], |_| Ok(()))?)
        };
        store.writer.make(1, full).await.unwrap();
        let small = store.commit(vec![change.clone()]);
        let (small, large) = join!(small, store.writer.make(1, answer("large", 400_000)));
        // Whether they met in one transaction is chance; that memory agrees with the disk is not.
        assert!(
            matches!(&large, Err(StoreError::Unavailable(text)) if **text == *"the disk is full"),
            "{large:?}"
        );
        let done = u64::from(small.is_ok());
        assert_eq!(store.version().await.unwrap(), done);
        assert_eq!(store.load(&Key::system()).await.unwrap().is_some(), small.is_ok());

        store.writer.make(1, answer("large", 400_000)).await.unwrap();
        let again = store.commit(vec![change]).await.unwrap();
        assert_eq!(again, [if small.is_ok() { Commit::Conflict } else { Commit::Done(1) }]);
    });

    assert_eq!(names(&store), ["large"]);
}

#[test]
fn what_was_queued_is_made_before_the_store_goes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    let store = Sqlite::open(&path, Options::default()).unwrap();
    for name in ["a", "b", "c"] {
        let mut made = Box::pin(store.writer.make(1, answer(name, 1)));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let _ = std::future::Future::poll(made.as_mut(), &mut context);
    }
    drop(store);

    assert_eq!(names(&Sqlite::open(&path, Options::default()).unwrap()), ["a", "b", "c"]);
}
