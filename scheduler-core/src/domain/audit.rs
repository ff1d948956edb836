//! Who did what, chained so that a missing or altered entry shows.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::run::sortable;
use super::{Caller, Json, Key, Role, Timestamp, Via};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// A schedule was created.
    Schedule,
    /// A schedule was edited.
    Edit,
    /// A schedule was paused.
    Pause,
    /// A schedule was resumed.
    Resume,
    /// A run was started by hand.
    RunNow,
    /// A run was stopped.
    Cancel,
    /// A schedule was deleted.
    Delete,
    /// A command over many schedules.
    Bulk,
    /// An upstream key was set or removed.
    Connection,
    /// An access token was made or revoked.
    Token,
    /// The breaker opened.
    AutoPause,
    /// The breaker closed, or a timed pause ended.
    AutoResume,
    /// A caller was refused.
    Denied,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 13] = [
        Self::Schedule,
        Self::Edit,
        Self::Pause,
        Self::Resume,
        Self::RunNow,
        Self::Cancel,
        Self::Delete,
        Self::Bulk,
        Self::Connection,
        Self::Token,
        Self::AutoPause,
        Self::AutoResume,
        Self::Denied,
    ];

    /// The name as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Edit => "edit",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::RunNow => "run-now",
            Self::Cancel => "cancel",
            Self::Delete => "delete",
            Self::Bulk => "bulk",
            Self::Connection => "connection",
            Self::Token => "token",
            Self::AutoPause => "auto-pause",
            Self::AutoResume => "auto-resume",
            Self::Denied => "denied",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.as_str() == text)
    }
}

/// The end of a chain: what the next entry is joined to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AuditHead {
    /// Entries so far.
    pub seq: u64,
    /// The last entry's hash; zero before the first.
    #[serde(with = "hex")]
    pub hash: [u8; 32],
    /// The last entry's time.
    pub ts: Timestamp,
}

/// What an entry says, before it is joined to a chain.
#[derive(Debug, Clone)]
pub struct AuditDraft {
    /// What was done.
    pub operation: Operation,
    /// Who did it.
    pub caller: Caller,
    /// Particulars.
    pub metadata: Json,
    /// The schedule before.
    pub before: Option<Json>,
    /// The schedule after.
    pub after: Option<Json>,
}

impl AuditDraft {
    /// Says that `caller` did `operation`, with no particulars.
    pub fn new(operation: Operation, caller: &Caller) -> Self {
        Self {
            operation,
            caller: caller.clone(),
            metadata: Json(RawValue::NULL.to_owned().into()),
            before: None,
            after: None,
        }
    }
}

/// One accepted command, or one refusal of a caller.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Sorts by time, unique.
    pub id: Arc<str>,
    /// The chain that it belongs to.
    pub key: Key,
    /// Its place in the chain, from 1.
    pub seq: u64,
    /// When; never before the entry that precedes it in the chain.
    pub ts: Timestamp,
    /// What was done.
    pub operation: Operation,
    /// Where the command came in.
    pub source: Via,
    /// Who.
    pub actor: Arc<str>,
    /// In which role.
    pub role: Role,
    /// The request that carried it.
    pub request_id: Option<Arc<str>>,
    /// Particulars.
    pub metadata: Json,
    /// The schedule before.
    pub before: Option<Json>,
    /// The schedule after.
    pub after: Option<Json>,
    /// The hash of the entry before it.
    #[serde(with = "hex")]
    pub prev: [u8; 32],
    /// SHA-256 over `prev` and everything above.
    #[serde(with = "hex")]
    pub hash: [u8; 32],
}

impl AuditEntry {
    /// Joins `draft` to the chain of `key` that ends in `head`, and moves the head.
    pub fn append(head: &mut AuditHead, key: &Key, draft: AuditDraft, now: Timestamp) -> Self {
        let mut entry = Self {
            id: "".into(),
            key: key.clone(),
            seq: head.seq + 1,
            ts: now.max(head.ts),
            operation: draft.operation,
            source: draft.caller.via,
            actor: draft.caller.actor,
            role: draft.caller.role,
            request_id: draft.caller.request_id,
            metadata: draft.metadata,
            before: draft.before,
            after: draft.after,
            prev: head.hash,
            hash: [0; 32],
        };
        entry.hash = entry.digest();
        entry.id = sortable(entry.ts, entry.seq, &entry.hash);
        *head = AuditHead { seq: entry.seq, hash: entry.hash, ts: entry.ts };
        entry
    }

    /// The hash that this entry must carry.
    fn digest(&self) -> [u8; 32] {
        // What is JSON in it is text already: it is hashed as it was written.
        let text = serde_json::to_vec(&(
            (&self.key, self.seq, self.ts, self.operation, self.source, &self.actor, self.role),
            (&self.request_id, &self.metadata, &self.before, &self.after),
        ));
        Sha256::new().chain_update(self.prev).chain_update(text.unwrap_or_default()).finalize().into()
    }
}

/// Checks consecutive entries of one chain, oldest first; the first broken one, if any.
///
/// `prev` is the hash that the first entry must carry, when it is known.
pub fn verify_chain(entries: &[AuditEntry], mut prev: Option<(u64, [u8; 32])>) -> Option<&AuditEntry> {
    for entry in entries {
        let joined = prev.is_none_or(|(seq, hash)| entry.seq == seq + 1 && entry.prev == hash);
        if !joined || entry.hash != entry.digest() || *entry.id != *sortable(entry.ts, entry.seq, &entry.hash)
        {
            return Some(entry);
        }
        prev = Some((entry.seq, entry.hash));
    }
    None
}

pub(crate) mod hex {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn encode(bytes: &[u8]) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
    }

    pub(crate) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        if text.len() != N * 2 || !text.is_ascii() {
            return None;
        }
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(bytes)
    }

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        decode(&text).ok_or_else(|| D::Error::custom("expected 64 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Source, Tenant};

    #[test]
    fn an_altered_or_missing_entry_breaks_the_chain() {
        let key = Key::new(Source::parse("acculynx").unwrap(), Tenant::parse("peakpro").unwrap());
        let mut head = AuditHead::default();
        let now = Timestamp::from_secs(1_800_000_000);
        let chain: Vec<_> = [Operation::Schedule, Operation::Pause, Operation::Resume]
            .map(|operation| {
                AuditEntry::append(&mut head, &key, AuditDraft::new(operation, &Caller::system()), now)
            })
            .into();
        let start = Some((0, [0; 32]));

        assert_eq!(verify_chain(&chain, start), None);
        let mut altered = chain.clone();
        altered[1].operation = Operation::Delete;
        assert_eq!(verify_chain(&altered, start), Some(&altered[1]));
        let missing = [chain[0].clone(), chain[2].clone()];
        assert_eq!(verify_chain(&missing, start), Some(&missing[1]));
    }
}
