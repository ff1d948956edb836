//! How items are named. The table is laid out in `docs/stores/dynamodb.md`.

use scheduler_core::domain::{Key, RunId, Source, Tenant, Timestamp};
use sha2::{Digest, Sha256};

use crate::error::Cause;
use crate::item::Name;

/// Partitions of the index of due records.
pub(crate) const DUE_SHARDS: u8 = 16;
/// Partitions of the runs of one stretch of time.
pub(crate) const RUN_SHARDS: u8 = 4;
/// Partitions of stored answers.
pub(crate) const ANSWER_SHARDS: u8 = 16;

/// Digits of an id that name its stretch of time: the rest covers 2^30 ms, twelve and a half days.
const STRETCH: usize = 4;

/// Bytes of an upstream's name that stand in a sort key as they are: 1,024 are allowed.
const READABLE: usize = 800;

/// Partitions and items that there is one of.
pub(crate) const DIRECTORY: &str = "DIRECTORY";
pub(crate) const STRETCHES: &str = "STRETCHES";
pub(crate) const TOKENS: &str = "TOKENS";

fn name(pk: impl Into<String>, sk: impl Into<String>) -> Name {
    Name { pk: pk.into(), sk: sk.into() }
}

/// A key as text whose order is that of keys: `#` sorts below every sign of a name.
pub(crate) fn owner(key: &Key) -> String {
    format!("{}#{}", key.source, key.tenant)
}

/// Reads what [`owner`] wrote.
pub(crate) fn read_owner(text: &str) -> Result<Key, Cause> {
    let (source, tenant) = text.split_once('#').ok_or(Cause::Unreadable("key"))?;
    let unreadable = |_| Cause::Unreadable("key");
    Ok(Key::new(Source::parse(source).map_err(unreadable)?, Tenant::parse(tenant).map_err(unreadable)?))
}

/// The partition of all that belongs to one key.
pub(crate) fn partition(key: &Key) -> String {
    format!("T#{}", owner(key))
}

pub(crate) const RECORD: &str = "RECORD";

pub(crate) fn record(key: &Key) -> Name {
    name(partition(key), RECORD)
}

pub(crate) fn connection(key: &Key) -> Name {
    name(partition(key), "CONNECTION")
}

/// The entry in the list of all keys.
pub(crate) fn directory(key: &Key) -> Name {
    name(DIRECTORY, owner(key))
}

/// The partition of the index of due records.
pub(crate) fn due_shard(shard: u8) -> String {
    format!("DUE#{shard:02}")
}

pub(crate) fn due_shard_of(key: &Key) -> String {
    due_shard(digest(owner(key).as_bytes())[0] % DUE_SHARDS)
}

// --- ranges of occurrences

pub(crate) const RANGE: &str = "RANGE#";

pub(crate) fn range(key: &Key, first: Timestamp) -> Name {
    name(partition(key), range_from(first))
}

/// The least sort key of ranges that begin at `first` or later.
pub(crate) fn range_from(first: Timestamp) -> String {
    format!("{RANGE}{:013}", first.millis())
}

// --- runs and audit entries

/// The stretch of time that an id belongs to.
pub(crate) fn stretch(id: &str) -> &str {
    id.get(..STRETCH).unwrap_or(id)
}

/// The partition of a list's rows of one stretch.
pub(crate) fn runs(stretch: &str, shard: u8) -> String {
    format!("RUNS#{stretch}#{shard}")
}

pub(crate) fn run(id: &RunId) -> Name {
    name(runs(stretch(id.as_str()), run_shard(id)), id.as_str())
}

pub(crate) fn run_log(id: &RunId) -> Name {
    name(format!("RUN-LOGS#{}#{}", stretch(id.as_str()), run_shard(id)), id.as_str())
}

fn run_shard(id: &RunId) -> u8 {
    // The last digit is of a hash.
    id.as_str().bytes().last().unwrap_or(0) % RUN_SHARDS
}

pub(crate) const CHAIN: &str = "AUDIT#";

pub(crate) fn chain_entry(key: &Key, seq: u64) -> Name {
    name(partition(key), format!("{CHAIN}{seq:020}"))
}

pub(crate) const OWN_ENTRY: &str = "ENTRY#";

/// The pointer by which an entry is found in its key's own list.
pub(crate) fn own_entry(key: &Key, id: &str) -> Name {
    name(partition(key), format!("{OWN_ENTRY}{id}"))
}

/// The partition of the pointers by which entries are found in the list of a source.
pub(crate) fn audit(source: &Source, stretch: &str) -> String {
    format!("AUDIT#{source}#{stretch}")
}

pub(crate) fn listed_entry(key: &Key, id: &str) -> Name {
    name(audit(&key.source, stretch(id)), id)
}

/// What stands in the list of stretches for runs.
pub(crate) const RUN_STRETCHES: &str = "RUNS#";

pub(crate) fn run_stretch(id: &RunId) -> Name {
    name(STRETCHES, format!("{RUN_STRETCHES}{}", stretch(id.as_str())))
}

/// What stands in the list of stretches for the audit entries of a source.
pub(crate) fn audit_stretches(source: &Source) -> String {
    format!("AUDIT#{source}#")
}

pub(crate) fn audit_stretch(source: &Source, id: &str) -> Name {
    name(STRETCHES, format!("{}{}", audit_stretches(source), stretch(id)))
}

// --- answers, tokens, counters

pub(crate) fn answers(shard: u8) -> String {
    format!("ANSWERS#{shard:02}")
}

pub(crate) fn answer(answer: &str) -> Name {
    let digest = digest(answer.as_bytes());
    name(answers(digest[0] % ANSWER_SHARDS), hex(&digest))
}

pub(crate) fn token(id: &str) -> Name {
    name(TOKENS, hex(&digest(id.as_bytes())))
}

pub(crate) fn version() -> Name {
    name("VERSION", "VERSION")
}

pub(crate) fn places(source: &Source) -> Name {
    name("PLACES", source.as_str())
}

pub(crate) fn probe() -> Name {
    name("PROBE", "PROBE")
}

// --- imported records

/// What all heads' sort keys begin with.
pub(crate) const HEAD: &str = "HEAD#";

/// What the sort keys of one kind's heads begin with.
pub(crate) fn heads(entity: &str) -> String {
    format!("{HEAD}{entity}#")
}

pub(crate) fn head(key: &Key, entity: &str, id: &str) -> Name {
    name(partition(key), format!("{}{}", heads(entity), sortable(id)))
}

/// One part of a record's content.
pub(crate) fn content(key: &Key, entity: &str, id: &str, part: usize) -> Name {
    name(partition(key), format!("CONTENT#{part:02}#{entity}#{}", sortable(id)))
}

/// A name as part of a sort key. Very long ones that begin alike are in the order of their hashes.
fn sortable(id: &str) -> String {
    if id.len() <= READABLE {
        return id.to_owned();
    }
    format!("{} {}", &id[..id.floor_char_boundary(READABLE)], hex(&digest(id.as_bytes())))
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(source: &str, tenant: &str) -> Key {
        Key::new(Source::parse(source).unwrap(), Tenant::parse(tenant).unwrap())
    }

    #[test]
    fn owners_are_in_the_order_of_keys() {
        let mut keys = vec![
            Key::system(),
            key("a", "b"),
            key("a", "b-c"),
            key("a", "b.c"),
            key("a-b", "a"),
            key("a0", "a"),
            key("ab", "0"),
        ];
        keys.sort();

        let owners: Vec<_> = keys.iter().map(owner).collect();

        assert!(owners.is_sorted());
        let read: Vec<_> = owners.iter().map(|owner| read_owner(owner).unwrap()).collect();
        assert_eq!(read, keys);
    }

    #[test]
    fn long_names_fit_into_a_sort_key_and_stay_apart() {
        let long = "長".repeat(5_000);
        let (one, other) = (sortable(&long), sortable(&format!("{long}x")));

        assert_ne!(one, other);
        assert!(head(&key("a", "b"), &"e".repeat(64), &long).sk.len() <= 1_024);
        assert!(sortable(&long[..600]) < one);
    }
}
