//! Answers of success.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::problem::{Error, Result};

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Answers with JSON.
pub(super) fn json<T: Serialize>(body: &T) -> Result<Response> {
    let mut text = Vec::with_capacity(1536);
    serde_json::to_writer(&mut text, body).map_err(|_| Error::Internal)?;
    Ok(of_json(text.into()))
}

fn of_json(body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

/// An answer that may be kept for a repeated request.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: String,
    pub(super) revision: Option<u64>,
}

impl Reply {
    pub(super) fn new<T: Serialize>(status: StatusCode, body: &T) -> Self {
        Self { status, body: serde_json::to_string(body).unwrap_or_default(), revision: None }
    }

    pub(super) fn ok<T: Serialize>(body: &T) -> Self {
        Self::new(StatusCode::OK, body)
    }

    pub(super) fn at(mut self, revision: u64) -> Self {
        self.revision = Some(revision);
        self
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = of_json(self.body.into());
        *response.status_mut() = self.status;
        if let Some(revision) = self.revision {
            response.headers_mut().insert(header::ETAG, etag(revision));
        }
        response
    }
}

/// A schedule's revision as an entity tag.
pub(super) fn etag(revision: u64) -> HeaderValue {
    let mut text = [b'"'; 22];
    let (mut place, mut rest) = (21, revision);
    loop {
        place -= 1;
        text[place] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    HeaderValue::from_bytes(&text[place - 1..]).unwrap_or_else(|_| HeaderValue::from_static("\"0\""))
}

/// Whether `If-None-Match` names the tag, by weak comparison.
pub(super) fn matches(headers: &HeaderMap, tag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let wanted = bare(tag);
    let given = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    given.flat_map(|value| value.split(',')).any(|given| given.trim() == "*" || bare(given) == wanted)
}

/// Nothing has changed since the caller read it.
pub(super) fn not_modified(tag: HeaderValue) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response.headers_mut().insert(header::ETAG, tag);
    response.headers_mut().insert(header::CACHE_CONTROL, REVALIDATE);
    response
}

/// A browser may keep the answer, and asks each time whether it still holds.
pub(super) const REVALIDATE: HeaderValue = HeaderValue::from_static("private, no-cache");

#[cfg(test)]
mod tests {
    use super::etag;

    #[test]
    fn a_revision_is_written_in_quotes() {
        for revision in [0, 7, 10, 1234, u64::MAX] {
            assert_eq!(etag(revision), format!("\"{revision}\""));
        }
    }
}
