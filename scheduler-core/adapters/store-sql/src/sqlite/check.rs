//! A full look at a database.

use std::path::Path;

use rusqlite::Connection;
use scheduler_core::domain::{Key, verify_chain};
use scheduler_core::memory::Records;

use super::load::{self, Numbers};
use super::schema::{self, Purpose, refused};
use super::{OpenError, file, history};
use crate::error::Cause;

/// What a full check found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// What SQLite's own check says is wrong with the file.
    pub problems: Vec<String>,
    /// Whose audit chain has an altered or missing entry.
    pub broken_chains: Vec<Key>,
    /// Records, with a schedule or without.
    pub records: u64,
    /// Runs.
    pub runs: u64,
    /// Ranges of occurrences.
    pub ranges: u64,
    /// Audit entries.
    pub audit: u64,
    /// Imported records.
    pub imported: u64,
    /// Access tokens.
    pub tokens: u64,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty() && self.broken_chains.is_empty()
    }
}

/// Reads everything in the database at `path`, which a server may be using.
///
/// # Errors
///
/// An [`OpenError`] when it is not a database of ours, or so damaged that it can not be read.
pub fn check(path: impl AsRef<Path>) -> Result<Report, OpenError> {
    let path = path.as_ref();
    file::look(path)?;
    let conn = schema::connect(path, Purpose::Read).map_err(|error| refused(path, &error))?;
    schema::recognise(path, &conn)?;
    let look = || -> Result<Report, Cause> {
        conn.execute_batch("BEGIN")?;
        let count = |table: &str| -> Result<u64, Cause> {
            let sql = format!("SELECT count(*) FROM {table}");
            Ok(conn.query_row(&sql, [], |row| row.get::<_, i64>(0))?.cast_unsigned())
        };
        Ok(Report {
            problems: problems(&conn)?,
            broken_chains: broken_chains(&conn)?,
            records: count("records")?,
            runs: count("runs")?,
            ranges: count("occurrences")?,
            audit: count("audit")?,
            imported: count("imported")?,
            tokens: count("tokens")?,
        })
    };
    look().map_err(|cause| schema::failed(path, cause))
}

fn problems(conn: &Connection) -> Result<Vec<String>, Cause> {
    let mut check = conn.prepare("PRAGMA integrity_check(20)")?;
    let found = check.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(found.into_iter().filter(|line| line != "ok").collect())
}

/// Every record's chain must begin at its first entry and end at the head that the record names.
fn broken_chains(conn: &Connection) -> Result<Vec<Key>, Cause> {
    const STEP: usize = 1000;
    let mut records = Records::new();
    let mut numbers = Numbers::default();
    load::refresh(conn, &mut records, &mut numbers)?;
    let mut broken = Vec::new();
    for key in numbers.records.keys() {
        let mut prev = (0, [0; 32]);
        let sound = loop {
            let entries = history::chain(conn, key, prev.0, STEP)?;
            if verify_chain(&entries, Some(prev)).is_some() {
                break false;
            }
            match entries.last() {
                Some(last) => prev = (last.seq, last.hash),
                None => {
                    break records
                        .get(key)
                        .is_some_and(|record| (record.audit.seq, record.audit.hash) == prev);
                }
            }
        };
        if !sound {
            broken.push(key.clone());
        }
    }
    broken.sort_unstable();
    Ok(broken)
}
