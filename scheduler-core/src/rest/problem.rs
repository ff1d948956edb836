//! Everything that can be answered other than success, and the one table that gives it a status.

use std::borrow::Cow;

use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use utoipa::ToSchema;

use super::front::PROBLEM;
use super::order::replay;
use crate::domain::{Answer, Invalid, Role, RunId, Source, Tenant};
use crate::engine::CommandError;
use crate::machine::Refusal;
use crate::ports::StoreError;

/// What a request came to. The error is boxed: it is moved often and seldom made.
pub(super) type Result<T, E = Box<Error>> = std::result::Result<T, E>;

/// Why a request was not carried out.
#[derive(Debug)]
pub(super) enum Error {
    /// No token, or one that does not hold.
    Unauthenticated,
    /// The principal's role is too low.
    RoleTooLow(Role),
    /// The principal may do this, but not for all tenants.
    ScopeTooNarrow,
    /// A page of another site sent the request.
    CrossSite,
    /// The request was sent to a name that is not this machine's.
    WrongHost,
    /// Too many requests.
    TooMany { retry_after: u64 },
    /// The request names no tenant.
    TenantRequired,
    /// The tenant's name breaks the grammar.
    TenantInvalid,
    /// No puller has that name.
    SourceUnknown,
    /// Nothing of that kind exists, as far as the principal may know.
    NotFound(&'static str),
    /// The tenant has no schedule to delete.
    NothingToDelete(Tenant),
    /// The address leads nowhere.
    NoRoute,
    /// The address does not know the method.
    Method,
    /// The body is not JSON.
    Json(String),
    /// The body is said not to be JSON.
    MediaType,
    /// The body is too long.
    TooLarge { limit: usize },
    /// The body could not be read.
    BodyBroken,
    /// A field or parameter is wrong.
    Field { field: Cow<'static, str>, problem: String },
    /// A header is wrong.
    Header { header: &'static str, problem: &'static str },
    /// The cursor is none of ours.
    Cursor,
    /// The key was used with another request.
    IdempotencyMismatch,
    /// Another process carries out the same request, or has done so.
    Answered,
    /// This is what it answered.
    Replayed(Box<Answer>),
    /// The machine refused the command.
    Refused(Refusal),
    /// The schedule is at another revision.
    Revision { current: u64 },
    /// The filter matches another number of schedules than was expected.
    Expected { expect: u64, matched: u64 },
    /// As many bulk commands as there is room for are under way.
    BulksBusy,
    /// The bulk command is over.
    BulkOver,
    /// Without it, nobody could manage tokens any more.
    LastAdmin,
    /// The events asked for are forgotten.
    TooOld,
    /// This host has no event stream.
    NoStream,
    /// Too many event streams are open.
    StreamsBusy,
    /// The store failed.
    Store(StoreError),
    /// A fault of ours.
    Internal,
}

impl Error {
    pub(super) fn field(field: impl Into<Cow<'static, str>>, problem: impl Into<String>) -> Box<Self> {
        Box::new(Self::Field { field: field.into(), problem: problem.into() })
    }

    /// The one table: status, stable code, title.
    #[rustfmt::skip]
    fn table(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated", "Authentication required"),
            Self::RoleTooLow(_) => (StatusCode::FORBIDDEN, "role_too_low", "Role too low"),
            Self::ScopeTooNarrow => (StatusCode::FORBIDDEN, "scope_too_narrow", "All tenants required"),
            Self::CrossSite => (StatusCode::FORBIDDEN, "cross_site", "Cross-site request refused"),
            Self::WrongHost => (StatusCode::MISDIRECTED_REQUEST, "wrong_host", "Wrong host"),
            Self::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "Too many requests"),
            Self::TenantRequired => (StatusCode::BAD_REQUEST, "tenant_required", "Tenant required"),
            Self::TenantInvalid => (StatusCode::BAD_REQUEST, "tenant_invalid", "Tenant invalid"),
            Self::SourceUnknown => (StatusCode::NOT_FOUND, "source_unknown", "Source unknown"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "not_found", "Not found"),
            Self::NothingToDelete(_) => (StatusCode::NOT_FOUND, "schedule_not_found", "No schedule found"),
            Self::NoRoute => (StatusCode::NOT_FOUND, "route_unknown", "Not found"),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed"),
            Self::Json(_) => (StatusCode::BAD_REQUEST, "json_invalid", "Body is not valid JSON"),
            Self::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type_unsupported", "Body must be JSON"),
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "Body too large"),
            Self::BodyBroken => (StatusCode::BAD_REQUEST, "body_broken", "Body could not be read"),
            Self::Field { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "field_invalid", "Field invalid"),
            Self::Header { .. } => (StatusCode::BAD_REQUEST, "header_invalid", "Header invalid"),
            Self::Cursor => (StatusCode::BAD_REQUEST, "cursor_invalid", "Cursor invalid"),
            Self::IdempotencyMismatch => (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_mismatch", "Idempotency key reused"),
            Self::Answered | Self::Replayed(_) => (StatusCode::CONFLICT, "idempotency_in_use", "Carried out already"),
            Self::Refused(refusal) => match refusal {
                Refusal::NoSchedule => (StatusCode::NOT_FOUND, refusal.code(), "No schedule found"),
                Refusal::AlreadyRunning { .. } => (StatusCode::CONFLICT, refusal.code(), "Already running"),
                Refusal::NotRunning => (StatusCode::CONFLICT, refusal.code(), "Not running"),
                Refusal::UntilOutOfRange => (StatusCode::UNPROCESSABLE_ENTITY, refusal.code(), "Field invalid"),
                Refusal::NotDue => (StatusCode::CONFLICT, refusal.code(), "Not due"),
                Refusal::LeaseLost => (StatusCode::CONFLICT, refusal.code(), "Lease lost"),
            },
            Self::Revision { .. } => (StatusCode::PRECONDITION_FAILED, "revision_mismatch", "Changed meanwhile"),
            Self::Expected { .. } => (StatusCode::CONFLICT, "expect_mismatch", "The selection has changed"),
            Self::BulksBusy => (StatusCode::TOO_MANY_REQUESTS, "too_many_bulks", "Too many bulk commands"),
            Self::BulkOver => (StatusCode::CONFLICT, "bulk_over", "Bulk command is over"),
            Self::LastAdmin => (StatusCode::CONFLICT, "last_admin", "An administrator must remain"),
            Self::TooOld => (StatusCode::GONE, "changes_forgotten", "Changes forgotten"),
            Self::NoStream => (StatusCode::NOT_FOUND, "streaming_unavailable", "No event stream"),
            Self::StreamsBusy => (StatusCode::TOO_MANY_REQUESTS, "too_many_streams", "Too many event streams"),
            Self::Store(error) => match error {
                StoreError::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, error.code(), "Store unavailable"),
                StoreError::Corrupt(_) => (StatusCode::INTERNAL_SERVER_ERROR, error.code(), "Internal error"),
                StoreError::LeaseLost => (StatusCode::CONFLICT, error.code(), "Lease lost"),
                StoreError::Cursor => (StatusCode::BAD_REQUEST, error.code(), "Cursor invalid"),
            },
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
        }
    }

    /// The code, which for a thing that is missing names the thing.
    fn code(&self) -> Cow<'static, str> {
        match self {
            Self::NotFound(what) => format!("{what}_not_found").into(),
            _ => self.table().1.into(),
        }
    }

    /// What to tell people. Nothing of the inside, nothing of what the caller sent.
    #[rustfmt::skip]
    pub(super) fn detail(&self) -> String {
        match self {
            Self::Unauthenticated => "a valid token is required".into(),
            Self::RoleTooLow(role) => format!("{} privileges required", role.as_str()),
            Self::ScopeTooNarrow => "this needs a token for all tenants".into(),
            Self::CrossSite => "the request comes from another site".into(),
            Self::WrongHost => "without a token, only localhost is answered".into(),
            Self::TooMany { retry_after } => format!("too many requests; try again in {retry_after} s"),
            Self::TenantRequired => "the header x-tenant is required".into(),
            Self::TenantInvalid => format!("tenant must match {}", Tenant::GRAMMAR),
            Self::SourceUnknown => format!("no such source; a source matches {}", Source::GRAMMAR),
            Self::NotFound(what) => format!("no such {what}"),
            Self::NothingToDelete(_) => "no schedule found".into(),
            Self::NoRoute => "there is nothing at this address".into(),
            Self::Method => "this address does not know that method".into(),
            Self::Json(cause) => format!("the body is not valid JSON: {cause}"),
            Self::MediaType => "content-type must be application/json".into(),
            Self::TooLarge { limit } => format!("the body is longer than {limit} bytes"),
            Self::BodyBroken => "the body ended early".into(),
            Self::Field { field, problem } => format!("{field} {problem}"),
            Self::Header { header, problem } => format!("{header} {problem}"),
            Self::Cursor => "the cursor does not belong to this list".into(),
            Self::IdempotencyMismatch => "this idempotency key was used with another request".into(),
            Self::Answered | Self::Replayed(_) => "the same request was carried out a moment ago; send it again for its answer".into(),
            Self::Refused(refusal) => refusal.to_string(),
            Self::Revision { current } => format!("the schedule is at revision {current}"),
            Self::Expected { expect, matched } => format!("expected {expect} schedules, the filter matches {matched}"),
            Self::BulksBusy => "too many bulk commands are under way; wait for one to end".into(),
            Self::BulkOver => "the bulk command is over; there is nothing left to cancel".into(),
            Self::LastAdmin => "the first and the last token must be an admin's for all tenants, without expiry".into(),
            Self::TooOld => "changes since then are forgotten; read the list again".into(),
            Self::NoStream => "this host does not stream; ask /api/changes".into(),
            Self::StreamsBusy => "too many event streams are open; close one".into(),
            Self::Store(error) => error.public().into(),
            Self::Internal => "something went wrong on our side".into(),
        }
    }

    /// The stable code, where it does not depend on what is missing.
    pub(super) fn label(&self) -> &'static str {
        self.table().1
    }

    pub(super) fn status(&self) -> StatusCode {
        self.table().0
    }

    /// Whether the same request would be refused again, so that the refusal may be remembered.
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Revision { .. } | Self::Expected { .. } | Self::NotFound(_))
            || matches!(self, Self::NothingToDelete(_) | Self::LastAdmin)
    }

    /// The body of RFC 9457, with `error` for old clients.
    pub(super) fn body(&self, request_id: &str) -> String {
        let (status, _, title) = self.table();
        let (code, detail) = (self.code(), self.detail());
        let mut body = Problem {
            ok: false,
            r#type: format!("urn:aetherlink:problem:{code}"),
            title: title.into(),
            status: status.as_u16(),
            code: code.into(),
            error: detail.clone(),
            detail,
            request_id: request_id.into(),
            field: None,
            run_id: None,
            revision: None,
            matched: None,
            tenant: None,
            message: None,
        };
        match self {
            Self::Field { field, .. } => body.field = Some(field.to_string()),
            Self::Refused(Refusal::UntilOutOfRange) => body.field = Some("until".into()),
            Self::Refused(Refusal::AlreadyRunning { run_id }) => body.run_id = Some(run_id.to_string()),
            Self::Revision { current } => body.revision = Some(*current),
            Self::Expected { matched, .. } => body.matched = Some(*matched),
            Self::NothingToDelete(tenant) => {
                body.tenant = Some(tenant.to_string());
                body.message = Some("No schedule found".into());
            }
            _ => {}
        }
        serde_json::to_string(&body).unwrap_or_default()
    }

    /// The answer to the request of that id.
    pub(super) fn response(&self, request_id: &str) -> Response {
        if let Self::Replayed(answer) = self {
            return replay(answer);
        }
        if let Self::Store(cause @ (StoreError::Unavailable(_) | StoreError::Corrupt(_))) = self {
            tracing::warn!(%cause, "the store failed a request");
        }
        let body = self.body(request_id);
        let length = HeaderValue::from(body.len());
        let mut response = Response::new(body.into());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if matches!(self, Self::Unauthenticated) {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        headers.insert(header::CONTENT_TYPE, PROBLEM);
        headers.insert(header::CONTENT_LENGTH, length);
        response
    }

    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooMany { retry_after } => Some(*retry_after),
            Self::Store(StoreError::Unavailable(_)) => Some(1),
            Self::BulksBusy | Self::StreamsBusy => Some(30),
            _ => None,
        }
    }
}

/// What stands in every answer that is not a success (RFC 9457).
#[derive(serde::Serialize, ToSchema)]
pub(super) struct Problem {
    /// Always false.
    ok: bool,
    /// Names the kind of problem.
    r#type: String,
    /// The kind of problem in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// Stable, for programs.
    code: String,
    /// What happened, for people.
    detail: String,
    /// The same as `detail`, for old clients.
    error: String,
    /// Names the request.
    request_id: String,
    /// The field or parameter that was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    field: Option<String>,
    /// The run in flight, with `already_running`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    run_id: Option<String>,
    /// The schedule's revision, with `revision_mismatch`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    revision: Option<u64>,
    /// How many schedules match, with `expect_mismatch`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    matched: Option<u64>,
    /// The tenant without a schedule, when deleting.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    tenant: Option<String>,
    /// In the words of the original service, when deleting.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    message: Option<String>,
}

impl From<CommandError> for Box<Error> {
    fn from(error: CommandError) -> Self {
        Box::new(match error {
            CommandError::Refused(refusal) => Error::Refused(refusal),
            CommandError::RevisionMismatch { current } => Error::Revision { current },
            CommandError::Answered => Error::Answered,
            CommandError::Store(error) => Error::Store(error),
        })
    }
}

impl From<StoreError> for Box<Error> {
    fn from(error: StoreError) -> Self {
        Box::new(Error::Store(error))
    }
}

impl From<Refusal> for Box<Error> {
    fn from(refusal: Refusal) -> Self {
        Box::new(Error::Refused(refusal))
    }
}

impl From<Invalid> for Box<Error> {
    fn from(invalid: Invalid) -> Self {
        Error::field(invalid.field, invalid.problem)
    }
}

/// The run named is not there.
pub(super) fn no_run(text: &str) -> Result<RunId> {
    Ok(RunId::parse(text).ok_or(Error::NotFound("run"))?)
}
