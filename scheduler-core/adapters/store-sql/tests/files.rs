//! Which files are opened, and what is said of the others.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use common::{at, create, key};
use futures::executor::block_on;
use scheduler_core::ports::{Store, commit_one};
use store_sql::sqlite::{OpenError, Options, Sqlite, backup, check};
use tempfile::TempDir;

const TOOL: Options = Options { exclusive: false, create: false, readers: 1 };

#[test]
fn a_new_database_is_for_its_user_only_and_is_opened_again() {
    let (_directory, path) = place("deep/er/a.db");

    let store = Sqlite::open(&path, Options::default()).unwrap();
    let instance = store.instance().to_owned();
    block_on(commit_one(&store, create(&key("a"), at(0)))).unwrap();
    for name in [path.clone(), beside(&path, "-wal"), beside(&path, ".lock")] {
        assert_eq!(mode(&name), 0o600, "{}", name.display());
    }
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    drop(store);
    assert!(!beside(&path, "-wal").exists(), "a store that was closed is one file");

    let store = Sqlite::open(&path, Options::default()).unwrap();
    assert_eq!(store.instance(), instance);
    assert_eq!(instance.len(), 16);
    assert!(block_on(store.load(&key("a"))).unwrap().is_some());
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 4, "nothing else is left there");
}

#[test]
fn a_second_server_is_refused_and_a_tool_is_not() {
    let (_directory, path) = place("a.db");
    let first = Sqlite::open(&path, Options::default()).unwrap();

    let text = refusal(&path, Options::default());
    assert!(text.contains("a.db.lock is locked: another server"), "{text}");
    Sqlite::open(&path, TOOL).unwrap();

    drop(first);
    Sqlite::open(&path, Options::default()).unwrap();
}

#[test]
fn what_is_no_database_of_ours_is_refused_and_left_alone() {
    let cases: [(&str, Make<'_>, &str); 6] = [
        ("empty", &|path| fs::write(path, "").unwrap(), "is empty: restore it from a backup"),
        ("text", &|path| fs::write(path, "x".repeat(9000)).unwrap(), "is not a database"),
        ("directory", &|path| fs::create_dir(path).unwrap(), "is not a database"),
        ("foreign", &|path| foreign(path), "is the database of another application"),
        ("newer", &|path| newer(path), "by a later release (schema 99, known 1): use that release"),
        ("damaged", &|path| damaged(path), "is damaged: stop the server and restore the file from a backup"),
    ];
    for (name, make, sentence) in cases {
        let (_directory, path) = place(name);
        make(&path);
        let before = fs::read(&path).ok();

        for options in [Options::default(), TOOL] {
            let text = refusal(&path, options);
            assert!(text.contains(sentence), "{name}: {text}");
            assert!(text.contains(path.to_str().unwrap()), "{name}: {text}");
        }
        assert!(fs::read(&path).ok() == before, "{name} was touched");
    }
}

#[test]
fn a_read_only_file_or_directory_is_refused() {
    let (_directory, path) = place("sub/a.db");
    drop(Sqlite::open(&path, Options::default()).unwrap());

    fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
    assert!(refusal(&path, Options::default()).contains("can not be written: give this user write access"));
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();

    let parent = path.parent().unwrap();
    fs::set_permissions(parent, Permissions::from_mode(0o500)).unwrap();
    assert!(refusal(&path, Options::default()).contains("can not be written: give this user write access"));
    fs::set_permissions(parent, Permissions::from_mode(0o700)).unwrap();
    Sqlite::open(&path, Options::default()).unwrap();
}

#[test]
fn a_missing_database_is_made_only_when_asked() {
    let (_directory, path) = place("a.db");

    assert!(matches!(Sqlite::open(&path, TOOL), Err(OpenError::Missing(_))));
    assert!(!path.exists());
    assert!(matches!(check(&path), Err(OpenError::Missing(_))));
    assert!(matches!(backup(&path, beside(&path, ".copy")), Err(OpenError::Missing(_))));
}

#[test]
fn a_copy_made_at_work_is_whole_and_overwrites_nothing() {
    let (_directory, path) = place("a.db");
    let store = Sqlite::open(&path, Options::default()).unwrap();
    let copy = beside(&path, ".copy");
    let writing = async {
        for number in 0..300 {
            commit_one(&store, create(&key(&format!("t{number}")), at(number))).await.unwrap();
        }
    };

    block_on(futures::future::join(writing, async { store.backup(&copy).await.unwrap() }));

    assert_eq!(mode(&copy), 0o600);
    let report = check(&copy).unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.records, report.audit);
    assert_eq!(check(&path).unwrap().records, 300);
    assert!(matches!(block_on(store.backup(&copy)), Err(OpenError::Exists(_))));
    let copied = Sqlite::open(&copy, Options::default()).unwrap();
    assert_eq!(copied.instance(), store.instance());
    assert_eq!(block_on(copied.version()).unwrap(), report.records);
}

#[test]
fn a_check_names_the_tenant_whose_chain_was_altered() {
    let (_directory, path) = place("a.db");
    let store = Sqlite::open(&path, Options::default()).unwrap();
    for tenant in ["a", "b", "c"] {
        block_on(commit_one(&store, create(&key(tenant), at(0)))).unwrap();
    }
    drop(store);
    assert!(check(&path).unwrap().is_sound());

    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch(
        "UPDATE audit SET body = replace(body, '\"schedule\"', '\"delete\"') WHERE record = 2;
         DELETE FROM audit WHERE record = 3",
    )
    .unwrap();

    assert_eq!(check(&path).unwrap().broken_chains, [key("b"), key("c")]);
}

/// Makes what is to be refused.
type Make<'a> = &'a dyn Fn(&Path);

fn place(name: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    (directory, path)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    format!("{}{suffix}", path.display()).into()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn refusal(path: &Path, options: Options) -> String {
    Sqlite::open(path, options).err().expect("it was opened").to_string()
}

fn foreign(path: &Path) {
    rusqlite::Connection::open(path).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
}

fn newer(path: &Path) {
    drop(Sqlite::open(path, Options::default()).unwrap());
    rusqlite::Connection::open(path).unwrap().pragma_update(None, "user_version", 99).unwrap();
}

fn damaged(path: &Path) {
    drop(Sqlite::open(path, Options::default()).unwrap());
    let mut bytes = fs::read(path).unwrap();
    bytes[4096..].fill(0x5a);
    fs::write(path, bytes).unwrap();
}
