//! The operator's web app, embedded: an exact table of files, compressed when the crate was built.
//!
//! Without a built `dist/` it holds a single page that says so, so that building it never needs Node.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

/// A file of the web app.
struct Asset {
    path: &'static str,
    kind: &'static str,
    /// Whether its name changes with its content.
    immutable: bool,
    /// Compressed forms, best first.
    packed: &'static [Form],
    plain: Form,
}

/// A file's bytes in one content coding.
struct Form {
    coding: &'static str,
    etag: &'static str,
    bytes: &'static [u8],
}

/// In the order of their paths.
static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// What belongs to the REST surface: a path below that it does not know is not a page.
const RESERVED: [&str; 4] = ["/api", "/ops", "/metrics", "/openapi.json"];

const HEADERS: [(HeaderName, &str); 6] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; \
         require-trusted-types-for 'script'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), \
         microphone=(), payment=(), usb=()",
    ),
];

/// The web app as the fallback of a router.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().fallback(serve)
}

/// Answers a request with a file of the web app, or with its page where a person navigates.
pub async fn serve(request: Request) -> Response {
    let (path, headers) = (request.uri().path(), request.headers());
    let reading = request.method() == Method::GET || request.method() == Method::HEAD;
    let found = find(path).or_else(|| is_navigation(path, headers).then(|| find("/")).flatten());
    let mut response = match found {
        Some(asset) if reading => asset.response(headers),
        Some(_) => refusal(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "only GET and HEAD"),
        None => refusal(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path"),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if request.method() == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    response
}

fn find(path: &str) -> Option<&'static Asset> {
    let path = if path == "/" { "/index.html" } else { path };
    let at = ASSETS.binary_search_by(|asset| asset.path.cmp(path)).ok()?;
    ASSETS.get(at)
}

/// Whether a person opens a page of the app by its address. A tenant's name may hold dots, a page's may not.
fn is_navigation(path: &str, headers: &HeaderMap) -> bool {
    let reserved = |prefix: &&str| {
        path.strip_prefix(*prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let file = path.rsplit('/').next().is_some_and(|last| last.contains('.'));
    let html = headers
        .get_all(ACCEPT)
        .iter()
        .any(|accept| accept.to_str().is_ok_and(|accept| accept.contains("text/html")));
    html && (!file || path.starts_with("/tenants/")) && !RESERVED.iter().any(reserved)
}

impl Asset {
    fn response(&self, request: &HeaderMap) -> Response {
        let form = self.packed.iter().find(|form| accepts(request, form.coding)).unwrap_or(&self.plain);
        let mut response = Response::new(Body::empty());
        let headers = response.headers_mut();
        let caching = if self.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
        headers.insert(ETAG, HeaderValue::from_static(form.etag));
        if !self.packed.is_empty() {
            headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        }
        if matches_etag(request, form.etag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.kind));
        headers.insert(CONTENT_LENGTH, form.bytes.len().into());
        if form.coding != self.plain.coding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(form.coding));
        }
        *response.body_mut() = Body::from(form.bytes);
        response
    }
}

/// Whether the client takes `coding` by name.
fn accepts(request: &HeaderMap, coding: &str) -> bool {
    items(request, ACCEPT_ENCODING).any(|item| {
        let (name, weight) = item.split_once(';').unwrap_or((item, ""));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case(coding) && weight.is_none_or(|weight| weight > 0.0)
    })
}

fn matches_etag(request: &HeaderMap, etag: &str) -> bool {
    items(request, IF_NONE_MATCH).any(|item| item == "*" || item.strip_prefix("W/").unwrap_or(item) == etag)
}

fn items(request: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = request.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

fn refusal(status: StatusCode, code: &str, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    let body = format!(
        r#"{{"ok":false,"type":"about:blank","title":"{title}","status":{},"code":"{code}","detail":"{detail}","error":"{detail}","request_id":null}}"#,
        status.as_u16()
    );
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_LENGTH, body.len().into());
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    *response.body_mut() = Body::from(body);
    response
}

#[cfg(test)]
mod tests;
