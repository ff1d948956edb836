//! What is asked of one record, answer, connection or token.

use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use scheduler_core::domain::{
    Answer, Imported, Key, Range, Run, RunId, SealedConnection, Timestamp, TokenRecord,
};
use scheduler_core::ports::{ImportedQuery, Page, Place};
use serde_json::value::RawValue;

use super::history::record;
use crate::error::{Cause, unreadable};
use crate::rows;

pub(super) const RUN: &str =
    "SELECT body, log FROM runs WHERE source IN (SELECT id FROM sources) AND run_id = ?1";

pub(super) fn run(conn: &Connection, id: &RunId) -> Result<Option<Run>, Cause> {
    let mut select = conn.prepare_cached(RUN)?;
    let found = select
        .query_row([id.as_str()], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?)))
        .optional()?;
    found.map(|(body, log)| rows::run(&body, log.as_deref())).transpose()
}

/// A record's ranges are few, since alike slots share one: those before the window are passed over.
pub(super) const OCCURRENCES: &str =
    "SELECT body FROM occurrences WHERE record = ?1 AND first < ?2 AND last >= ?3 ORDER BY first";

pub(super) fn occurrences(
    conn: &Connection,
    key: &Key,
    since: Timestamp,
    until: Timestamp,
) -> Result<Vec<Range>, Cause> {
    let Some(record) = record(conn, key)? else {
        return Ok(Vec::new());
    };
    let mut select = conn.prepare_cached(OCCURRENCES)?;
    let mut found = select.query(params![record, until.millis(), since.millis()])?;
    let mut ranges = Vec::new();
    while let Some(row) = found.next()? {
        ranges.push(rows::range(text(row, 0, "range")?)?);
    }
    Ok(ranges)
}

pub(super) fn answer(conn: &Connection, name: &str, now: Timestamp) -> Result<Option<Answer>, Cause> {
    let mut select = conn.prepare_cached(
        "SELECT request, status, body, expires FROM answers WHERE name = ?1 AND expires > ?2",
    )?;
    let found = select.query_row(params![name, now.millis()], |row| {
        Ok(Answer {
            name: name.into(),
            request: row.get(0)?,
            status: row.get(1)?,
            body: row.get(2)?,
            expires: Timestamp::from_millis(row.get(3)?),
        })
    });
    Ok(found.optional()?)
}

pub(super) fn connection(conn: &Connection, key: &Key) -> Result<Option<SealedConnection>, Cause> {
    let mut select = conn.prepare_cached(
        "SELECT body FROM connections
         WHERE record = (SELECT id FROM records WHERE source = ?1 AND tenant = ?2)",
    )?;
    let found: Option<String> =
        select.query_row([key.source.as_str(), key.tenant.as_str()], |row| row.get(0)).optional()?;
    found.map(|body| rows::read(&body, "connection")).transpose()
}

pub(super) fn tokens(conn: &Connection) -> Result<Vec<TokenRecord>, Cause> {
    let mut select = conn.prepare_cached("SELECT body FROM tokens ORDER BY id")?;
    let mut found = select.query([])?;
    let mut tokens = Vec::new();
    while let Some(row) = found.next()? {
        tokens.push(rows::read(text(row, 0, "token")?, "token")?);
    }
    Ok(tokens)
}

pub(super) fn token(conn: &Connection, id: &str) -> Result<Option<TokenRecord>, Cause> {
    let mut select = conn.prepare_cached("SELECT body FROM tokens WHERE id = ?1")?;
    let found: Option<String> = select.query_row([id], |row| row.get(0)).optional()?;
    found.map(|body| rows::read(&body, "token")).transpose()
}

/// Imported records with their content, in the order of their names.
macro_rules! imported {
    ($which:literal) => {
        concat!(
            "SELECT i.entity, i.external_id, i.modified, i.imported_at, i.seen_at, i.gone, b.data
             FROM imported AS i CROSS JOIN bodies AS b ON b.id = i.body WHERE i.record = ?1 AND ",
            $which
        )
    };
}

pub(super) const OF_ENTITY: &str =
    imported!("i.entity = ?2 AND i.external_id > ?3 AND i.imported_at >= ?4 ORDER BY i.external_id LIMIT ?5");
pub(super) const OF_ALL: &str = imported!(
    "(i.entity, i.external_id) > (?2, ?3) AND i.imported_at >= ?4 ORDER BY i.entity, i.external_id LIMIT ?5"
);
pub(super) const UNSEEN: &str = imported!(
    "i.entity = ?2 AND i.external_id > ?3 AND i.seen_at < ?4 AND i.gone = 0 ORDER BY i.external_id LIMIT ?5"
);
const ONE: &str = imported!("i.entity = ?2 AND i.external_id = ?3");

pub(super) fn imported(conn: &Connection, query: &ImportedQuery) -> Result<Page<Imported>, Cause> {
    let place = query.cursor.as_deref().map(Place::read).transpose()?;
    let Some(record) = record(conn, &query.key)? else {
        return Ok(Page { rows: Vec::new(), next: None });
    };
    let (sql, entity, id) = match (&query.entity, place) {
        (Some(entity), Some(place)) if *place.entity > **entity => {
            return Ok(Page { rows: Vec::new(), next: None });
        }
        (Some(entity), Some(place)) if *place.entity == **entity => (OF_ENTITY, place.entity, place.id),
        (Some(entity), _) => (OF_ENTITY, entity.to_string(), String::new()),
        (None, Some(place)) => (OF_ALL, place.entity, place.id),
        (None, None) => (OF_ALL, String::new(), String::new()),
    };
    let since = query.changed_since.map_or(i64::MIN, Timestamp::millis);
    let wanted = i64::try_from(query.limit.saturating_add(1)).unwrap_or(i64::MAX);
    let values: [Value; 5] = [record.into(), entity.into(), id.into(), since.into(), wanted.into()];
    let mut rows = list(conn, sql, values)?;
    let more = rows.len() > query.limit;
    rows.truncate(query.limit);
    let next = rows.last().filter(|_| more).map(|row| Place::text(&row.entity, &row.external_id));
    Ok(Page { rows, next })
}

pub(super) fn unseen(
    conn: &Connection,
    key: &Key,
    entity: &str,
    before: Timestamp,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<Imported>, Cause> {
    let Some(record) = record(conn, key)? else {
        return Ok(Vec::new());
    };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let after = after.unwrap_or_default().to_owned();
    let values: [Value; 5] =
        [record.into(), entity.to_owned().into(), after.into(), before.millis().into(), limit.into()];
    list(conn, UNSEEN, values)
}

pub(super) fn imported_one(
    conn: &Connection,
    key: &Key,
    entity: &str,
    id: &str,
) -> Result<Option<Imported>, Cause> {
    let Some(record) = record(conn, key)? else {
        return Ok(None);
    };
    let values: [Value; 3] = [record.into(), entity.to_owned().into(), id.to_owned().into()];
    Ok(list(conn, ONE, values)?.pop())
}

fn list<const N: usize>(conn: &Connection, sql: &str, values: [Value; N]) -> Result<Vec<Imported>, Cause> {
    let mut select = conn.prepare_cached(sql)?;
    let mut found = select.query(params_from_iter(values))?;
    let mut rows: Vec<Imported> = Vec::new();
    while let Some(row) = found.next()? {
        let entity = text(row, 0, "imported record")?;
        let entity = match rows.last() {
            Some(last) if *last.entity == *entity => Arc::clone(&last.entity),
            _ => entity.into(),
        };
        rows.push(Imported {
            entity,
            external_id: text(row, 1, "imported record")?.into(),
            modified: row.get::<_, Option<i64>>(2)?.map(Timestamp::from_millis),
            imported_at: Timestamp::from_millis(row.get(3)?),
            seen_at: Timestamp::from_millis(row.get(4)?),
            gone: row.get(5)?,
            data: RawValue::from_string(row.get(6)?).map_err(unreadable("imported record"))?,
        });
    }
    Ok(rows)
}

fn text<'a>(row: &'a Row<'_>, column: usize, what: &'static str) -> Result<&'a str, Cause> {
    row.get_ref(column)?.as_str().map_err(|_| Cause::Value(what))
}
