//! Opens the store that was asked for.

use std::path::Path;
use std::sync::Arc;

use scheduler_core::kv::KvStore;
use scheduler_core::memory::MemoryStore;
use scheduler_core::ports::Store;
use store_files::Files;
use store_sql::sqlite::{self, OpenError, Options, Sqlite};

use crate::Failure;
use crate::config::{StoreArgs, StoreChoice};

/// Opens the store for a server, which shares it with tools only.
///
/// # Errors
///
/// When it can not be used, or is missing where there should be one.
pub fn for_server(args: &StoreArgs, choice: &StoreChoice) -> Result<Arc<dyn Store>, Failure> {
    match choice {
        StoreChoice::Memory => Ok(Arc::new(MemoryStore::new())),
        StoreChoice::Files(path) => Ok(Arc::new(files(path, may_create(args))?)),
        StoreChoice::Sqlite(path) => {
            Ok(Arc::new(Sqlite::open(path, Options { create: may_create(args), ..Options::default() })?))
        }
    }
}

/// Opens the store for a tool, whether or not a server has it open.
///
/// # Errors
///
/// When it can not be used, or dies with the process that has it.
pub fn for_tool(args: &StoreArgs) -> Result<Arc<dyn Store>, Failure> {
    match args.choice() {
        StoreChoice::Memory => {
            Err(Failure::config("a store in memory is its server's own: give --store sqlite:PATH"))
        }
        StoreChoice::Files(path) => Ok(Arc::new(files(&path, may_create(args))?)),
        StoreChoice::Sqlite(path) => {
            let options = Options { create: may_create(args), exclusive: false, readers: 1 };
            Ok(Arc::new(Sqlite::open(path, options)?))
        }
    }
}

/// Opens a store that must be there and that nobody else uses.
///
/// # Errors
///
/// When there is none, or it can not be used.
pub fn existing(choice: &StoreChoice) -> Result<Arc<dyn Store>, Failure> {
    open(choice, false)
}

/// Opens a store that may have to be made.
///
/// # Errors
///
/// When it can not be used.
pub fn empty(choice: &StoreChoice) -> Result<Arc<dyn Store>, Failure> {
    open(choice, true)
}

fn open(choice: &StoreChoice, create: bool) -> Result<Arc<dyn Store>, Failure> {
    match choice {
        StoreChoice::Memory => Err(Failure::config("a store in memory is its server's own")),
        StoreChoice::Files(path) => Ok(Arc::new(files(path, create)?)),
        StoreChoice::Sqlite(path) => {
            Ok(Arc::new(Sqlite::open(path, Options { create, ..Options::default() })?))
        }
    }
}

fn files(path: &Path, create: bool) -> Result<KvStore<Files>, Failure> {
    if !create && !Files::is_there(path) {
        return Err(OpenError::Missing(path.to_owned()).into());
    }
    Ok(Files::open(path)?)
}

/// Reads everything in the store, and says what is there.
///
/// # Errors
///
/// When something is wrong with it.
pub fn check(args: &StoreArgs, choice: &StoreChoice) -> Result<String, Failure> {
    let path = match choice {
        StoreChoice::Memory => return Ok("memory".into()),
        StoreChoice::Files(path) => return files(path, may_create(args)).map(|_| choice.to_string()),
        StoreChoice::Sqlite(path) => path,
    };
    let report = match sqlite::check(path) {
        Err(OpenError::Missing(_)) if may_create(args) => return Ok(format!("{choice}, to be made")),
        report => report?,
    };
    if !report.is_sound() {
        let chains = report.broken_chains.iter().map(|key| format!("the audit chain of {key} is broken"));
        let problems: Vec<_> = report.problems.iter().cloned().chain(chains).collect();
        return Err(Failure::other(format!("{choice}: {}", problems.join("; "))));
    }
    Ok(format!("{choice}, {} records, {} runs, {} audit entries", report.records, report.runs, report.audit))
}

/// Writes a consistent copy of the store to a new file.
///
/// # Errors
///
/// When there is such a file, or the store can not be copied.
pub fn backup(args: &StoreArgs, to: &Path) -> Result<(), Failure> {
    match args.choice() {
        StoreChoice::Memory => Err(Failure::config("a store in memory can not be copied")),
        StoreChoice::Files(_) => Err(Failure::config(
            "a store of files is copied as a directory, or by `migrate` to another store",
        )),
        StoreChoice::Sqlite(path) => Ok(sqlite::backup(path, to)?),
    }
}

/// Whether a store that is missing is to be made. A key file without a store is a disk that is not mounted,
/// or a lost store: to start afresh then would hide it.
fn may_create(args: &StoreArgs) -> bool {
    args.init || !args.data_dir.join("master.key").exists()
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            // They may pass by themselves: a supervisor should try again.
            OpenError::Locked(_) | OpenError::Unavailable { .. } => Self::other(error.to_string()),
            OpenError::Missing(path) => Self::config(format!(
                "there is no store at {}, but its directory was used before: restore a backup, or give --init to start afresh",
                path.display()
            )),
            error => Self::config(error.to_string()),
        }
    }
}
