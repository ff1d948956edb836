//! Why a database file can not be used, and how SQLite's errors are sorted.

use std::path::PathBuf;

use rusqlite::ErrorCode;
use scheduler_core::ports::StoreError;

/// Why a database file was not opened. Each says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is none, and none was to be made.
    #[error("there is no database at {0}: initialise one, or restore it from a backup")]
    Missing(PathBuf),
    /// It has no content: a lost file, never one of ours.
    #[error("{0} is empty: restore it from a backup, or remove it to start afresh")]
    Empty(PathBuf),
    /// It is some other kind of file.
    #[error("{0} is not a database: restore it from a backup, or name another file")]
    NotADatabase(PathBuf),
    /// It is another application's database.
    #[error("{0} is the database of another application: name another file")]
    Foreign(PathBuf),
    /// A later release wrote it.
    #[error("{path} was written by a later release (schema {found}, known {known}): use that release")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// The latest schema that this release knows.
        known: u32,
    },
    /// Its pages contradict each other, or can not be read.
    #[error("{0} is damaged: stop the server and restore the file from a backup")]
    Damaged(PathBuf),
    /// It, or the directory that it lies in, can not be written.
    #[error("{0} can not be written: give this user write access to the file and its directory")]
    ReadOnly(PathBuf),
    /// Another server uses it.
    #[error("{0} is locked: another server uses this database, stop it first")]
    Locked(PathBuf),
    /// A file is there already that is not to be overwritten.
    #[error("{0} exists already: name another file, or remove it first")]
    Exists(PathBuf),
    /// The operating system refused.
    #[error("{path} can not be opened: {cause}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: std::io::Error,
    },
    /// The database can not be used for now: it is busy, or the disk is full.
    #[error("{path} can not be used: {cause}")]
    Unavailable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: StoreError,
    },
}

/// Sorts what SQLite says by what a caller can do. Holds none of its texts, which may quote a row.
pub(crate) fn sort(error: &rusqlite::Error) -> StoreError {
    let unavailable = |text: &str| StoreError::Unavailable(text.into());
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Corrupt("the database file is damaged: restore it from a backup".into())
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            unavailable("another process holds the database")
        }
        Some(ErrorCode::DiskFull) => unavailable("the disk is full"),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => unavailable("the database is read-only"),
        Some(ErrorCode::CannotOpen) => unavailable("the database file can not be opened"),
        Some(ErrorCode::SystemIoFailure) => unavailable("the disk does not read or write"),
        Some(ErrorCode::OutOfMemory) => unavailable("memory is short"),
        Some(code) => unavailable(&format!("the database refuses ({code:?})")),
        None => StoreError::Corrupt("a stored row is not of the expected form".into()),
    }
}

/// Whether the fault lies with what was asked, so that asking for something else may go well.
pub(super) fn is_of_the_job(error: &rusqlite::Error) -> bool {
    use ErrorCode::{ConstraintViolation, ParameterOutOfRange, TooBig, TypeMismatch};
    matches!(
        error.sqlite_error_code(),
        None | Some(ConstraintViolation | TooBig | TypeMismatch | ParameterOutOfRange)
    )
}

/// Whether the connection is to be opened again before it is trusted.
pub(super) fn is_of_the_disk(error: &rusqlite::Error) -> bool {
    !is_of_the_job(error)
        && !matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}
