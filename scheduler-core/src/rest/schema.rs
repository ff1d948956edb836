//! What the OpenAPI document says of the domain's words.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::{
    BulkState, CatchUp, Disposition, ErrorKind, Level, Operation, Overlap, RetryPolicy, Role, RunState,
    State, Stats, Trigger, Via,
};

macro_rules! words {
    ($type:ty, $name:literal, [$($word:expr),+ $(,)?]) => {
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(SchemaType::Type(Type::String))
                    .enum_values(Some([$($word),+]))
                    .into()
            }
        }

        impl ToSchema for $type {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($name)
            }
        }
    };
}

words!(Role, "Role", ["viewer", "operator", "admin"]);
words!(Via, "AuditSource", ["api", "ui", "cli", "system"]);
words!(Overlap, "Overlap", ["skip", "queue_one"]);
words!(Trigger, "Trigger", ["schedule", "manual", "retry"]);
words!(Level, "Level", ["info", "warn"]);
words!(BulkState, "BulkState", ["running", "done", "cancelled"]);
words!(RunState, "RunState", ["running", "succeeded", "failed", "cancelled", "timed_out", "abandoned"]);
words!(StateWord, "ScheduleState", ["ok", "error", "paused", "running", "backoff", "broken", "never"]);
words!(
    ErrorKind,
    "ErrorKind",
    [
        "transient",
        "rate_limited",
        "auth",
        "config",
        "protocol",
        "timeout",
        "cancelled",
        "abandoned",
        "internal"
    ]
);
words!(
    Disposition,
    "Disposition",
    [
        "ran",
        "ran_late",
        "coalesced",
        "skipped_overlap",
        "skipped_catch_up",
        "paused",
        "outside_bounds",
        "broken",
        "rate_limited",
        "deleted"
    ]
);
words!(
    Operation,
    "AuditOperation",
    [
        "schedule",
        "edit",
        "pause",
        "resume",
        "run-now",
        "cancel",
        "delete",
        "bulk",
        "connection",
        "token",
        "auto-pause",
        "auto-resume",
        "denied"
    ]
);

/// A schedule's state as it stands in JSON.
#[derive(Clone, Copy)]
pub(super) struct StateWord(pub(super) State);

impl serde::Serialize for StateWord {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

macro_rules! written_out {
    ($type:ty, $name:literal, $json:tt) => {
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                // The text is fixed, and a test reads the document that it goes into.
                serde_json::from_value(serde_json::json!($json)).unwrap_or_else(|_| Schema::default().into())
            }
        }

        impl ToSchema for $type {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($name)
            }
        }
    };
}

written_out!(CatchUp, "CatchUp", {
    "description": "Slots that nothing could run: the latest runs, none runs, or the latest so many run one after the other.",
    "oneOf": [
        { "type": "string", "enum": ["latest", "skip"] },
        {
            "type": "object",
            "required": ["all"],
            "properties": { "all": { "type": "integer", "minimum": 1, "maximum": 1000 } },
        },
    ],
});

/// An instant in a request.
pub(super) struct Instant;

written_out!(Instant, "Instant", {
    "description": "An RFC 3339 instant, or seconds since the epoch.",
    "oneOf": [{ "type": "string", "format": "date-time" }, { "type": "number", "format": "double" }],
});

/// The tenants of a token.
pub(super) struct TenantsChoice;

written_out!(TenantsChoice, "TenantsChoice", {
    "description": "`*` for all tenants, or a list of them.",
    "oneOf": [
        { "type": "string", "enum": ["*"] },
        { "type": "array", "items": { "type": "string" }, "minItems": 1, "maxItems": 1000 },
    ],
});

/// How a failed run is tried again within its slot.
#[derive(ToSchema)]
#[expect(dead_code, reason = "stands for the domain's type in the OpenAPI document")]
struct RetryDoc {
    /// Runs of one slot at the most, the first included.
    #[schema(minimum = 1, maximum = 20, default = 3)]
    max_attempts: u16,
    /// Upper bound of the wait before the second attempt; it doubles from there.
    #[schema(minimum = 1, maximum = 3600, default = 5)]
    base_sec: u32,
    /// Upper bound of any wait.
    #[schema(minimum = 1, maximum = 3600, default = 300)]
    max_sec: u32,
}

impl PartialSchema for RetryPolicy {
    fn schema() -> RefOr<Schema> {
        RetryDoc::schema()
    }
}

impl ToSchema for RetryPolicy {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("RetryPolicy")
    }
}

/// What a run brought.
#[derive(ToSchema)]
#[expect(dead_code, reason = "stands for the domain's type in the OpenAPI document")]
struct StatsDoc {
    /// Records created or changed by content.
    imported: u64,
    /// Records seen unchanged.
    skipped: u64,
    /// Records seen for the first time.
    created: u64,
    /// Records whose content changed.
    updated: u64,
    /// Records that the upstream no longer has.
    gone: u64,
    /// Records that could not be read.
    failed: u64,
    /// Requests sent upstream.
    requests: u64,
}

impl PartialSchema for Stats {
    fn schema() -> RefOr<Schema> {
        StatsDoc::schema()
    }
}

impl ToSchema for Stats {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Stats")
    }
}
