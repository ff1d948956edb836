//! What is around every handler: request id, headers, problem bodies, metrics, the last resort.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use futures::FutureExt;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use tracing::Instrument;

use super::Shared;
use super::access::TENANT;
use super::call::{Call, Handler};
use super::problem::{Error, Result};
use crate::domain::Tenant;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
pub(super) const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Makes request ids that do not repeat: a counter, scattered from a random start.
pub(super) struct RequestIds(AtomicU64);

impl RequestIds {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(u64::from_ne_bytes(crate::vault::random())))
    }

    fn next(&self) -> HeaderValue {
        let mut mixed = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let digits: [u8; 16] =
            std::array::from_fn(|place| b"0123456789abcdef"[(mixed >> (60 - 4 * place) & 15) as usize]);
        HeaderValue::from_bytes(&digits).unwrap_or_else(|_| HeaderValue::from_static("0"))
    }
}

fn acceptable(id: &HeaderValue) -> bool {
    (1..=128).contains(&id.len()) && id.as_bytes().iter().all(|byte| (0x21..=0x7e).contains(byte))
}

/// Answers a request with what its handler says.
pub(super) async fn answered(handler: Handler, mut request: Request, shared: Shared) -> Response {
    let id = match request.headers().get(&REQUEST_ID).filter(|id| acceptable(id)) {
        Some(id) => id.clone(),
        None => {
            let id = shared.request_ids.next();
            request.headers_mut().insert(REQUEST_ID, id.clone());
            id
        }
    };
    let about = About {
        id,
        method: name(request.method()),
        route: request.extensions().get::<MatchedPath>().cloned(),
        head: request.method() == Method::HEAD,
    };
    let tenant = request.headers().get(&TENANT).and_then(|tenant| Tenant::parse(tenant.to_str().ok()?).ok());
    let started = shared.engine.clock().monotonic();
    let span = about.span(tenant.as_ref());
    let (parts, body) = request.into_parts();
    let mut call = Call { shared: shared.clone(), parts, body };
    let answered = AssertUnwindSafe(handler(&mut call)).catch_unwind().instrument(span.clone()).await;
    let _within = span.enter();
    let answered = answered.unwrap_or_else(|_| {
        tracing::error!("a handler panicked");
        Err(Error::Internal.into())
    });
    let response = about.finish(answered);
    let taken = shared.engine.clock().monotonic().saturating_sub(started);
    let status = response.status();
    shared.engine.metrics().answered(about.method, about.route(), class(status), taken.as_secs_f64());
    span.record("status", status.as_u16());
    tracing::debug!(target: "acculynx-request", status = status.as_u16(), ms = taken.as_millis() as u64, "answered");
    response
}

/// What is known of a request before it is answered.
struct About {
    id: HeaderValue,
    method: &'static str,
    route: Option<MatchedPath>,
    head: bool,
}

impl About {
    /// What traces and log lines say of the request. Its address is left out: it may name what is nobody's business.
    fn span(&self, tenant: Option<&Tenant>) -> tracing::Span {
        tracing::info_span!(
            target: "acculynx-request",
            "request",
            request_id = self.id.to_str().unwrap_or_default(),
            method = self.method,
            route = self.route(),
            tenant = tenant.map(Tenant::as_str),
            status = tracing::field::Empty,
        )
    }

    fn route(&self) -> &str {
        self.route.as_ref().map_or("unmatched", MatchedPath::as_str)
    }

    fn finish(&self, answered: Result<Response>) -> Response {
        let mut response = answered.unwrap_or_else(|error| {
            let mut response = error.response(self.id.to_str().unwrap_or_default());
            if self.head {
                *response.body_mut() = Body::empty();
            }
            response
        });
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, self.id.clone());
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
        if !headers.contains_key(header::CACHE_CONTROL) {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        response
    }
}

fn name(method: &Method) -> &'static str {
    const KNOWN: [(&Method, &str); 6] = [
        (&Method::GET, "GET"),
        (&Method::POST, "POST"),
        (&Method::PUT, "PUT"),
        (&Method::PATCH, "PATCH"),
        (&Method::DELETE, "DELETE"),
        (&Method::HEAD, "HEAD"),
    ];
    KNOWN.iter().find(|(known, _)| *known == method).map_or("other", |(_, name)| name)
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

/// The request's id, as the front has set it.
pub(super) fn request_id(headers: &http::HeaderMap) -> Arc<str> {
    headers.get(&REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default().into()
}
