//! Requests that the server answers itself, before any handler sees them.

use axum::body::Body;
use axum::response::Response;
use http::header::{CONNECTION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, Version};

/// The longest path and query, in bytes.
const MAX_TARGET: usize = 8 * 1024;

/// Why a request goes no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// HTTP/1.1 wants exactly one `Host`.
    Host,
    /// Both a length and an encoding say where the body ends.
    Length,
    /// The path and query are too long.
    Target,
    /// The body did not arrive in time.
    SlowBody,
}

impl Refusal {
    /// Looks for what speaks against a request.
    pub(super) fn of(version: Version, uri: &Uri, headers: &HeaderMap) -> Option<Self> {
        let mut hosts = headers.get_all(HOST).iter();
        let host = hosts.next();
        if hosts.next().is_some() || (host.is_none() && version == Version::HTTP_11) {
            return Some(Self::Host);
        }
        if uri.path_and_query().is_some_and(|target| target.as_str().len() > MAX_TARGET) {
            return Some(Self::Target);
        }
        None
    }

    fn words(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Host => {
                (StatusCode::BAD_REQUEST, "host_invalid", "a request must carry exactly one Host header")
            }
            Self::Length => (
                StatusCode::BAD_REQUEST,
                "length_ambiguous",
                "a request must not carry both Content-Length and Transfer-Encoding",
            ),
            Self::Target => {
                (StatusCode::URI_TOO_LONG, "uri_too_long", "the path and query exceed 8192 bytes")
            }
            Self::SlowBody => {
                (StatusCode::REQUEST_TIMEOUT, "body_timeout", "the request body did not arrive in time")
            }
        }
    }

    /// The answer, after which the connection ends.
    pub(super) fn response(self) -> Response {
        let (status, code, detail) = self.words();
        let title = status.canonical_reason().unwrap_or_default();
        let body = serde_json::json!({
            "ok": false, "type": "about:blank", "title": title, "status": status.as_u16(), "code": code,
            "detail": detail, "error": detail, "request_id": null,
        });
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_is_wanted_by_http_1_1() {
        let check = |version, hosts: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(HOST, HeaderValue::from_static(host));
            }
            Refusal::of(version, &Uri::from_static("/"), &headers)
        };

        assert_eq!(check(Version::HTTP_11, &["evil.example"]), None);
        assert_eq!(check(Version::HTTP_10, &[]), None);
        assert_eq!(check(Version::HTTP_11, &[]), Some(Refusal::Host));
        assert_eq!(check(Version::HTTP_11, &["a", "a"]), Some(Refusal::Host));
    }
}
