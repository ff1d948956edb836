//! The database file: looked at before it is opened, made whole or not at all, and locked.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::OpenError;

/// Makes sure that `path` is a database that can be written, as far as can be seen from outside.
///
/// # Errors
///
/// [`OpenError::Missing`] when there is none.
pub(super) fn look(path: &Path) -> Result<u64, OpenError> {
    let meta = match fs::metadata(path) {
        Ok(meta) => meta,
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Err(OpenError::Missing(path.into())),
        Err(cause) => return Err(io_error(path, cause)),
    };
    if !meta.is_file() {
        return Err(OpenError::NotADatabase(path.into()));
    }
    if meta.len() == 0 {
        return Err(OpenError::Empty(path.into()));
    }
    let mut head = [0; 16];
    let mut file = File::open(path).map_err(|cause| io_error(path, cause))?;
    if file.read_exact(&mut head).is_err() || head != *b"SQLite format 3\0" {
        return Err(OpenError::NotADatabase(path.into()));
    }
    Ok(meta.len())
}

/// Makes sure that the file and its directory can be written.
///
/// The permission bits count even for root, who may ignore them: they say what was meant.
pub(super) fn writable(path: &Path) -> Result<(), OpenError> {
    let read_only = |path: &Path| fs::metadata(path).is_ok_and(|meta| meta.permissions().readonly());
    if read_only(path) || read_only(directory(path)) {
        return Err(OpenError::ReadOnly(path.into()));
    }
    OpenOptions::new().read(true).write(true).open(path).map(drop).map_err(|cause| io_error(path, cause))
}

/// The directory that `path` lies in.
pub(super) fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes the directory of `path`, for this user only, if there is none.
pub(super) fn make_directory(path: &Path) -> Result<(), OpenError> {
    let directory = directory(path);
    if directory.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory).map_err(|cause| io_error(directory, cause))
}

/// Builds a file beside `path` with `fill`, and puts it there when it is whole and on the disk.
///
/// # Errors
///
/// [`OpenError::Exists`] when something is there already: it is never overwritten.
pub(super) fn build(path: &Path, fill: impl FnOnce(&Path) -> Result<(), OpenError>) -> Result<(), OpenError> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(OpenError::Exists(path.into()));
    }
    let unfinished = Unfinished(beside(path, &format!(".new-{}", std::process::id())));
    let draft = &unfinished.0;
    let _ = fs::remove_file(draft);
    private(draft).map_err(|cause| io_error(path, cause))?;
    fill(draft)?;
    let finish = || {
        File::open(draft)?.sync_all()?;
        fs::hard_link(draft, path).or_else(|cause| match cause.kind() {
            ErrorKind::AlreadyExists => Err(cause),
            _ => fs::rename(draft, path),
        })?;
        File::open(directory(path))?.sync_all()
    };
    finish().map_err(|cause| match cause.kind() {
        ErrorKind::AlreadyExists => OpenError::Exists(path.into()),
        _ => io_error(path, cause),
    })
}

/// A file that goes away unless it was moved.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let _ = fs::remove_file(beside(&self.0, suffix));
        }
    }
}

/// Says to other servers that this one uses the database; ends when it is dropped.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    pub(super) fn take(path: &Path) -> Result<Self, OpenError> {
        let path = beside(path, ".lock");
        let file = match OpenOptions::new().read(true).write(true).open(&path) {
            Err(cause) if cause.kind() == ErrorKind::NotFound => private(&path),
            other => other,
        };
        let file = file.map_err(|cause| io_error(&path, cause))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked(path)),
            Err(TryLockError::Error(cause)) => Err(io_error(&path, cause)),
        }
    }
}

/// Opens a file, made for this user only.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn io_error(path: &Path, cause: io::Error) -> OpenError {
    match cause.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => OpenError::ReadOnly(path.into()),
        _ => OpenError::Io { path: path.into(), cause },
    }
}
