//! How schedules and runs look in JSON.

use serde::{Serialize, Serializer};
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};

use super::moment::{Epoch, Iso};
use super::schema::StateWord;
use crate::domain::{
    Cadence, CatchUp, ErrorKind, Lease, Level, Overlap, Phase, Record, Remark, RetryPolicy, Run, RunState,
    Schedule, Stats, Tag, Timestamp, Trigger,
};
use crate::machine::next_run;

/// A tenant's schedule: what was asked for, where it stands, how it went.
#[derive(Serialize, ToSchema)]
#[schema(as = Schedule)]
pub(super) struct ScheduleView<'a> {
    /// Whose it is.
    #[schema(pattern = "^[a-z0-9][a-z0-9._-]{0,63}$")]
    tenant: &'a str,
    /// Where the data comes from.
    source: &'a str,
    /// Counts every change; also the `ETag`.
    revision: u64,
    /// The one word that says how it stands.
    state: StateWord,
    /// Whether an operator has paused it.
    paused: bool,
    /// Whether a run is in flight.
    running: bool,
    /// Seconds between slots; null with `cron`.
    interval_sec: Option<u32>,
    /// Five cron fields; null with `interval_sec`.
    cron: Option<&'a str>,
    /// The IANA zone of `cron`.
    timezone: Option<&'static str>,
    /// Each slot starts up to this much later.
    jitter_sec: u32,
    /// Slots before do not run.
    starts_at: Option<Epoch>,
    starts_at_iso: Option<Iso>,
    /// Slots after do not run.
    ends_at: Option<Epoch>,
    ends_at_iso: Option<Iso>,
    /// A run is stopped after this long.
    timeout_sec: u32,
    overlap: Overlap,
    catch_up: CatchUp,
    retry: RetryPolicy,
    /// Failed slots in a row that open the breaker.
    pause_after_failures: u32,
    /// The operator's remark.
    note: Option<&'a str>,
    /// Labels that group tenants.
    #[schema(value_type = Vec<String>)]
    tags: &'a [Tag],
    created: Epoch,
    created_iso: Iso,
    /// Why, by whom and until when it is paused.
    pause: Option<PauseView<'a>>,
    /// The run in flight.
    run: Option<RunInFlight<'a>>,
    /// A failed run that is about to be tried again.
    retrying: Option<RetryView>,
    /// The upstream asked to wait until then.
    hold_until: Option<Epoch>,
    hold_until_iso: Option<Iso>,
    /// Set while the breaker is open.
    breaker: Option<BreakerView>,
    /// Failed slots in a row.
    failures: u32,
    /// When the last run started.
    last_run: Option<Epoch>,
    last_run_iso: Option<Iso>,
    /// How the last run went.
    last_status: Option<LastStatus<'a>>,
    /// When the next run starts by itself; null while paused.
    next_run: Option<Epoch>,
    next_run_iso: Option<Iso>,
    /// Only in `schedule/status`: null while paused, 0 when due, else seconds.
    #[serde(skip_serializing_if = "Countdown::is_left_out")]
    #[schema(required = false, value_type = Option<f64>)]
    next_run_in_sec: Countdown,
}

/// The time left to the next run, where it is told at all.
#[derive(Clone, Copy)]
enum Countdown {
    LeftOut,
    Never,
    Millis(i64),
}

impl Countdown {
    fn is_left_out(&self) -> bool {
        matches!(self, Self::LeftOut)
    }
}

impl Serialize for Countdown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::LeftOut | Self::Never => serializer.serialize_none(),
            Self::Millis(left) if left % 1000 == 0 => serializer.serialize_i64(left / 1000),
            Self::Millis(left) => serializer.serialize_f64(*left as f64 / 1000.0),
        }
    }
}

/// Why and since when a schedule is paused.
#[derive(Serialize, ToSchema)]
#[schema(as = Pause)]
struct PauseView<'a> {
    since: Epoch,
    since_iso: Iso,
    /// It resumes by itself then.
    until: Option<Epoch>,
    until_iso: Option<Iso>,
    /// In the operator's words.
    reason: Option<&'a str>,
    /// Who paused it.
    actor: &'a str,
}

/// A run that has not ended.
#[derive(Serialize, ToSchema)]
pub(super) struct RunInFlight<'a> {
    run_id: &'a str,
    trigger: Trigger,
    /// The slot that it serves.
    slot: Option<Epoch>,
    slot_iso: Option<Iso>,
    /// 1 for the first attempt at a slot.
    attempt: u16,
    started: Epoch,
    started_iso: Iso,
    worker: &'a str,
}

/// A run that is to be tried again.
#[derive(Serialize, ToSchema)]
#[schema(as = Retrying)]
struct RetryView {
    at: Epoch,
    at_iso: Iso,
    attempt: u16,
}

/// Why slots do not run, and when one is let through to try.
#[derive(Serialize, ToSchema)]
#[schema(as = Breaker)]
struct BreakerView {
    since: Epoch,
    since_iso: Iso,
    /// The failure that opened it.
    kind: ErrorKind,
    /// The first slot from here on is run to try.
    probe_at: Epoch,
    probe_at_iso: Iso,
    /// Probes that have failed.
    probes: u32,
}

/// How the last run went.
#[derive(Serialize, ToSchema)]
struct LastStatus<'a> {
    ok: bool,
    /// When it ended.
    ts: Epoch,
    ts_iso: Iso,
    message: &'a str,
    result: LastResult,
    run_id: &'a str,
    state: RunState,
    duration_ms: u64,
    /// The class of its failure.
    error: Option<ErrorKind>,
}

/// What the last run brought.
#[derive(Serialize, ToSchema)]
struct LastResult {
    stats: Stats,
}

impl<'a> ScheduleView<'a> {
    /// The view without anything that depends on when it is looked at, but for the next run.
    pub(super) fn new(record: &'a Record, schedule: &'a Schedule, now: Timestamp) -> Self {
        let spec = &*schedule.spec;
        let (interval_sec, cron) = match &spec.cadence {
            Cadence::Interval(interval) => (Some(interval.secs()), None),
            Cadence::Cron(cron) => (None, Some(cron)),
        };
        let next = next_run(schedule, &record.key, now);
        Self {
            tenant: record.key.tenant.as_str(),
            source: record.key.source.as_str(),
            revision: record.revision,
            state: StateWord(schedule.state()),
            paused: schedule.pause.is_some(),
            running: schedule.run.is_some(),
            interval_sec,
            cron: cron.map(|cron| cron.text()),
            timezone: cron.map(|cron| cron.zone().name()),
            jitter_sec: spec.jitter_sec,
            starts_at: spec.starts_at.map(Epoch),
            starts_at_iso: spec.starts_at.map(Iso),
            ends_at: spec.ends_at.map(Epoch),
            ends_at_iso: spec.ends_at.map(Iso),
            timeout_sec: spec.timeout_sec,
            overlap: spec.overlap,
            catch_up: spec.catch_up,
            retry: spec.retry,
            pause_after_failures: spec.pause_after_failures,
            note: spec.note.as_deref(),
            tags: &spec.tags,
            created: Epoch(schedule.created),
            created_iso: Iso(schedule.created),
            pause: schedule.pause.as_ref().map(|pause| PauseView {
                since: Epoch(pause.since),
                since_iso: Iso(pause.since),
                until: pause.until.map(Epoch),
                until_iso: pause.until.map(Iso),
                reason: pause.reason.as_deref(),
                actor: &pause.actor,
            }),
            run: schedule.run.as_deref().map(RunInFlight::new),
            retrying: schedule.retry.as_ref().map(|retry| RetryView {
                at: Epoch(retry.at),
                at_iso: Iso(retry.at),
                attempt: retry.attempt,
            }),
            hold_until: schedule.hold.map(Epoch),
            hold_until_iso: schedule.hold.map(Iso),
            breaker: schedule.breaker.as_ref().map(|breaker| BreakerView {
                since: Epoch(breaker.since),
                since_iso: Iso(breaker.since),
                kind: breaker.kind,
                probe_at: Epoch(breaker.probe_at),
                probe_at_iso: Iso(breaker.probe_at),
                probes: breaker.probes,
            }),
            failures: schedule.failures,
            last_run: schedule.last.as_ref().map(|last| Epoch(last.started)),
            last_run_iso: schedule.last.as_ref().map(|last| Iso(last.started)),
            last_status: schedule.last.as_ref().map(|last| LastStatus {
                ok: last.state == RunState::Succeeded,
                ts: Epoch(last.finished),
                ts_iso: Iso(last.finished),
                message: &last.message,
                result: LastResult { stats: last.stats },
                run_id: last.run_id.as_str(),
                state: last.state,
                duration_ms: last.duration_ms,
                error: last.error,
            }),
            next_run: next.map(Epoch),
            next_run_iso: next.map(Iso),
            next_run_in_sec: Countdown::LeftOut,
        }
    }

    /// The same with the time that is left.
    pub(super) fn counting_down(mut self, now: Timestamp) -> Self {
        self.next_run_in_sec = match self.next_run {
            None => Countdown::Never,
            Some(Epoch(next)) => Countdown::Millis(next.since(now).max(0)),
        };
        self
    }
}

impl<'a> RunInFlight<'a> {
    pub(super) fn new(lease: &'a Lease) -> Self {
        Self {
            run_id: lease.run_id.as_str(),
            trigger: lease.trigger,
            slot: lease.slot.map(Epoch),
            slot_iso: lease.slot.map(Iso),
            attempt: lease.attempt,
            started: Epoch(lease.started),
            started_iso: Iso(lease.started),
            worker: &lease.worker,
        }
    }
}

/// One attempt to pull a tenant's data.
#[derive(Serialize, ToSchema)]
#[schema(as = Run)]
pub(super) struct RunView<'a> {
    run_id: &'a str,
    #[schema(pattern = "^[a-z0-9][a-z0-9._-]{0,63}$")]
    tenant: &'a str,
    trigger: Trigger,
    /// The slot that it serves; null when an operator asked.
    slot: Option<Epoch>,
    slot_iso: Option<Iso>,
    /// 1 for the first attempt at a slot.
    attempt: u16,
    state: RunState,
    started: Epoch,
    started_iso: Iso,
    finished: Option<Epoch>,
    finished_iso: Option<Iso>,
    /// How long it took, by the monotonic clock.
    duration_ms: Option<u64>,
    /// How long after its due instant it was claimed.
    lateness_ms: Option<u64>,
    stats: Stats,
    /// What it says of itself.
    message: Option<&'a str>,
    error: Option<RunErrorView<'a>>,
    worker: &'a str,
    /// What it noted on the way; only when one run is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    log: Option<Vec<RemarkView<'a>>>,
    /// Its parts, such as the pages that it read; only when one run is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    phases: Option<Vec<PhaseView<'a>>>,
}

/// What a run noted on its way.
#[derive(Serialize, ToSchema)]
#[schema(as = Remark)]
struct RemarkView<'a> {
    at: Epoch,
    at_iso: Iso,
    level: Level,
    message: &'a str,
}

/// A part of a run.
#[derive(Serialize, ToSchema)]
#[schema(as = Phase)]
struct PhaseView<'a> {
    name: &'a str,
    started: Epoch,
    started_iso: Iso,
    duration_ms: u64,
    /// Requests sent upstream.
    requests: u64,
    /// Records received.
    records: u64,
}

/// How a run failed.
#[derive(Serialize, ToSchema)]
#[schema(as = RunError)]
struct RunErrorView<'a> {
    kind: ErrorKind,
    message: &'a str,
    /// Whether the slot is tried again.
    retryable: bool,
}

impl<'a> RunView<'a> {
    pub(super) fn new(run: &'a Run) -> Self {
        Self {
            run_id: run.run_id.as_str(),
            tenant: run.key.tenant.as_str(),
            trigger: run.trigger,
            slot: run.slot.map(Epoch),
            slot_iso: run.slot.map(Iso),
            attempt: run.attempt,
            state: run.state,
            started: Epoch(run.started),
            started_iso: Iso(run.started),
            finished: run.finished.map(Epoch),
            finished_iso: run.finished.map(Iso),
            duration_ms: run.duration_ms,
            lateness_ms: run.lateness_ms,
            stats: run.stats,
            message: run.message.as_deref(),
            error: run.error.as_ref().map(|error| RunErrorView {
                kind: error.kind,
                message: &error.message,
                retryable: error.retryable,
            }),
            worker: &run.worker,
            log: None,
            phases: None,
        }
    }

    /// The same with its log lines and its parts.
    pub(super) fn with_log(mut self, run: &'a Run) -> Self {
        let line = |remark: &'a Remark| RemarkView {
            at: Epoch(remark.at),
            at_iso: Iso(remark.at),
            level: remark.level,
            message: &remark.message,
        };
        let part = |phase: &'a Phase| PhaseView {
            name: &phase.name,
            started: Epoch(phase.started),
            started_iso: Iso(phase.started),
            duration_ms: phase.duration_ms,
            requests: phase.requests,
            records: phase.records,
        };
        self.log = Some(run.log.iter().map(line).collect());
        self.phases = Some(run.log.iter().filter_map(|remark| remark.phase.as_ref()).map(part).collect());
        self
    }
}

/// Any JSON value, as it was stored or imported.
pub(super) struct AnyJson;

impl utoipa::PartialSchema for AnyJson {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(SchemaType::AnyValue).description(Some("Any JSON value.")).into()
    }
}

impl ToSchema for AnyJson {}

/// A JSON object whose fields depend on the operation.
pub(super) struct Particulars;

impl utoipa::PartialSchema for Particulars {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::Object))
            .additional_properties(Some(utoipa::openapi::schema::AdditionalProperties::FreeForm(true)))
            .into()
    }
}

impl ToSchema for Particulars {}
