//! A command over many schedules: which, what, and how far it is.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Caller, Interval, Key, Role, Scope, Source, State, Tenant, Timestamp, Via};

/// What is done with each schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// Pauses it.
    Pause {
        /// In the operator's words.
        reason: Option<Arc<str>>,
        /// Resumes by itself then.
        until: Option<Timestamp>,
    },
    /// Resumes it.
    Resume,
    /// Starts a run by hand.
    RunNow {
        /// In the operator's words.
        reason: Option<Arc<str>>,
    },
    /// Deletes it.
    Delete,
    /// Puts its slots this far apart.
    SetInterval(Interval),
}

impl Deed {
    /// The names of all deeds.
    pub const NAMES: [&str; 5] = ["pause", "resume", "run-now", "delete", "set-interval"];

    /// The name as it stands in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pause { .. } => "pause",
            Self::Resume => "resume",
            Self::RunNow { .. } => "run-now",
            Self::Delete => "delete",
            Self::SetInterval(_) => "set-interval",
        }
    }
}

/// Which schedules are meant. What is given must all hold; of several words, any will do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// Of these tenants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenants: Option<Vec<Tenant>>,
    /// In one of these states.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<State>,
    /// Whose tenant or note holds this text, in lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// With one of these labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// With one of these intervals, in seconds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intervals: Vec<u32>,
    /// Past due for too long.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overdue: bool,
}

impl Filter {
    /// Whether every schedule is meant.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }
}

/// A tenant for which a command failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkFailure {
    /// Whose schedule.
    pub tenant: Tenant,
    /// The stable code of the problem.
    pub code: Arc<str>,
    /// In words.
    pub detail: Arc<str>,
}

/// How a bulk command stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkState {
    /// There is more to do.
    Running,
    /// Every schedule was looked at.
    Done,
    /// An operator has called it off; the rest is as it was.
    Cancelled,
}

/// A bulk command that was accepted and is carried out step by step.
///
/// It is kept in a record of its own, so that whoever works on the store can take the next step, and
/// a process that dies leaves nothing but a lease that runs out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bulk {
    /// Names it: the number of its record, and what tells it from the one before.
    pub id: Arc<str>,
    /// The source of the schedules.
    pub source: Source,
    /// What is done.
    pub deed: Deed,
    /// With which schedules.
    pub filter: Filter,
    /// Of those, the ones that the caller may command.
    pub scope: Scope,
    /// The principal that has asked for it.
    pub principal: Arc<str>,
    /// Its name.
    pub actor: Arc<str>,
    /// In which role it did.
    pub role: Role,
    /// Where the command came in.
    pub via: Via,
    /// The request that carried it.
    pub request_id: Option<Arc<str>>,
    /// When it was accepted: later schedules are not meant.
    pub created: Timestamp,
    /// How many schedules were meant then.
    pub matched: u64,
    /// How it stands.
    pub state: BulkState,
    /// Schedules up to this tenant are done.
    pub after: Option<Tenant>,
    /// Schedules that had their turn.
    pub done: u64,
    /// Schedules that are another than before, or runs that were started.
    pub changed: u64,
    /// The first of those that failed.
    pub failed: Vec<BulkFailure>,
    /// All that failed.
    pub failed_total: u64,
    /// When it last went on.
    pub updated: Timestamp,
    /// The schedules of the step that is under way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub step: Vec<Tenant>,
    /// Until when the next step is somebody's.
    pub leased: Option<Timestamp>,
}

impl Bulk {
    /// Bulk commands that can be under way at once.
    pub const PLACES: u8 = 16;
    /// Failures that are kept one by one.
    pub const LISTED: usize = 1000;
    /// Tenants that the filter of a bulk command may name.
    pub const NAMED: usize = 2000;

    /// The key of the record that holds the bulk command of that name.
    pub fn key_of(id: &str) -> Option<Key> {
        let place = id.split_once('-')?.0.parse().ok().filter(|place| *place < Self::PLACES)?;
        Some(Key::bulk(place))
    }

    /// When it next wants attention.
    pub fn due_at(&self) -> Option<Timestamp> {
        (self.state == BulkState::Running).then(|| self.leased.unwrap_or(self.updated))
    }

    /// In whose name it is carried out.
    pub fn caller(&self) -> Caller {
        let (actor, request_id) = (self.actor.clone(), self.request_id.clone());
        Caller { actor, role: self.role, via: self.via, request_id }
    }
}
