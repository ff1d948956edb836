//! The audit trail, newest first, and the proof that nothing is missing from it.

use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::call::Call;
use super::moment::{Epoch, Iso};
use super::problem::Result;
use super::query::{PAGE, Params, cursor};
use super::reply::json;
use super::views::{AnyJson, Particulars};
use crate::domain::{AuditEntry, Json, Operation, Role, Scope, Source, Via, verify_chain};
use crate::ports::AuditQuery;

/// One accepted command, or one refusal of a caller.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(super) struct EntryView {
    id: String,
    ts: Epoch,
    ts_iso: Iso,
    /// Whose schedule; null for what concerns the control plane itself.
    tenant: Option<String>,
    operation: Operation,
    /// Where the command came in.
    source: Via,
    actor: String,
    role: Role,
    request_id: Option<String>,
    /// Particulars, by operation.
    #[schema(value_type = Option<Particulars>)]
    metadata: Json,
    /// The schedule before.
    #[schema(value_type = Option<AnyJson>)]
    before: Option<Json>,
    /// The schedule after.
    #[schema(value_type = Option<AnyJson>)]
    after: Option<Json>,
    /// Its place in its chain.
    seq: u64,
}

impl EntryView {
    pub(super) fn new(entry: &AuditEntry) -> Self {
        Self {
            id: entry.id.to_string(),
            ts: Epoch(entry.ts),
            ts_iso: Iso(entry.ts),
            tenant: (!entry.key.is_system()).then(|| entry.key.tenant.to_string()),
            operation: entry.operation,
            source: entry.source,
            actor: entry.actor.to_string(),
            role: entry.role,
            request_id: entry.request_id.as_deref().map(str::to_owned),
            metadata: entry.metadata.clone(),
            before: entry.before.clone(),
            after: entry.after.clone(),
            seq: entry.seq,
        }
    }
}

/// One page of the audit trail.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditAnswer)]
struct Trail {
    ok: bool,
    audit: Vec<EntryView>,
    /// How many entries match, on all pages.
    total: u64,
    next_cursor: Option<String>,
}

/// Which entries are wanted.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what `query` reads")]
pub(super) struct TrailQuery {
    /// Only this tenant's.
    #[param(pattern = "^[a-z0-9][a-z0-9._-]{0,63}$", required = false)]
    tenant: Option<String>,
    /// Only of this operation.
    #[param(required = false)]
    operation: Option<Operation>,
    /// Only by this actor.
    #[param(max_length = 128, required = false)]
    actor: Option<String>,
    /// At or after: an RFC 3339 instant or epoch seconds.
    #[param(required = false)]
    since: Option<String>,
    /// Before: an RFC 3339 instant or epoch seconds.
    #[param(required = false)]
    until: Option<String>,
    /// Rows of a page.
    #[param(minimum = 1, maximum = 1000, required = false)]
    limit: Option<u32>,
    /// Where the page begins: the `next_cursor` of the one before.
    #[param(max_length = 1024, required = false)]
    cursor: Option<String>,
}

/// Reads the filters.
pub(super) fn query(params: &Params, source: Source, scope: &Scope) -> Result<AuditQuery> {
    let known = || Operation::ALL.map(Operation::as_str).join(", ");
    Ok(AuditQuery {
        source,
        scope: params.within(scope)?,
        operation: params.choice("operation", Operation::parse, known)?,
        actor: params.bounded("actor", 128)?.map(str::to_owned),
        since: params.instant("since")?,
        until: params.instant("until")?,
        cursor: params.cursor("audit")?,
        limit: params.limit(PAGE)?,
    })
}

/// Read the audit trail, newest first.
#[utoipa::path(get, path = "/api/crm/import/{source}/audit", tag = "audit", operation_id = "listAudit",
    params(TrailQuery), responses((status = 200, description = "The entries", body = Trail)))]
pub(super) async fn list(call: &mut Call) -> Result<Response> {
    let grant = call.of_source(Role::Viewer).await?;
    let params = call.params();
    let shared = &call.shared;
    let query = query(&params, grant.source, &grant.principal.scope)?;
    let page = shared.engine.store().audit(&query).await?;
    let total = shared.engine.store().audit_count(&query).await?;
    json(&Trail {
        ok: true,
        audit: page.rows.iter().map(EntryView::new).collect(),
        total,
        next_cursor: page.next.map(|next| cursor("audit", &next)),
    })
}

/// Whether the audit trail is whole.
#[derive(Serialize, ToSchema)]
#[schema(as = VerifyAnswer)]
struct Verdict {
    ok: bool,
    /// Whether every entry is there and unaltered.
    valid: bool,
    /// Chains that were checked.
    chains: u64,
    /// Entries that were checked.
    entries: u64,
    /// The first broken entry.
    broken: Option<Broken>,
}

/// An entry that does not fit its chain.
#[derive(Serialize, ToSchema)]
#[schema(as = BrokenEntry)]
struct Broken {
    /// Null for the control plane's own chain.
    tenant: Option<String>,
    source: Option<String>,
    seq: u64,
    id: Option<String>,
    ts: Option<Epoch>,
    ts_iso: Option<Iso>,
}

/// Check the hash chains of the audit trail.
#[utoipa::path(get, path = "/api/audit/verify", tag = "audit", operation_id = "verifyAudit",
    responses((status = 200, description = "The verdict", body = Verdict)))]
pub(super) async fn verify(call: &mut Call) -> Result<Response> {
    let grant = call.granted(Role::Viewer).await?;
    let shared = &call.shared;
    let store = shared.engine.store();
    let mut verdict = Verdict { ok: true, valid: true, chains: 0, entries: 0, broken: None };
    let mut after = None;
    'chains: loop {
        let keys = store.chains(after.as_ref(), 500).await?;
        let Some(last) = keys.last() else { break };
        after = Some(last.clone());
        for key in &keys {
            let visible = match &grant.principal.scope {
                Scope::All => true,
                scope => !key.is_system() && scope.admits(&key.tenant),
            };
            if !visible {
                continue;
            }
            // The head is read first: entries that come meanwhile do not matter.
            let head = store.load(key).await?.map(|record| record.audit).unwrap_or_default();
            verdict.chains += 1;
            let mut prev = (0, [0; 32]);
            loop {
                let entries = store.chain(key, prev.0, 500).await?;
                let Some(last) = entries.last() else { break };
                let reached = (last.seq, last.hash);
                verdict.entries += entries.len() as u64;
                if let Some(entry) = verify_chain(&entries, Some(prev)) {
                    verdict.broken = Some(Broken::entry(entry));
                    break 'chains;
                }
                prev = reached;
            }
            if prev.0 < head.seq || (prev.0 == head.seq && prev.1 != head.hash) {
                verdict.broken = Some(Broken::missing(key, prev.0 + 1));
                break 'chains;
            }
        }
    }
    verdict.valid = verdict.broken.is_none();
    json(&verdict)
}

impl Broken {
    fn entry(entry: &AuditEntry) -> Self {
        Self {
            id: Some(entry.id.to_string()),
            ts: Some(Epoch(entry.ts)),
            ts_iso: Some(Iso(entry.ts)),
            ..Self::missing(&entry.key, entry.seq)
        }
    }

    fn missing(key: &crate::domain::Key, seq: u64) -> Self {
        let own = !key.is_system();
        Self {
            tenant: own.then(|| key.tenant.to_string()),
            source: own.then(|| key.source.to_string()),
            seq,
            id: None,
            ts: None,
            ts_iso: None,
        }
    }
}

/// The whole audit trail as JSON.
#[derive(ToSchema)]
#[schema(as = AuditExport)]
#[expect(dead_code, reason = "documents what the export writes")]
pub(super) struct ExportedTrail {
    ok: bool,
    audit: Vec<EntryView>,
}
