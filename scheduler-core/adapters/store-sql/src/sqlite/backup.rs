//! Copies of a database that is in use.

use std::path::Path;

use rusqlite::params;

use super::schema::{self, Purpose, refused};
use super::{OpenError, file};

/// Writes a consistent copy of the database `from`, which a server may be using, to the new file `to`.
///
/// The copy is compact, readable by this user only, and checked before it gets its name.
///
/// # Errors
///
/// [`OpenError::Exists`] when there is a file at `to`; otherwise what is wrong with `from` or the disk.
pub fn backup(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<(), OpenError> {
    let (from, to) = (from.as_ref(), to.as_ref());
    file::look(from)?;
    file::build(to, |draft| {
        let copy = || -> rusqlite::Result<()> {
            let conn = schema::connect(from, Purpose::Read)?;
            conn.execute_batch("PRAGMA query_only = OFF")?;
            conn.execute("VACUUM INTO ?1", params![draft.to_str()])?;
            Ok(())
        };
        copy().map_err(|error| refused(from, &error))?;
        schema::inspect(draft).and_then(|()| schema::sound(draft)).map_err(|error| match error {
            OpenError::Damaged(_) => OpenError::Damaged(from.into()),
            other => other,
        })
    })
}
