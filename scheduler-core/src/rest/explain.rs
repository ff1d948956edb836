//! Why a schedule did or did not run.

use std::time::Duration;

use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::Surface;
use super::audit::EntryView;
use super::call::Call;
use super::moment::{Epoch, Iso};
use super::problem::{Error, Result};
use super::reply::json;
use super::schema::StateWord;
use crate::domain::{
    AuditEntry, Disposition, Key, Operation, Range, Role, Schedule, Scope, State as Standing, Timestamp,
};
use crate::machine::{Refusal, next_run};
use crate::ports::AuditQuery;
use crate::timetable::Timetable;

/// Why a schedule did or did not run at an instant.
#[derive(Serialize, ToSchema)]
#[schema(as = ExplainAnswer)]
struct Explanation<'a> {
    ok: bool,
    tenant: &'a str,
    /// The instant that is explained.
    at: Epoch,
    at_iso: Iso,
    /// How the schedule stands as of this answer.
    state: StateWord,
    /// In words.
    summary: String,
    /// The last slot at or before the instant.
    slot: Option<Epoch>,
    slot_iso: Option<Iso>,
    /// What became of that slot; null while it waits, or when there is none.
    disposition: Option<Disposition>,
    /// What keeps the schedule from running, as of this answer.
    blocked_by: Vec<Block>,
    /// When the next run starts by itself.
    next_run: Option<Epoch>,
    next_run_iso: Option<Iso>,
    /// The entry that caused it.
    audit: Option<EntryView>,
}

/// Something that keeps a schedule from running.
#[derive(Serialize, ToSchema)]
#[schema(as = ExplainBlock)]
struct Block {
    kind: BlockKind,
    /// In words.
    detail: String,
    /// When it ends by itself.
    until: Option<Epoch>,
    until_iso: Option<Iso>,
}

/// The kinds of what keeps a schedule from running.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum BlockKind {
    Paused,
    Running,
    Broken,
    RateLimited,
    NotStarted,
    Ended,
}

impl Block {
    fn new(kind: BlockKind, detail: impl Into<String>, until: Option<Timestamp>) -> Self {
        Self { kind, detail: detail.into(), until: until.map(Epoch), until_iso: until.map(Iso) }
    }

    fn all(schedule: &Schedule, now: Timestamp) -> Vec<Self> {
        let mut blocks = Vec::new();
        if let Some(pause) = &schedule.pause {
            let reason = pause.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            let detail = format!("paused by {} since {}{reason}", pause.actor, pause.since);
            blocks.push(Self::new(BlockKind::Paused, detail, pause.until));
        }
        if let Some(run) = &schedule.run {
            let detail = format!("run {} is in flight since {}", run.run_id, run.started);
            blocks.push(Self::new(BlockKind::Running, detail, None));
        }
        if let Some(breaker) = &schedule.breaker {
            let detail = format!("the breaker opened at {} ({})", breaker.since, breaker.kind.as_str());
            blocks.push(Self::new(BlockKind::Broken, detail, Some(breaker.probe_at)));
        }
        if let Some(until) = schedule.hold.filter(|until| now < *until) {
            blocks.push(Self::new(BlockKind::RateLimited, "the upstream asked to wait", Some(until)));
        }
        if let Some(start) = schedule.spec.starts_at.filter(|start| now < *start) {
            blocks.push(Self::new(BlockKind::NotStarted, "starts_at lies ahead", Some(start)));
        }
        if schedule.spec.ends_at.is_some_and(|end| end < now) {
            blocks.push(Self::new(BlockKind::Ended, "ends_at has passed", None));
        }
        blocks
    }
}

/// Which instant is wanted.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what the handler reads")]
struct AtQuery {
    /// The instant (default: now): an RFC 3339 instant or epoch seconds.
    #[param(required = false)]
    at: Option<String>,
}

/// Explain why the schedule did or did not run.
#[utoipa::path(get, path = "/api/crm/import/{source}/explain", tag = "runs", operation_id = "explain",
    params(AtQuery), responses((status = 200, description = "Why", body = Explanation<'static>)))]
pub(super) async fn explain(call: &mut Call) -> Result<Response> {
    let grant = call.of_tenant(Role::Viewer).await?;
    let params = call.params();
    let shared = &call.shared;
    let (key, now) = (&grant.key, shared.now());
    let at = params.instant("at")?.unwrap_or(now);
    let record = shared.record(key).await?;
    let schedule = record.schedule.as_ref().ok_or(Error::Refused(Refusal::NoSchedule))?;
    let found = shared.slot_at(key, schedule, at, now).await?;
    let next = next_run(schedule, key, now);
    let disposition = found.as_ref().and_then(|found| found.disposition);
    let audit = shared.cause(key, schedule, disposition, at).await?;
    let blocked_by = Block::all(schedule, now);
    let summary = in_words(schedule.state(), found.as_ref(), at > now, &blocked_by);
    let slot = found.map(|found| found.slot);
    json(&Explanation {
        ok: true,
        tenant: key.tenant.as_str(),
        at: Epoch(at),
        at_iso: Iso(at),
        state: StateWord(schedule.state()),
        summary,
        slot: slot.map(Epoch),
        slot_iso: slot.map(Iso),
        disposition,
        blocked_by,
        next_run: next.map(Epoch),
        next_run_iso: next.map(Iso),
        audit: audit.as_ref().map(EntryView::new),
    })
}

/// A slot and what became of it.
struct Found {
    slot: Timestamp,
    disposition: Option<Disposition>,
}

fn in_words(state: Standing, found: Option<&Found>, ahead: bool, blocks: &[Block]) -> String {
    let why = blocks.first().map(|block| format!("; {}", block.detail)).unwrap_or_default();
    match found {
        _ if ahead => format!("that lies ahead; the schedule is {}{why}", state.as_str()),
        None => format!("no slot had come by then{why}"),
        Some(Found { slot, disposition: None }) => format!("the slot {slot} is waiting to run{why}"),
        Some(Found { slot, disposition: Some(disposition) }) => {
            let what = match disposition {
                Disposition::Ran => "ran on time",
                Disposition::RanLate => "ran late",
                Disposition::Coalesced => "was served by the run of a later slot",
                Disposition::SkippedOverlap => "was passed over, as a run was in flight",
                Disposition::SkippedCatchUp => "was missed and not caught up with",
                Disposition::Paused => "did not run, as the schedule was paused",
                Disposition::OutsideBounds => "lies outside starts_at and ends_at",
                Disposition::Broken => "did not run, as the breaker was open",
                Disposition::RateLimited => "did not run, as the upstream had asked to wait",
                Disposition::Deleted => "did not run, as the schedule was deleted",
            };
            format!("the slot {slot} {what}")
        }
    }
}

impl Surface {
    /// The last slot at or before `at`, among those stored and those to come.
    async fn slot_at(
        &self,
        key: &Key,
        schedule: &Schedule,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Found>> {
        let at = at.min(now);
        let week = Duration::from_secs(7 * 24 * 3600);
        let mut window = Duration::from_secs(24 * 3600);
        loop {
            let (ranges, _) = self.slots(key, at - window, at).await?;
            let stored = ranges
                .last()
                .map(|range: &Range| Found { slot: range.last, disposition: Some(range.disposition) });
            let waiting = Timetable::of(schedule).last(schedule.accounted, at);
            let waiting = waiting.map(|slot| Found { slot, disposition: None });
            let found = match (stored, waiting) {
                (Some(stored), Some(waiting)) if waiting.slot > stored.slot => Some(waiting),
                (None, waiting) => waiting,
                (stored, _) => stored,
            };
            if found.is_some() || window >= week * 8 {
                return Ok(found);
            }
            window = if window < week { week } else { week * 8 };
        }
    }

    /// The audit entry behind what became of a slot, or behind how the schedule stands.
    async fn cause(
        &self,
        key: &Key,
        schedule: &Schedule,
        disposition: Option<Disposition>,
        at: Timestamp,
    ) -> Result<Option<AuditEntry>> {
        let operations: &[Operation] = match disposition {
            Some(Disposition::Paused) => &[Operation::Pause],
            Some(Disposition::Broken) => &[Operation::AutoPause],
            Some(Disposition::Deleted) => &[Operation::Delete],
            None if schedule.pause.is_some() => &[Operation::Pause],
            None if schedule.breaker.is_some() => &[Operation::AutoPause],
            _ => &[Operation::Edit, Operation::Schedule],
        };
        for operation in operations {
            let query = AuditQuery {
                source: key.source.clone(),
                scope: Scope::Only([key.tenant.clone()].into()),
                operation: Some(*operation),
                actor: None,
                since: None,
                until: Some(at + Duration::from_millis(1)),
                cursor: None,
                limit: 1,
            };
            if let Some(entry) = self.engine.store().audit(&query).await?.rows.into_iter().next() {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }
}
