//! What was pulled: a copy of the upstream's records, each with its content's hash.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Timestamp;

/// The kind of an imported record, such as `jobs`: lower-case letters, digits, `_` and `-`.
pub type Entity = Arc<str>;

/// A record on its way in.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its kind.
    pub entity: Entity,
    /// Its name at the upstream.
    pub external_id: Arc<str>,
    /// When the upstream says that it changed.
    pub modified: Option<Timestamp>,
    /// SHA-256 over its content, without what varies from request to request.
    pub hash: [u8; 32],
    /// Its content.
    pub data: Box<RawValue>,
}

/// A record as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Imported {
    /// Its kind.
    pub entity: Entity,
    /// Its name at the upstream.
    pub external_id: Arc<str>,
    /// When the upstream says that it changed.
    pub modified: Option<Timestamp>,
    /// When its content last changed here.
    pub imported_at: Timestamp,
    /// When a run last saw it upstream.
    pub seen_at: Timestamp,
    /// Whether the upstream no longer has it.
    pub gone: bool,
    /// Its content.
    pub data: Box<RawValue>,
}

/// What became of a batch of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Seen for the first time, or again after having been gone.
    pub created: u64,
    /// Known, with other content.
    pub updated: u64,
    /// Known, with the same content.
    pub unchanged: u64,
}
