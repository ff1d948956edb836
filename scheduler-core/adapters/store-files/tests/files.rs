//! Every promise of the store, over files.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::RefCell;

use scheduler_core::kv::KvStore;
use store_files::Files;
use tempfile::TempDir;

thread_local! {
    /// Each case has a thread of its own, and its files go when that ends.
    static FILES: RefCell<Vec<TempDir>> = const { RefCell::new(Vec::new()) };
}

fn fresh() -> KvStore<Files> {
    let directory = tempfile::tempdir().unwrap();
    let store = Files::open(&directory.path().join("store")).unwrap();
    FILES.with_borrow_mut(|files| files.push(directory));
    store
}

scheduler_core::store_conformance!(fresh());
