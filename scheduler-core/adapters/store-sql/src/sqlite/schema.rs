//! Connections, what must be true of a database before it is used, and how its schema grows.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::file::{self, Lock};
use super::{OpenError, sort};
use crate::error::Cause;

/// "ALKC": tells our databases from others'.
const APPLICATION_ID: i32 = 0x414c_4b43;

/// Numbered from 1; the file's `user_version` says how many of them it has.
const MIGRATIONS: [&str; 1] = [include_str!("../../migrations/sqlite/0001_floor.sql")];

/// Files up to this size are checked at every start; larger ones by [`check`](super::check) only.
const CHECKED_AT_OPEN: u64 = 256 << 20;

/// How long to wait for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Write,
    Read,
}

/// Opens a connection to a database that exists.
pub(super) fn connect(path: &Path, purpose: Purpose) -> rusqlite::Result<Connection> {
    let access = match purpose {
        Purpose::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
        Purpose::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    let conn = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(PATIENCE)?;
    conn.set_prepared_statement_cache_capacity(64);
    match purpose {
        // The log is written over from its start once it was copied: that costs no metadata, so a
        // commit is one flush of data. Its limit only cuts what an exceptional batch has left.
        Purpose::Write => conn.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;
             PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;
             PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = OFF;",
        )?,
        Purpose::Read => conn.execute_batch(
            "PRAGMA query_only = ON; PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY;
             PRAGMA trusted_schema = OFF;",
        )?,
    }
    Ok(conn)
}

/// Makes sure that the file is ours, of a schema that is known, and can be written.
pub(super) fn inspect(path: &Path) -> Result<(), OpenError> {
    file::look(path)?;
    file::writable(path)?;
    let conn = connect(path, Purpose::Read).map_err(|error| refused(path, &error))?;
    recognise(path, &conn)
}

/// Makes sure that the file is whole, if that does not take long.
pub(super) fn sound(path: &Path) -> Result<(), OpenError> {
    if file::look(path)? > CHECKED_AT_OPEN {
        return Ok(());
    }
    let verdict = connect(path, Purpose::Read)
        .and_then(|conn| conn.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0)));
    match verdict.map_err(|error| refused(path, &error))?.as_str() {
        "ok" => Ok(()),
        _ => Err(OpenError::Damaged(path.into())),
    }
}

/// Makes sure that the database is ours, and of a schema that is known.
pub(super) fn recognise(path: &Path, conn: &Connection) -> Result<(), OpenError> {
    let look = || -> rusqlite::Result<_> {
        let application: i32 = conn.query_row("PRAGMA application_id", [], |row| row.get(0))?;
        Ok((application, schema_of(conn)?))
    };
    let (application, found) = look().map_err(|error| refused(path, &error))?;
    if application != APPLICATION_ID {
        return Err(OpenError::Foreign(path.into()));
    }
    let known = MIGRATIONS.len() as u32;
    if found > known {
        return Err(OpenError::Newer { path: path.into(), found, known });
    }
    Ok(())
}

/// Makes a new database.
pub(super) fn create(path: &Path) -> Result<(), OpenError> {
    file::make_directory(path)?;
    file::build(path, |draft| {
        let conn = Connection::open(draft).map_err(|error| refused(path, &error))?;
        let fill = || -> rusqlite::Result<()> {
            conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
            conn.pragma_update(None, "application_id", APPLICATION_ID)?;
            upgrade(&conn)?;
            let mut instance = [0; 8];
            getrandom::fill(&mut instance).map_err(|_| rusqlite::Error::InvalidQuery)?;
            let instance: String = instance.iter().map(|byte| format!("{byte:02x}")).collect();
            conn.execute("INSERT INTO meta VALUES ('instance', ?1)", params![instance])?;
            conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        };
        fill().map_err(|error| refused(path, &error))?;
        conn.close().map_err(|(_, error)| refused(path, &error))
    })
}

/// Brings the schema up to date, under the server's lock: no server may work on it meanwhile.
pub(super) fn migrate(path: &Path, lock: Option<&Lock>) -> Result<(), OpenError> {
    let conn = connect(path, Purpose::Read).map_err(|error| refused(path, &error))?;
    if schema_of(&conn).map_err(|error| refused(path, &error))? as usize == MIGRATIONS.len() {
        return Ok(());
    }
    let _own = lock.is_none().then(|| Lock::take(path)).transpose()?;
    sound(path)?;
    let upgraded = connect(path, Purpose::Write).and_then(|conn| upgrade(&conn));
    upgraded.map_err(|error| refused(path, &error))
}

/// Makes each pending step with its number in one transaction.
fn upgrade(conn: &Connection) -> rusqlite::Result<()> {
    let done = schema_of(conn)? as usize;
    for (number, step) in MIGRATIONS.iter().enumerate().skip(done) {
        let version = number + 1;
        conn.execute_batch(&format!("BEGIN IMMEDIATE; {step} PRAGMA user_version = {version}; COMMIT;"))
            .inspect_err(|_| drop(conn.execute_batch("ROLLBACK")))?;
    }
    Ok(())
}

fn schema_of(conn: &Connection) -> rusqlite::Result<u32> {
    conn.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// The name that this database was given when it was made.
pub(super) fn instance(conn: &Connection) -> Result<String, Cause> {
    conn.query_row("SELECT value FROM meta WHERE name = 'instance'", [], |row| row.get(0))
        .optional()?
        .ok_or(Cause::Value("instance id"))
}

/// What an error means for the file as a whole.
pub(super) fn refused(path: &Path, error: &rusqlite::Error) -> OpenError {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase, PermissionDenied, ReadOnly};
    match error.sqlite_error_code() {
        None | Some(DatabaseCorrupt) => OpenError::Damaged(path.into()),
        Some(NotADatabase) => OpenError::NotADatabase(path.into()),
        Some(ReadOnly | PermissionDenied) => OpenError::ReadOnly(path.into()),
        Some(_) => OpenError::Unavailable { path: path.into(), cause: sort(error) },
    }
}

/// What a cause means for the file as a whole.
pub(super) fn failed(path: &Path, cause: Cause) -> OpenError {
    match cause {
        Cause::Sqlite(error) => refused(path, &error),
        Cause::Row { .. } | Cause::Value(_) => OpenError::Damaged(path.into()),
        other => OpenError::Unavailable { path: path.into(), cause: other.into() },
    }
}
