//! Access tokens: made, listed, revoked.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::Surface;
use super::call::Call;
use super::moment::{Epoch, Iso};
use super::problem::{Error, Result};
use super::reply::{Reply, json as answer};
use super::schema::{Instant, TenantsChoice};
use super::session_routes::named;
use super::token::{alive, mint};
use crate::domain::{AuditDraft, Key, Operation, Record, Role, Scope, Timestamp, TokenRecord, Write};
use crate::machine::Command;

/// What a token is to allow.
#[derive(ToSchema)]
#[schema(as = TokenRequest)]
#[expect(dead_code, reason = "documents what the handler reads")]
struct TokenRequest {
    /// What it is for; stands in the audit trail as the actor.
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    role: Role,
    /// For which tenants: `"*"` or a list.
    #[schema(default = "*")]
    tenants: Option<TenantsChoice>,
    /// When it stops working.
    expires_at: Option<Instant>,
}

/// A token, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = Token)]
struct TokenView {
    id: String,
    name: String,
    role: Role,
    /// `["*"]` stands for all tenants.
    tenants: Vec<String>,
    created: Epoch,
    created_iso: Iso,
    expires: Option<Epoch>,
    expires_iso: Option<Iso>,
    expired: bool,
}

impl TokenView {
    fn new(record: &TokenRecord, now: Timestamp) -> Self {
        Self {
            id: record.id.to_string(),
            name: record.name.to_string(),
            role: record.role,
            tenants: named(&record.scope),
            created: Epoch(record.created),
            created_iso: Iso(record.created),
            expires: record.expires.map(Epoch),
            expires_iso: record.expires.map(Iso),
            expired: !alive(record, now),
        }
    }
}

/// The tokens.
#[derive(Serialize, ToSchema)]
#[schema(as = TokensAnswer)]
struct Tokens {
    ok: bool,
    tokens: Vec<TokenView>,
    /// Always null: the list is whole.
    next_cursor: Option<String>,
}

/// A new token with its secret, which shows only here.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenCreatedAnswer)]
struct Created<'a> {
    ok: bool,
    token: TokenView,
    /// What to send as `Authorization: Bearer …`.
    secret: &'a str,
}

/// A token that works no more.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenRevokedAnswer)]
struct Revoked<'a> {
    ok: bool,
    id: &'a str,
    revoked: bool,
}

/// Whether what `inner` admits is admitted by `outer`.
fn within(inner: &Scope, outer: &Scope) -> bool {
    match (inner, outer) {
        (_, Scope::All) => true,
        (Scope::All, Scope::Only(_)) => false,
        (Scope::Only(inner), Scope::Only(outer)) => inner.is_subset(outer),
    }
}

/// Whether a token can be relied upon to manage all others.
fn governs(record: &TokenRecord) -> bool {
    record.role == Role::Admin && record.scope == Scope::All && record.expires.is_none()
}

/// List access tokens, without their secrets.
#[utoipa::path(get, path = "/api/tokens", tag = "session", operation_id = "listTokens",
    responses((status = 200, description = "The tokens", body = Tokens)))]
pub(super) async fn list(call: &mut Call) -> Result<Response> {
    let grant = call.granted(Role::Admin).await?;
    let shared = &call.shared;
    let (tokens, now) = (shared.engine.store().tokens().await?, shared.now());
    let visible = tokens.iter().filter(|token| within(&token.scope, &grant.principal.scope));
    let tokens = visible.map(|token| TokenView::new(token, now)).collect();
    answer(&Tokens { ok: true, tokens, next_cursor: None })
}

/// Make an access token. Its secret shows only in this answer.
///
/// The first token must be an admin's for all tenants, as open mode ends with it.
#[utoipa::path(post, path = "/api/tokens", tag = "session", operation_id = "createToken",
    request_body(content = TokenRequest),
    responses((status = 201, description = "The token with its secret", body = Created<'static>)))]
pub(super) async fn create(call: &mut Call) -> Result<Response> {
    let grant = call.granted(Role::Admin).await?;
    let mut order = call.order(&grant).await?;
    let shared = &call.shared;
    let required = |field: &'static str| move || Error::field(field, "is required");
    let name = order.fields.text("name", 64)?.ok_or_else(required("name"))?;
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(Error::field("name", "must be 1 to 64 printable characters"));
    }
    let role = order.fields.one_of("role", &["viewer", "operator", "admin"])?.ok_or_else(required("role"))?;
    let role = Role::parse(role).ok_or(Error::Internal)?;
    let own = &grant.principal.scope;
    let scope = order.fields.scope("tenants")?.unwrap_or_else(|| own.clone());
    let (expires, now) = (order.fields.instant("expires_at")?, shared.now());
    if expires.is_some_and(|expires| expires <= now) {
        return Err(Error::field("expires_at", "must lie in the future"));
    }
    if !within(&scope, own) {
        return Err(Error::field("tenants", "must lie within the caller's own"));
    }
    order.finish()?;
    let (record, secret) = mint(&name, role, scope, now, expires);
    let others = shared.engine.store().tokens().await?;
    if others.is_empty() && !governs(&record) {
        return Err(order.remember(shared, Error::LastAdmin.into()).await);
    }
    let metadata = json!({
        "action": "created",
        "id": record.id,
        "name": record.name,
        "role": record.role,
        "tenants": named(&record.scope),
        "expires": record.expires.map(Timestamp::iso),
    });
    let body = Created { ok: true, token: TokenView::new(&record, now), secret: secret.expose() };
    let reply = Reply::new(StatusCode::CREATED, &body);
    let kept = order
        .answer(shared, &reply)
        .map(|answer| Write::Answer { answer: Box::new(shared.sealed(answer)), now });
    let writes = std::iter::once(Write::Token(Box::new(record))).chain(kept).collect();
    if let Err(error) = shared.note(&grant.caller, metadata, writes).await {
        return Err(order.remember(shared, error).await);
    }
    shared.guarded.forget();
    Ok(reply.into_response())
}

/// Revoke an access token; it works no more from this answer on.
#[utoipa::path(delete, path = "/api/tokens/{id}", tag = "session", operation_id = "revokeToken",
    params(("id" = String, Path, description = "The token's public part")),
    responses((status = 200, description = "The token works no more", body = Revoked<'static>)))]
pub(super) async fn revoke(call: &mut Call) -> Result<Response> {
    let id = call.segment("id")?;
    let grant = call.granted(Role::Admin).await?;
    let mut order = call.order(&grant).await?;
    let shared = &call.shared;
    order.finish()?;
    let tokens = shared.engine.store().tokens().await?;
    let own = &grant.principal.scope;
    let found = tokens.iter().find(|token| *token.id == *id && within(&token.scope, own));
    let Some(token) = found else {
        return Err(order.remember(shared, Error::NotFound("token").into()).await);
    };
    let others = tokens.iter().filter(|other| other.id != token.id).count();
    if others > 0 && !tokens.iter().any(|other| other.id != token.id && governs(other)) {
        return Err(order.remember(shared, Error::LastAdmin.into()).await);
    }
    let metadata = json!({ "action": "revoked", "id": token.id, "name": token.name });
    let reply = Reply::ok(&Revoked { ok: true, id: &token.id, revoked: true });
    let now = shared.now();
    let kept = order.answer(shared, &reply).map(|answer| Write::Answer { answer: Box::new(answer), now });
    let writes = std::iter::once(Write::RevokeToken(token.id.clone())).chain(kept).collect();
    if let Err(error) = shared.note(&grant.caller, metadata, writes).await {
        return Err(order.remember(shared, error).await);
    }
    shared.guarded.forget();
    Ok(reply.into_response())
}

impl Surface {
    /// Writes to the control plane's own record, with an audit entry in the same commit.
    async fn note(
        &self,
        caller: &crate::domain::Caller,
        metadata: serde_json::Value,
        writes: Vec<Write>,
    ) -> Result<()> {
        let ask = |_: &Record| {
            let draft =
                AuditDraft { metadata: metadata.clone().into(), ..AuditDraft::new(Operation::Token, caller) };
            Ok::<_, Box<Error>>(Command::Note { draft: Box::new(draft), writes: writes.clone() })
        };
        self.engine.command(&Key::system(), caller, None, ask, |_| None).await.map(drop)
    }
}
