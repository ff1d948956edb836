//! The one place that decides. Pure functions of a record, a command and the time.
//!
//! No I/O, no clock, no randomness: [`decide`] reads a record and says what its next state is and what is
//! written with it. Stores compare versions and save, nothing more.

mod operator;
mod step;
mod view;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;

use crate::domain::{
    AuditDraft, Bulk, Caller, Change, Disposition, Lease, Record, Remark, RunError, RunId, SealedConnection,
    Spec, Stats, Timestamp, Write,
};
use step::Step;

pub use step::GRACE;

pub use view::{attention_at, due_at, next_run, open_ranges, unserved_since};

/// What is asked of a record.
#[derive(Debug, Clone)]
pub enum Command {
    /// Creates the schedule, or edits it in place.
    Put {
        /// What the operator asks for.
        spec: Spec,
        /// The schedule's place in the source's load-spreading sequence.
        place: u64,
    },
    /// Starts no scheduled run from here on.
    Pause {
        /// In the operator's words.
        reason: Option<Arc<str>>,
        /// Resumes by itself then.
        until: Option<Timestamp>,
    },
    /// Ends a pause.
    Resume,
    /// Starts a run by hand, paused or not.
    RunNow {
        /// In the operator's words.
        reason: Option<Arc<str>>,
        /// Who runs it.
        worker: Arc<str>,
        /// How long the lease lasts unless it is renewed.
        ttl: Duration,
    },
    /// Stops the run in flight.
    Cancel {
        /// The run to be stopped.
        run_id: RunId,
    },
    /// Removes the schedule; the record stays.
    Delete,
    /// Sets or removes the tenant's connection.
    Connect(Option<Box<SealedConnection>>),
    /// Leaves an audit entry, with what it tells of.
    Note {
        /// The entry.
        draft: Box<AuditDraft>,
        /// What is written with it.
        writes: Vec<Write>,
    },
    /// Begins a bulk command, or says how far it is.
    Bulk {
        /// As it stands from here on.
        bulk: Box<Bulk>,
        /// What the audit says of it, if anything.
        draft: Option<Box<AuditDraft>>,
    },
    /// Starts the run that is due, after expiring what fell silent and settling what was missed.
    Claim {
        /// Who runs it.
        worker: Arc<str>,
        /// How long the lease lasts unless it is renewed.
        ttl: Duration,
    },
    /// Renews the lease.
    Heartbeat {
        /// The lease's fencing number.
        fence: u64,
        /// How long the lease lasts from here unless it is renewed.
        ttl: Duration,
    },
    /// Ends the run.
    Finish {
        /// The lease's fencing number.
        fence: u64,
        /// How it went.
        ending: Box<Ending>,
    },
    /// Declares the holder of the lease dead, before the lease has run out.
    Expire {
        /// The lease's fencing number.
        fence: u64,
    },
}

/// How a run went.
#[derive(Debug, Clone, Default)]
pub struct Ending {
    /// How it failed, if it did.
    pub error: Option<RunError>,
    /// When the upstream wants to be asked again.
    pub retry_at: Option<Timestamp>,
    /// What it brought.
    pub stats: Stats,
    /// The note for the next run; none leaves the last one.
    pub cursor: Option<Arc<RawValue>>,
    /// In words.
    pub message: Option<Arc<str>>,
    /// Whether it stopped early for want of time and goes on at once.
    pub more: bool,
    /// How long it took, by the monotonic clock.
    pub duration: Duration,
    /// What it noted on the way.
    pub log: Vec<Remark>,
}

/// Why a command was refused; nothing changes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The tenant has no schedule.
    #[error("no schedule found")]
    NoSchedule,
    /// A run is in flight.
    #[error("a run is already in flight")]
    AlreadyRunning {
        /// That run.
        run_id: RunId,
    },
    /// The run named is not in flight.
    #[error("the run is not in flight")]
    NotRunning,
    /// `until` is not in the future.
    #[error("until must lie in the future, at most a year ahead")]
    UntilOutOfRange,
    /// Nothing is due.
    #[error("nothing is due")]
    NotDue,
    /// The lease is another's, or gone.
    #[error("the lease is lost")]
    LeaseLost,
}

impl Refusal {
    /// The stable code of the problem, as the REST surface names it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSchedule => "schedule_not_found",
            Self::AlreadyRunning { .. } => "already_running",
            Self::NotRunning => "not_running",
            Self::UntilOutOfRange => "field_invalid",
            Self::NotDue => "not_due",
            Self::LeaseLost => "lease_lost",
        }
    }
}

/// What a command comes to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What to commit.
    pub change: Change,
    /// Whether the schedule is another than before, in the operator's eyes.
    pub changed: bool,
    /// Whether the schedule was created.
    pub created: bool,
    /// The run that is to be started.
    pub started: Option<Arc<Lease>>,
    /// The run that is to be stopped, or was found abandoned.
    pub stopped: Option<RunId>,
    /// Slots that got their disposition and no run of their own: coalesced or skipped.
    pub missed: Vec<Missed>,
}

/// Slots that came and went without a run of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed {
    /// Why.
    pub disposition: Disposition,
    /// How many.
    pub slots: u64,
    /// The first of them.
    pub since: Timestamp,
}

/// Decides what `command` makes of `record` at `now`.
///
/// # Errors
///
/// A [`Refusal`] says why the command can not be carried out; the record stays as it is.
pub fn decide(
    record: &Record,
    command: Command,
    caller: &Caller,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    let mut step = Step::new(record, caller, now);
    match command {
        Command::Put { spec, place } => step.put(spec, place),
        Command::Pause { reason, until } => step.pause(reason, until)?,
        Command::Resume => step.resume()?,
        Command::RunNow { reason, worker, ttl } => step.run_now(reason, &worker, ttl)?,
        Command::Cancel { run_id } => step.cancel(&run_id)?,
        Command::Delete => step.delete()?,
        Command::Connect(connection) => step.connect(connection),
        Command::Note { draft, writes } => step.note(*draft, writes),
        Command::Bulk { bulk, draft } => step.bulk(bulk, draft),
        Command::Claim { worker, ttl } => step.claim(&worker, ttl)?,
        Command::Heartbeat { fence, ttl } => step.heartbeat(fence, ttl)?,
        Command::Finish { fence, ending } => step.finish(fence, *ending)?,
        Command::Expire { fence } => step.expire_now(fence)?,
    }
    Ok(step.done())
}
