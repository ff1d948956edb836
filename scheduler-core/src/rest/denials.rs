//! Refused callers, on the control plane's own audit chain: a bounded number, the rest counted.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::request::Parts;
use serde_json::json;

use super::Surface;
use super::access::{Auth, Principal};
use super::front::request_id;
use super::problem::Error;
use crate::domain::{AuditDraft, Caller, Key, Operation, Role, Tenant, Via};
use crate::engine::CommandError;
use crate::machine::Command;

/// Entries in a minute at the most.
const A_MINUTE: u32 = 30;

/// How many refusals were written this minute, and how many were only counted.
#[derive(Default)]
pub(super) struct Denials(Mutex<Minute>);

#[derive(Default)]
struct Minute {
    started: Duration,
    written: u32,
    suppressed: u64,
}

impl Denials {
    /// Whether this refusal is to be written, and how many before it were not.
    fn admit(&self, now: Duration) -> Option<u64> {
        let mut minute = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_sub(minute.started) >= Duration::from_secs(60) {
            minute.started = now;
            minute.written = 0;
        }
        if minute.written >= A_MINUTE {
            minute.suppressed += 1;
            return None;
        }
        minute.written += 1;
        Some(std::mem::take(&mut minute.suppressed))
    }
}

impl Surface {
    /// Audits a refusal of a caller, and gives it back.
    pub(super) async fn denied(
        &self,
        parts: &Parts,
        principal: Option<&Principal>,
        tenant: Option<&Tenant>,
        error: Box<Error>,
    ) -> Box<Error> {
        let is_denial = matches!(
            *error,
            Error::Unauthenticated
                | Error::RoleTooLow(_)
                | Error::ScopeTooNarrow
                | Error::CrossSite
                | Error::WrongHost
                | Error::Refused(_)
        );
        if !is_denial {
            return error;
        }
        let Some(suppressed) = self.denials.admit(self.engine.clock().monotonic()) else {
            self.engine.metrics().audit_dropped();
            return error;
        };
        let caller = Caller {
            actor: principal.map_or_else(|| "anonymous".into(), |principal| principal.actor.clone()),
            role: principal.map_or(Role::Viewer, |principal| principal.role),
            via: Via::Api,
            request_id: Some(request_id(&parts.headers)),
        };
        let route = parts.extensions.get::<axum::extract::MatchedPath>();
        let reason = match &*error {
            Error::Refused(_) => "foreign_tenant",
            error => error.label(),
        };
        let metadata = json!({
            "method": parts.method.as_str().chars().take(16).collect::<String>(),
            "route": route.map(axum::extract::MatchedPath::as_str),
            "reason": reason,
            "tenant": tenant,
            "token": principal.filter(|principal| principal.auth == Auth::Token).map(|principal| &*principal.id),
            "suppressed_before": suppressed,
        });
        let draft = AuditDraft { metadata: metadata.into(), ..AuditDraft::new(Operation::Denied, &caller) };
        let ask = move |_: &_| {
            Ok::<_, CommandError>(Command::Note { draft: Box::new(draft.clone()), writes: Vec::new() })
        };
        let noted = self.engine.command(&Key::system(), &caller, None, ask, |_| None).await;
        if let Err(cause) = noted {
            tracing::warn!(%cause, reason, "a denial could not be audited");
        }
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_and_summed_up() {
        let denials = Denials::default();
        let written = (0..100).filter(|_| denials.admit(Duration::from_secs(5)).is_some()).count();

        assert_eq!(written, 30);
        assert_eq!(denials.admit(Duration::from_secs(70)), Some(70));
    }
}
