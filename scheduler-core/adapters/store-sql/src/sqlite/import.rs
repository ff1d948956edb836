//! Writes what was pulled, while the run holds its lease.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};
use scheduler_core::domain::{Item, Key, Tally, Timestamp};

use super::batch::Batch;
use crate::error::Cause;

impl Batch<'_> {
    /// Upserts items; none when the lease is lost, and nothing is written.
    pub(super) fn import(
        &mut self,
        key: &Key,
        fence: u64,
        now: Timestamp,
        items: &[Item],
    ) -> Result<Option<Tally>, Cause> {
        let Some(record) = self.leased(key, fence) else {
            return Ok(None);
        };
        let mut tally = Tally::default();
        for item in items {
            write(self.conn, record, now, item, &mut tally)?;
        }
        Ok(Some(tally))
    }

    /// Marks records as gone; none when the lease is lost.
    pub(super) fn mark_gone(
        &mut self,
        key: &Key,
        fence: u64,
        now: Timestamp,
        entity: &str,
        ids: &[Arc<str>],
    ) -> Result<Option<u64>, Cause> {
        let Some(record) = self.leased(key, fence) else {
            return Ok(None);
        };
        let mut mark = self.conn.prepare_cached(
            "UPDATE imported SET gone = 1, imported_at = ?4
             WHERE record = ?1 AND entity = ?2 AND external_id = ?3 AND gone = 0",
        )?;
        let mut marked = 0;
        for id in ids {
            marked += mark.execute(params![record, entity, id, now.millis()])? as u64;
        }
        Ok(Some(marked))
    }
}

struct Known {
    same: bool,
    gone: bool,
    body: i64,
}

fn write(
    conn: &Connection,
    record: i64,
    now: Timestamp,
    item: &Item,
    tally: &mut Tally,
) -> Result<(), Cause> {
    let modified = item.modified.map(Timestamp::millis);
    let (entity, id) = (&item.entity, &item.external_id);
    let known = conn
        .prepare_cached(
            "SELECT hash = ?4, gone, body FROM imported
             WHERE record = ?1 AND entity = ?2 AND external_id = ?3",
        )?
        .query_row(params![record, entity, id, item.hash], |row| {
            Ok(Known { same: row.get(0)?, gone: row.get(1)?, body: row.get(2)? })
        })
        .optional()?;
    let Some(known) = known else {
        tally.created += 1;
        conn.prepare_cached("INSERT INTO bodies (data) VALUES (?1)")?.execute([item.data.get()])?;
        conn.prepare_cached(
            "INSERT INTO imported
             (record, entity, external_id, modified, imported_at, seen_at, gone, hash, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, 0, ?6, ?7)",
        )?
        .execute(params![
            record,
            entity,
            id,
            modified,
            now.millis(),
            item.hash,
            conn.last_insert_rowid()
        ])?;
        return Ok(());
    };
    if known.same && !known.gone {
        tally.unchanged += 1;
        conn.prepare_cached(
            "UPDATE imported SET seen_at = ?4, modified = ?5
             WHERE record = ?1 AND entity = ?2 AND external_id = ?3",
        )?
        .execute(params![record, entity, id, now.millis(), modified])?;
        return Ok(());
    }
    if known.gone {
        tally.created += 1;
    } else {
        tally.updated += 1;
    }
    conn.prepare_cached("UPDATE bodies SET data = ?2 WHERE id = ?1")?
        .execute(params![known.body, item.data.get()])?;
    conn.prepare_cached(
        "UPDATE imported SET modified = ?4, imported_at = ?5, seen_at = ?5, gone = 0, hash = ?6
         WHERE record = ?1 AND entity = ?2 AND external_id = ?3",
    )?
    .execute(params![record, entity, id, modified, now.millis(), item.hash])?;
    Ok(())
}
