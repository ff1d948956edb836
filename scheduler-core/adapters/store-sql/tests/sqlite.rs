//! Every promise of the store.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::RefCell;

use store_sql::sqlite::{Options, Sqlite};
use tempfile::TempDir;

thread_local! {
    /// Each case has a thread of its own, and its files go when that ends.
    static FILES: RefCell<Vec<TempDir>> = const { RefCell::new(Vec::new()) };
}

fn fresh() -> Sqlite {
    let directory = tempfile::tempdir().unwrap();
    let store = Sqlite::open(directory.path().join("command-center.db"), Options::default()).unwrap();
    FILES.with_borrow_mut(|files| files.push(directory));
    store
}

scheduler_core::store_conformance!(fresh());
