use axum::body::Bytes;
use futures::executor::block_on;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;

const HTML: (&str, &str) = ("accept", "text/html,*/*;q=0.8");

fn ask(method: &str, path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, Bytes) {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    block_on(async {
        let (head, body) = router::<()>().oneshot(request).await.unwrap().into_parts();
        (head.status, head.headers, body.collect().await.unwrap().to_bytes())
    })
}

#[test]
fn the_root_is_a_page_that_is_asked_for_anew_each_time() {
    let (status, headers, body) = ask("GET", "/", &[]);

    assert_eq!(status, 200);
    assert_eq!(headers[CONTENT_TYPE], "text/html; charset=utf-8");
    assert_eq!(headers[CACHE_CONTROL], "no-cache");
    assert!(body.starts_with(b"<!doctype html>") || body.starts_with(b"<!DOCTYPE html>"));
    assert_eq!(ask("GET", "/index.html", &[]).2, body);
}

#[test]
fn the_best_accepted_coding_is_sent() {
    let page = ask("GET", "/", &[]).2;
    for (accepted, coding) in [
        ("gzip, deflate, br, zstd", Some("br")),
        ("gzip", Some("gzip")),
        ("br;q=0, gzip;q=0.5", Some("gzip")),
        ("identity", None),
        ("", None),
    ] {
        let (status, headers, body) = ask("GET", "/", &[("accept-encoding", accepted)]);

        assert_eq!(status, 200);
        assert_eq!(
            headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes),
            coding.map(str::as_bytes),
            "{accepted}"
        );
        assert_eq!(headers[VARY], "accept-encoding");
        assert_eq!(headers[CONTENT_LENGTH], body.len().to_string());
        assert_eq!(body.len() < page.len(), coding.is_some());
    }
}

#[test]
fn a_known_etag_is_answered_without_a_body_and_each_coding_has_its_own() {
    let plain = ask("GET", "/", &[]).1[ETAG].to_str().unwrap().to_owned();
    let packed = ask("GET", "/", &[("accept-encoding", "br")]).1[ETAG].to_str().unwrap().to_owned();
    assert_ne!(plain, packed);

    for known in [plain.clone(), format!("\"x\", W/{plain}"), "*".into()] {
        let (status, headers, body) = ask("GET", "/", &[("if-none-match", &known)]);
        assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
        assert_eq!(headers[ETAG], plain);
    }
    assert_eq!(ask("GET", "/", &[("if-none-match", &packed)]).0, 200);
}

#[test]
fn navigations_get_the_page_and_nothing_else_does() {
    let page = ask("GET", "/", &[]).2;
    for path in ["/audit", "/tenants/peakpro", "/tenants/peak.pro", "/tenants/a/runs/r1", "/apiary"] {
        let (status, _, body) = ask("GET", path, &[HTML]);
        assert_eq!((status, body), (StatusCode::OK, page.clone()), "{path}");
        assert_eq!(ask("GET", path, &[("accept", "application/json")]).0, 404, "{path}");
        assert_eq!(ask("POST", path, &[HTML]).0, 405, "{path}");
    }
    for path in [
        "/api",
        "/api/nothing",
        "/ops/nothing",
        "/metrics/",
        "/openapi.json",
        "/app.js",
        "/assets/x-12345678.js",
    ] {
        let (status, headers, body) = ask("GET", path, &[HTML]);
        assert_eq!(status, 404, "{path}");
        assert_eq!(headers[CONTENT_TYPE], "application/problem+json");
        assert!(std::str::from_utf8(&body).unwrap().contains(r#""code":"not_found""#));
    }
}

#[test]
fn no_spelling_of_a_path_leads_out_of_the_table() {
    for path in [
        "/../Cargo.toml",
        "/..%2fCargo.toml",
        "/%2e%2e/Cargo.toml",
        "//index.html",
        "/index.html%00",
        "/index.html/",
        "/INDEX.HTML",
        "/.%5cindex.html",
        "/./index.html",
        "/src/lib.rs",
    ] {
        assert_eq!(ask("GET", path, &[]).0, 404, "{path}");
    }
}

#[test]
fn head_says_what_get_would() {
    let (status, headers, body) = ask("HEAD", "/", &[]);

    assert_eq!((status, body.len()), (StatusCode::OK, 0));
    assert_eq!(headers[CONTENT_LENGTH], ask("GET", "/", &[]).2.len().to_string());
}

#[test]
fn every_answer_carries_the_strict_headers() {
    for (path, accept) in [("/", "*/*"), ("/nothing", "*/*"), ("/audit", "text/html")] {
        let (_, headers, _) = ask("GET", path, &[("accept", accept)]);
        for (name, value) in HEADERS {
            assert_eq!(headers[&name], value, "{path}");
        }
    }
}

#[test]
fn hashed_files_are_kept_for_good_and_named_files_are_not() {
    for asset in ASSETS {
        let (status, headers, _) = ask("GET", asset.path, &[]);
        assert_eq!(status, 200, "{}", asset.path);
        assert_eq!(
            headers[CACHE_CONTROL].as_bytes().ends_with(b"immutable"),
            asset.immutable,
            "{}",
            asset.path
        );
        assert!(!asset.immutable || asset.path.starts_with("/assets/"));
        assert_ne!(asset.kind, "application/octet-stream", "{} has no content type", asset.path);
    }
}
