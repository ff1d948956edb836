//! Reads current records into memory.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, params};
use scheduler_core::domain::{Key, Source, Tenant, Timestamp};
use scheduler_core::memory::Records;

use super::schema::{self, Purpose};
use crate::error::Cause;
use crate::state::Reader;

/// The numbers that rows use for keys and sources.
#[derive(Default)]
pub(super) struct Numbers {
    pub(super) records: HashMap<Key, i64>,
    pub(super) sources: HashMap<Source, i64>,
}

/// Reads all records, over a connection of its own: its page cache is not needed afterwards.
pub(super) fn load(path: &Path) -> Result<(Records, Numbers), Cause> {
    let conn = schema::connect(path, Purpose::Read)?;
    let mut records = Records::new();
    let mut numbers = Numbers::default();
    refresh(&conn, &mut records, &mut numbers)?;
    Ok((records, numbers))
}

/// Puts into `records` what was written after the version that it has. Says how many there were.
pub(super) fn refresh(conn: &Connection, records: &mut Records, numbers: &mut Numbers) -> Result<u64, Cause> {
    let mut count = 0;
    let mut version = records.version();
    let mut reader = Reader::default();
    let mut sources: HashMap<Source, u64> = HashMap::new();
    let mut select = conn.prepare_cached(
        "SELECT id, source, tenant, version, global_version, due_at, state FROM records WHERE global_version > ?1",
    )?;
    let mut rows = select.query(params![version.cast_signed()])?;
    while let Some(row) = rows.next()? {
        let name = row.get_ref(1)?.as_str().map_err(|_| Cause::Value("source"))?;
        let source = match sources.get_key_value(name) {
            Some((known, _)) => known.clone(),
            None => Source::try_from(name.to_owned()).or_else(|_| system(name))?,
        };
        let tenant = row.get_ref(2)?.as_str().map_err(|_| Cause::Value("tenant"))?;
        let tenant = Tenant::parse(tenant).map_err(|_| Cause::Value("tenant"))?;
        let key = Key::new(source.clone(), tenant);
        let text = row.get_ref(6)?.as_str().map_err(|_| Cause::Value("record"))?;
        let record = reader.read(key.clone(), row.get::<_, i64>(3)?.cast_unsigned(), text)?;
        let due_at = row.get::<_, Option<i64>>(5)?.map(Timestamp::from_millis);
        if numbers.records.insert(key, row.get(0)?).is_none() {
            *sources.entry(source).or_default() += 1;
        }
        version = version.max(row.get::<_, i64>(4)?.cast_unsigned());
        records.put(Arc::new(record), due_at);
        count += 1;
    }
    records.set_version(version);
    // Each record took a place once, so a counter that starts there goes on where it was.
    for (source, met) in sources {
        records.place(&source, met);
    }
    load_sources(conn, numbers)?;
    Ok(count)
}

fn load_sources(conn: &Connection, numbers: &mut Numbers) -> Result<(), Cause> {
    let mut select = conn.prepare_cached("SELECT id, name FROM sources")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(1)?;
        let source = Source::parse(&name).or_else(|_| system(&name))?;
        numbers.sources.insert(source, row.get(0)?);
    }
    Ok(())
}

/// The source of the control plane's own record, whose name no puller can have.
pub(super) fn system(name: &str) -> Result<Source, Cause> {
    let source = Key::system().source;
    (source.as_str() == name).then_some(source).ok_or(Cause::Value("source"))
}
