//! Plain types that cannot hold a wrong value. The lowest floor: nothing here does I/O or reads a clock.

mod access;
mod audit;
mod bulk;
mod connection;
mod imported;
mod json;
mod names;
mod occurrence;
mod record;
mod run;
mod spec;
mod stored;
mod time;
mod zone;

pub use access::{Caller, Role, Scope, TokenRecord, Via};
pub(crate) use audit::hex;
pub use audit::{AuditDraft, AuditEntry, AuditHead, Operation, verify_chain};
pub use bulk::{Bulk, BulkFailure, BulkState, Deed, Filter};
pub use connection::{Connection, SealedConnection, Secret};
pub use imported::{Entity, Imported, Item, Tally};
pub use json::Json;
pub(crate) use json::in_order;
pub use names::{InvalidName, Key, Source, Tenant};
pub use occurrence::{Disposition, Range};
pub use record::{
    Answer, Breaker, Change, LastRun, Lease, Pause, Record, Retry, Schedule, State, Tail, Write,
};
pub use run::{ErrorKind, Level, Phase, Remark, Run, RunError, RunId, RunState, Stats, Trigger};
pub use spec::{
    Cadence, CatchUp, Cron, Interval, Invalid, Limits, Overlap, RetryPolicy, Spec, SpecDraft, Tag,
};
pub use stored::stored;
pub use time::Timestamp;
pub use zone::Zone;
