//! Who am I, and sessions of the web app.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::access::{Auth, Principal};
use super::call::Call;
use super::problem::{Error, Result};
use super::reply::{Reply, json};
use super::session::same_origin;
use crate::domain::{Role, Scope, TokenRecord};

/// The caller.
#[derive(Serialize, ToSchema)]
#[schema(as = WhoamiAnswer)]
struct Whoami {
    ok: bool,
    actor: String,
    role: Role,
    /// `["*"]` stands for all tenants.
    tenants: Vec<String>,
    auth: AuthWord,
}

/// How a caller has shown who it is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "`oidc` is part of the contract, no host offers it")]
pub(super) enum AuthWord {
    Open,
    Token,
    Oidc,
}

pub(super) fn named(scope: &Scope) -> Vec<String> {
    match scope {
        Scope::All => vec!["*".into()],
        Scope::Only(tenants) => tenants.iter().map(ToString::to_string).collect(),
    }
}

fn whoami_of(principal: &Principal) -> Whoami {
    Whoami {
        ok: true,
        actor: principal.actor.to_string(),
        role: principal.role,
        tenants: named(&principal.scope),
        auth: if principal.auth == Auth::Open { AuthWord::Open } else { AuthWord::Token },
    }
}

/// Say who calls.
#[utoipa::path(get, path = "/api/whoami", tag = "session", operation_id = "whoami",
    responses((status = 200, description = "The caller", body = Whoami)))]
pub(super) async fn whoami(call: &mut Call) -> Result<Response> {
    let grant = call.granted(Role::Viewer).await?;
    json(&whoami_of(&grant.principal))
}

/// A token to begin a session with.
#[derive(ToSchema)]
#[schema(as = SessionRequest)]
#[expect(dead_code, reason = "documents what the handler reads")]
struct SessionRequest {
    #[schema(max_length = 256, write_only)]
    token: String,
}

/// No session is left.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedOutAnswer)]
struct SignedOut {
    ok: bool,
}

/// Begin a session: sets an HttpOnly cookie.
#[utoipa::path(post, path = "/api/session", tag = "session", operation_id = "beginSession",
    request_body(content = SessionRequest),
    responses((status = 200, description = "The session has begun", body = Whoami,
        headers(("set-cookie" = String, description = "The session")))))]
pub(super) async fn begin(call: &mut Call) -> Result<Response> {
    let mut fields = call.fields().await?;
    let shared = &call.shared;
    let missing = || Error::field("token", "is required");
    let text = fields.text("token", 256)?.ok_or_else(missing)?;
    fields.done()?;
    if foreign(&call.parts.headers) {
        return Err(shared.denied(&call.parts, None, None, Error::CrossSite.into()).await);
    }
    let record: TokenRecord = match shared.token_of(text.trim()).await {
        Ok(record) => record,
        Err(error) => return Err(shared.denied(&call.parts, None, None, error).await),
    };
    let whoami = Whoami {
        ok: true,
        actor: record.name.to_string(),
        role: record.role,
        tenants: named(&record.scope),
        auth: AuthWord::Token,
    };
    with_cookie(Reply::ok(&whoami), &shared.begin_session(&record.id, shared.now()))
}

/// End the session: clears the cookie.
#[utoipa::path(delete, path = "/api/session", tag = "session", operation_id = "endSession",
    responses((status = 200, description = "No session is left", body = SignedOut)))]
pub(super) async fn end(call: &mut Call) -> Result<Response> {
    let headers = &call.parts.headers;
    let shared = &call.shared;
    if foreign(headers) {
        return Err(Error::CrossSite.into());
    }
    with_cookie(Reply::ok(&SignedOut { ok: true }), &shared.end_session())
}

/// Whether a browser says that another site's page sent the request.
fn foreign(headers: &HeaderMap) -> bool {
    let browser = headers.contains_key("sec-fetch-site") || headers.contains_key(header::ORIGIN);
    browser && !same_origin(headers)
}

fn with_cookie(reply: Reply, cookie: &str) -> Result<Response> {
    let mut response = reply.into_response();
    let cookie = HeaderValue::from_str(cookie).map_err(|_| Error::Internal)?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}
