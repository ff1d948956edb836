//! What became of each slot.

use serde::{Deserialize, Serialize};

use super::{Cadence, Timestamp};

/// What became of a slot. Every slot ends in exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// A run was started on time.
    Ran,
    /// A run was started, but late.
    RanLate,
    /// A later slot ran in its place.
    Coalesced,
    /// A run was in flight.
    SkippedOverlap,
    /// It was missed, and catch-up is off or had enough slots.
    SkippedCatchUp,
    /// The schedule was paused.
    Paused,
    /// It lies before `starts_at` or after `ends_at`.
    OutsideBounds,
    /// The breaker was open.
    Broken,
    /// The upstream had asked to wait.
    RateLimited,
    /// The schedule was deleted while the slot was due.
    Deleted,
}

impl Disposition {
    /// Every disposition.
    pub const ALL: [Self; 10] = [
        Self::Ran,
        Self::RanLate,
        Self::Coalesced,
        Self::SkippedOverlap,
        Self::SkippedCatchUp,
        Self::Paused,
        Self::OutsideBounds,
        Self::Broken,
        Self::RateLimited,
        Self::Deleted,
    ];

    /// Whether the slot came and went without a run of its own, though nobody had asked for that.
    pub fn is_missed(self) -> bool {
        matches!(self, Self::Coalesced | Self::SkippedOverlap | Self::SkippedCatchUp)
    }

    /// The name as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ran => "ran",
            Self::RanLate => "ran_late",
            Self::Coalesced => "coalesced",
            Self::SkippedOverlap => "skipped_overlap",
            Self::SkippedCatchUp => "skipped_catch_up",
            Self::Paused => "paused",
            Self::OutsideBounds => "outside_bounds",
            Self::Broken => "broken",
            Self::RateLimited => "rate_limited",
            Self::Deleted => "deleted",
        }
    }
}

/// Consecutive slots of one timetable that ended alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// How they ended.
    pub disposition: Disposition,
    /// The first slot; with the key it names the range.
    pub first: Timestamp,
    /// The last slot.
    pub last: Timestamp,
    /// How many slots there are.
    pub count: u64,
    /// The timetable that the slots are of.
    pub cadence: Cadence,
    /// The timetable's anchor.
    pub anchor: Timestamp,
    /// The slot at which the schedule was created, if it had one.
    pub slot0: Option<Timestamp>,
}
