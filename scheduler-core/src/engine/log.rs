//! What the log says of committed changes: one line for each audit entry and for each run.
//!
//! Operators search for the targets `acculynx-audit` and `acculynx-scheduler`.

use crate::domain::{AuditEntry, Operation, Run, RunState};

/// Says who did what; `run` is the run that the command started or stopped.
pub(super) fn audited(entry: &AuditEntry, run: Option<&Run>) {
    let message = match entry.operation {
        Operation::Denied => "caller refused",
        Operation::AutoPause => "breaker opened",
        Operation::AutoResume => "resumed by itself",
        _ => "command accepted",
    };
    tracing::info!(
        target: "acculynx-audit",
        tenant = (!entry.key.is_system()).then(|| entry.key.tenant.as_str()),
        operation = entry.operation.as_str(),
        actor = &*entry.actor,
        role = entry.role.as_str(),
        request_id = entry.request_id.as_deref(),
        run_id = run.map(|run| run.run_id.as_str()),
        audit_id = &*entry.id,
        "{message}"
    );
}

/// Says that a run has started or ended.
pub(super) fn ran(run: &Run) {
    let (tenant, run_id, trigger) = (run.key.tenant.as_str(), run.run_id.as_str(), run.trigger.as_str());
    if run.state == RunState::Running {
        let lateness_ms = run.lateness_ms;
        tracing::debug!(target: "acculynx-scheduler", tenant, run_id, trigger, lateness_ms, "run started");
        return;
    }
    tracing::info!(
        target: "acculynx-scheduler",
        tenant,
        run_id,
        trigger,
        state = run.state.as_str(),
        imported = run.stats.imported,
        skipped = run.stats.skipped,
        duration_ms = run.duration_ms,
        error = run.error.as_ref().map(|error| error.kind.as_str()),
        "run ended"
    );
}
