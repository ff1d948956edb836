//! Requests that the server answers itself, before any handler sees them.

use axum::body::Body;
use axum::response::Response;
use http::header::{CONNECTION, CONTENT_TYPE, HOST, ORIGIN};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, Version};

use super::ServerOptions;

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
    /// A server without tokens was asked for by a name that is not its machine's own.
    ForeignHost,
    /// A server without tokens was asked from a page of another site.
    ForeignOrigin,
    /// The body did not arrive in time.
    SlowBody,
}

impl Refusal {
    /// Looks for what speaks against a request.
    pub(super) fn of(
        version: Version,
        uri: &Uri,
        headers: &HeaderMap,
        options: &ServerOptions,
    ) -> Option<Self> {
        let mut hosts = headers.get_all(HOST).iter();
        let host = hosts.next();
        if hosts.next().is_some() || (host.is_none() && version == Version::HTTP_11) {
            return Some(Self::Host);
        }
        if uri.path_and_query().is_some_and(|target| target.as_str().len() > MAX_TARGET) {
            return Some(Self::Target);
        }
        if !options.local_only {
            return None;
        }
        if !host.is_none_or(is_local) || !uri.host().is_none_or(is_local_name) {
            return Some(Self::ForeignHost);
        }
        let origin = headers.get(ORIGIN);
        (!origin.is_none_or(is_local_origin)).then_some(Self::ForeignOrigin)
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
            Self::ForeignHost => (
                StatusCode::MISDIRECTED_REQUEST,
                "host_foreign",
                "without an access token this server answers to localhost only: create one with `command-center token create`",
            ),
            Self::ForeignOrigin => (
                StatusCode::FORBIDDEN,
                "origin_foreign",
                "without an access token this server takes no requests from pages of other sites",
            ),
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

fn is_local(host: &HeaderValue) -> bool {
    let authority = host.to_str().ok().and_then(|text| text.parse::<http::uri::Authority>().ok());
    authority.is_some_and(|authority| !authority.as_str().contains('@') && is_local_name(authority.host()))
}

fn is_local_origin(origin: &HeaderValue) -> bool {
    let uri = origin.to_str().ok().and_then(|text| text.parse::<Uri>().ok());
    uri.is_some_and(|uri| uri.scheme().is_some() && uri.host().is_some_and(is_local_name))
}

fn is_local_name(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_without_tokens_answers_to_its_own_machine_only() {
        let options = ServerOptions { local_only: true, ..ServerOptions::default() };
        let check = |name, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("127.0.0.1:8000"));
            headers.insert(name, value.parse().unwrap());
            Refusal::of(Version::HTTP_11, &Uri::from_static("/"), &headers, &options)
        };

        for local in ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.8.9.1:1", "[::1]:8000", "[::1]"] {
            assert_eq!(check(HOST, local), None, "{local}");
        }
        for foreign in [
            "evil.example",
            "localhost.evil.example:8000",
            "127.0.0.1.nip.io",
            "localhost@evil",
            "",
            "10.0.0.1",
            "localhost.",
            "a b",
        ] {
            assert_eq!(check(HOST, foreign), Some(Refusal::ForeignHost), "{foreign}");
        }
        for local in ["http://localhost:8000", "http://127.0.0.1:5173", "http://[::1]"] {
            assert_eq!(check(ORIGIN, local), None, "{local}");
        }
        for foreign in ["null", "https://evil.example", "localhost", "http://localhost.evil.example"] {
            assert_eq!(check(ORIGIN, foreign), Some(Refusal::ForeignOrigin), "{foreign}");
        }
    }

    #[test]
    fn one_host_is_wanted_by_http_1_1() {
        let check = |version, hosts: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(HOST, HeaderValue::from_static(host));
            }
            Refusal::of(version, &Uri::from_static("/"), &headers, &ServerOptions::default())
        };

        assert_eq!(check(Version::HTTP_11, &["evil.example"]), None);
        assert_eq!(check(Version::HTTP_10, &[]), None);
        assert_eq!(check(Version::HTTP_11, &[]), Some(Refusal::Host));
        assert_eq!(check(Version::HTTP_11, &["a", "a"]), Some(Refusal::Host));
    }
}
