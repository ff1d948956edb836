//! Runs and audit entries, newest first. Each list is a walk along an index, in the index's order.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use scheduler_core::domain::{AuditEntry, Key, Run, RunState, Scope, Source, Trigger};
use scheduler_core::ports::{AuditQuery, Ids, Page, RunQuery};

use crate::error::Cause;
use crate::rows;

/// A list: of which table, which rows, and which of them.
struct Walk {
    table: Table,
    ids: Ids,
    /// Columns that must hold these words.
    filters: Vec<(&'static str, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Table {
    Runs,
    Audit,
}

/// One stretch of a list: of a whole source, or of one record.
#[derive(Clone, Copy)]
enum Stretch {
    Source(i64),
    Record(i64),
}

impl Table {
    fn name(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Audit => "audit",
        }
    }

    fn id(self) -> &'static str {
        match self {
            Self::Runs => "run_id",
            Self::Audit => "id",
        }
    }
}

impl Walk {
    fn runs(query: &RunQuery) -> Result<Self, Cause> {
        let mut filters = Vec::new();
        if let Some(trigger) = query.trigger {
            filters.push(("trigger", trigger.as_str().to_owned()));
        }
        if let Some(state) = query.state {
            filters.push(("state", state.as_str().to_owned()));
        }
        let ids = Ids::within(query.since, query.until, query.cursor.as_deref())?;
        Ok(Self { table: Table::Runs, ids, filters })
    }

    fn audit(query: &AuditQuery, cursor: Option<&str>) -> Result<Self, Cause> {
        let mut filters = Vec::new();
        if let Some(operation) = query.operation {
            filters.push(("operation", operation.as_str().to_owned()));
        }
        if let Some(actor) = &query.actor {
            filters.push(("actor", actor.clone()));
        }
        let ids = Ids::within(query.since, query.until, cursor)?;
        Ok(Self { table: Table::Audit, ids, filters })
    }

    /// The index that narrows a source's rows the most, with what its rows have in common.
    fn index(&self, stretch: Stretch) -> (&'static str, &'static str) {
        let has = |column| self.filters.iter().find(|(name, _)| *name == column).map(|(_, word)| &**word);
        match (self.table, stretch) {
            (Table::Runs, Stretch::Record(_)) => ("INDEXED BY runs_by_record", ""),
            (Table::Audit, Stretch::Record(_)) => ("INDEXED BY audit_by_record", ""),
            (Table::Runs, Stretch::Source(_)) => {
                if has("state").is_some_and(|state| state != RunState::Succeeded.as_str()) {
                    ("INDEXED BY runs_by_state", " AND state <> 'succeeded'")
                } else if has("trigger").is_some_and(|trigger| trigger != Trigger::Schedule.as_str()) {
                    ("INDEXED BY runs_by_trigger", " AND trigger <> 'schedule'")
                } else {
                    ("INDEXED BY runs_by_id", "")
                }
            }
            (Table::Audit, Stretch::Source(_)) if has("actor").is_some() => ("INDEXED BY audit_by_actor", ""),
            (Table::Audit, Stretch::Source(_)) if has("operation").is_some() => {
                ("INDEXED BY audit_by_operation", "")
            }
            (Table::Audit, Stretch::Source(_)) => ("INDEXED BY audit_by_id", ""),
        }
    }

    /// What is selected, of which rows; the parameters are those of [`Walk::values`].
    fn sql(&self, select: &str, stretch: Stretch) -> String {
        let (table, id) = (self.table.name(), self.table.id());
        let (index, common) = self.index(stretch);
        let column = match stretch {
            Stretch::Source(_) => "source",
            Stretch::Record(_) => "record",
        };
        let mut sql = format!(
            "SELECT {select} FROM {table} {index} WHERE {column} = ?1 AND {id} >= ?2 AND {id} < ?3{common}"
        );
        for (place, (column, _)) in self.filters.iter().enumerate() {
            sql += &format!(" AND {column} = ?{}", place + 4);
        }
        sql
    }

    fn listing(&self, stretch: Stretch) -> String {
        let id = self.table.id();
        let limit = self.filters.len() + 4;
        self.sql(&format!("{id}, body"), stretch) + &format!(" ORDER BY {id} DESC LIMIT ?{limit}")
    }

    fn values(&self, stretch: Stretch) -> Vec<Value> {
        let (Stretch::Source(number) | Stretch::Record(number)) = stretch;
        let mut values = vec![number.into(), self.ids.from.clone().into(), self.ids.until.clone().into()];
        values.extend(self.filters.iter().map(|(_, word)| Value::from(word.clone())));
        values
    }

    /// The newest rows of all stretches together, one more than asked for if there is one.
    fn page(mut self, conn: &Connection, stretches: &[Stretch], limit: usize) -> Result<Page<String>, Cause> {
        let wanted = limit.saturating_add(1);
        let mut found: Vec<(String, String)> = Vec::new();
        for stretch in stretches {
            let mut select = conn.prepare_cached(&self.listing(*stretch))?;
            let mut values = self.values(*stretch);
            values.push(i64::try_from(wanted).unwrap_or(i64::MAX).into());
            let mut rows = select.query(params_from_iter(values))?;
            while let Some(row) = rows.next()? {
                found.push((row.get(0)?, row.get(1)?));
            }
            if stretches.len() > 1 && found.len() >= wanted {
                found.sort_unstable_by(|left, right| right.0.cmp(&left.0));
                found.truncate(wanted);
                // What is older than a full page's last row is not looked at any more.
                self.ids.from = found.last().map_or(self.ids.from, |(id, _)| id.clone());
            }
        }
        found.sort_unstable_by(|left, right| right.0.cmp(&left.0));
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|(id, _)| id.clone());
        Ok(Page { rows: found.into_iter().map(|(_, body)| body).collect(), next })
    }

    fn count(&self, conn: &Connection, stretches: &[Stretch]) -> Result<u64, Cause> {
        let mut count = 0;
        for stretch in stretches {
            let mut select = conn.prepare_cached(&self.sql("count(*)", *stretch))?;
            count += select
                .query_row(params_from_iter(self.values(*stretch)), |row| row.get::<_, i64>(0))?
                .cast_unsigned();
        }
        Ok(count)
    }
}

/// Runs without their log lines.
pub(super) fn runs(conn: &Connection, query: &RunQuery) -> Result<Page<Run>, Cause> {
    let walk = Walk::runs(query)?;
    let stretches = stretches(conn, &query.source, &query.scope, false)?;
    let Page { rows, next } = walk.page(conn, &stretches, query.limit)?;
    let rows = rows.iter().map(|body| rows::run(body, None)).collect::<Result<_, _>>()?;
    Ok(Page { rows, next })
}

pub(super) fn audit(conn: &Connection, query: &AuditQuery) -> Result<Page<AuditEntry>, Cause> {
    let walk = Walk::audit(query, query.cursor.as_deref())?;
    let stretches = stretches(conn, &query.source, &query.scope, true)?;
    let Page { rows, next } = walk.page(conn, &stretches, query.limit)?;
    let rows = rows.iter().map(|body| rows::entry(body)).collect::<Result<_, _>>()?;
    Ok(Page { rows, next })
}

pub(super) fn audit_count(conn: &Connection, query: &AuditQuery) -> Result<u64, Cause> {
    let stretches = stretches(conn, &query.source, &query.scope, true)?;
    Walk::audit(query, None)?.count(conn, &stretches)
}

/// The keys of all chains, in order.
pub(super) fn chains(conn: &Connection, after: Option<&Key>, limit: usize) -> Result<Vec<Key>, Cause> {
    let (source, tenant) = after.map_or(("", ""), |key| (key.source.as_str(), key.tenant.as_str()));
    let mut select = conn.prepare_cached(CHAINS)?;
    let mut rows = select.query(params![source, tenant, i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        keys.push(key(row.get(0)?, row.get(1)?)?);
    }
    Ok(keys)
}

const CHAINS: &str = "SELECT source, tenant FROM records WHERE (source, tenant) > (?1, ?2)
    AND EXISTS (SELECT 1 FROM audit WHERE record = records.id) ORDER BY source, tenant LIMIT ?3";

fn key(source: String, tenant: String) -> Result<Key, Cause> {
    let source = Source::parse(&source).or_else(|_| super::load::system(&source))?;
    Ok(Key::new(source, tenant.try_into().map_err(|_| Cause::Value("tenant"))?))
}

/// Entries of one chain, oldest first.
pub(super) fn chain(
    conn: &Connection,
    key: &Key,
    after: u64,
    limit: usize,
) -> Result<Vec<AuditEntry>, Cause> {
    let Some(record) = record(conn, key)? else {
        return Ok(Vec::new());
    };
    let mut select = conn.prepare_cached(CHAIN)?;
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let mut rows = select.query(params![record, after, i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(rows::entry(row.get_ref(0)?.as_str().map_err(|_| Cause::Value("audit entry"))?)?);
    }
    Ok(entries)
}

const CHAIN: &str = "SELECT body FROM audit WHERE record = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";

/// Where the rows of a scope lie.
fn stretches(
    conn: &Connection,
    source: &Source,
    scope: &Scope,
    with_system: bool,
) -> Result<Vec<Stretch>, Cause> {
    let Scope::Only(tenants) = scope else {
        let system = Key::system().source;
        let others = [&system].into_iter().filter(|system| with_system && *system != source);
        let mut found = Vec::new();
        for source in [source].into_iter().chain(others) {
            let mut select = conn.prepare_cached("SELECT id FROM sources WHERE name = ?1")?;
            let number = select.query_row([source.as_str()], |row| row.get(0)).optional()?;
            found.extend(number.map(Stretch::Source));
        }
        return Ok(found);
    };
    let mut found = Vec::new();
    for tenant in tenants {
        found.extend(record(conn, &Key::new(source.clone(), tenant.clone()))?.map(Stretch::Record));
    }
    Ok(found)
}

/// The number of a record.
pub(super) fn record(conn: &Connection, key: &Key) -> Result<Option<i64>, Cause> {
    Ok(conn
        .prepare_cached("SELECT id FROM records WHERE source = ?1 AND tenant = ?2")?
        .query_row(params![key.source.as_str(), key.tenant.as_str()], |row| row.get(0))
        .optional()?)
}

#[cfg(test)]
#[path = "plans.rs"]
mod plans;
