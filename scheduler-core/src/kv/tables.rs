//! The keys of the map: one table after the other, each in the order in which it is read.

use bytes::{BufMut, Bytes};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::{Key, Source, Timestamp, stored};
use crate::ports::StoreError;

/// A key under construction. Parts compare like what they were made of, and none is the beginning of another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name(Vec<u8>);

/// A table: the first byte of its keys.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(super) enum Table {
    /// By id: an audit entry.
    Audit = b'a',
    /// By chain and id: nothing.
    AuditOf = b'b',
    /// By chain and place in it: an entry's id.
    Chain = b'c',
    /// By instant and key: nothing.
    Due = b'd',
    /// By key, entity and id: what is known of an imported record beside its content.
    Imported = b'i',
    /// By key, entity and id: the content of an imported record.
    Content = b'j',
    /// By key: a connection.
    Connection = b'k',
    /// By run: its log lines.
    Log = b'l',
    /// By id: a run without its log lines.
    Run = b'n',
    /// By key and id: nothing.
    RunOf = b'm',
    /// By key and first slot: a range of occurrences.
    Range = b'o',
    /// By source: the next free place.
    Place = b'p',
    /// By key: a record, and when it is due.
    Record = b'r',
    /// By id: a token.
    Token = b't',
    /// By name: an answer.
    Answer = b'w',
    /// By expiry and name: nothing.
    Expiry = b'x',
}

impl Table {
    /// The front of all keys of the table.
    pub(super) fn name(self) -> Name {
        Name(vec![self as u8])
    }
}

impl Name {
    /// Adds text, ended by a zero byte that no text can hold unescaped.
    pub(super) fn text(mut self, text: &str) -> Self {
        for byte in text.bytes() {
            self.0.push(byte);
            if byte == 0 {
                self.0.push(0xff);
            }
        }
        self.0.push(0);
        self
    }

    pub(super) fn key(self, key: &Key) -> Self {
        self.source(&key.source).text(key.tenant.as_str())
    }

    pub(super) fn source(self, source: &Source) -> Self {
        self.text(source.as_str())
    }

    pub(super) fn number(mut self, number: u64) -> Self {
        self.0.put_u64(number);
        self
    }

    /// Adds an instant; those of this store are never negative.
    pub(super) fn instant(self, instant: Timestamp) -> Self {
        self.number(u64::try_from(instant.millis()).unwrap_or(0))
    }

    /// What follows all names that begin like this one.
    pub(super) fn end(mut self) -> Self {
        self.0.push(0xff);
        self
    }

    /// What is between this front and the end of a key that begins with it.
    pub(super) fn rest<'a>(&self, key: &'a [u8]) -> Option<&'a [u8]> {
        key.strip_prefix(self.0.as_slice())
    }

    pub(super) fn bytes(self) -> Bytes {
        self.0.into()
    }
}

impl AsRef<[u8]> for Name {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Takes the text at the front of a part of a key.
pub(super) fn text(from: &mut &[u8]) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        match (byte, from.first()) {
            (0, Some(0xff)) => {
                *from = &from[1..];
                bytes.push(0);
            }
            (0, _) => return String::from_utf8(bytes).ok(),
            _ => bytes.push(*byte),
        }
    }
}

/// Takes the instant at the front of a part of a key.
pub(super) fn instant(from: &mut &[u8]) -> Option<Timestamp> {
    let (millis, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(Timestamp::from_millis(i64::from_be_bytes(*millis)))
}

/// Writes a value down.
pub(super) fn write<T: Serialize>(value: &T) -> Result<Bytes, StoreError> {
    serde_json::to_vec(value).map(Bytes::from).map_err(|error| StoreError::Corrupt(error.to_string().into()))
}

/// Reads a value.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    stored(bytes).map_err(|error| StoreError::Corrupt(error.to_string().into()))
}

/// A key that can not be read.
pub(super) fn unreadable() -> StoreError {
    StoreError::Corrupt("a key can not be read".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ordered_like_their_parts() {
        let parts = ["", "\0", "\0\0", "\0a", "a", "a\0", "a\0b", "aa", "b", "é"];
        let names: Vec<_> =
            parts.iter().map(|part| Table::Token.name().text(part).text("z").bytes()).collect();

        assert!(names.is_sorted());
        for (part, name) in parts.iter().zip(names) {
            assert_eq!(text(&mut &name[1..]).as_deref(), Some(*part));
        }
    }
}
