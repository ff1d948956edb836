//! The reqwest client against the sandbox on a socket, and against servers that misbehave on theirs.

#![allow(clippy::unwrap_used, reason = "a test may stop at a surprise")]

mod bench;

use std::sync::Arc;
use std::time::Duration;

use bench::KEY;
use puller_acculynx::ReqwestClient;
use puller_acculynx::sandbox::{Fault, Location, Sandbox, Trouble};
use scheduler_core::domain::Timestamp;
use scheduler_core::ports::{HttpClient, HttpError, HttpRequest, ManualClock, Method};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[tokio::test]
async fn a_list_is_read_over_a_socket() {
    let (sandbox, base) = served().await;

    let answer = send(&format!("{base}/jobs?pageSize=25&pageStartIndex=0")).await.unwrap();

    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert!(answer.body.starts_with(b"{"));
    sandbox.change(KEY, |location| {
        location.temper.troubles = vec![Trouble::always(Fault::TooMany(vec![("retry-after", "9".into())]))]
    });
    let refused = send(&format!("{base}/jobs")).await.unwrap();
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("9")));
}

#[tokio::test]
async fn failures_are_told_apart_and_never_name_the_address() {
    let (sandbox, base) = served().await;
    sandbox.change(KEY, |location| location.temper.troubles = vec![Trouble::always(Fault::Reset)]);
    let broken = send(&format!("{base}/jobs?secret=canary")).await.unwrap_err();
    assert!(matches!(broken, HttpError::Broken(_)), "{broken:?}");

    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let late = send(&format!("http://{address}/jobs?secret=canary")).await.unwrap_err();
    assert_eq!(late, HttpError::Timeout);

    drop(silent);
    let closed = send(&format!("http://{address}/jobs?secret=canary")).await.unwrap_err();
    assert!(matches!(closed, HttpError::Connect(_)), "{closed:?}");

    let wrong = send("no address/jobs?secret=canary").await.unwrap_err();
    assert!(matches!(wrong, HttpError::Address(_)), "{wrong:?}");
    for error in [broken, late, closed, wrong] {
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
}

#[tokio::test]
async fn a_body_that_never_ends_is_cut_off() {
    let base = raw("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n", true).await;

    assert_eq!(send(&base).await.unwrap_err(), HttpError::TooLong(MAX_BODY));
}

#[tokio::test]
async fn redirects_are_answers() {
    let base =
        raw("HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n", false)
            .await;

    assert_eq!(send(&base).await.unwrap().status, 302);
}

const MAX_BODY: usize = 1 << 20;

async fn send(url: &str) -> Result<scheduler_core::ports::HttpResponse, HttpError> {
    let request = HttpRequest {
        method: Method::Get,
        url: url.to_owned(),
        headers: vec![("authorization", format!("Bearer {KEY}"))],
        body: None,
        timeout: Duration::from_secs(2),
        max_body: MAX_BODY,
    };
    ReqwestClient::new().unwrap().send(request).await
}

async fn served() -> (Sandbox, String) {
    let now = Timestamp::parse("2026-03-10T15:00:00Z").unwrap();
    let sandbox = Sandbox::new(Arc::new(ManualClock::at(now)));
    sandbox.add(KEY, Location::generate("Peak Roofing", 40, 7, now));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = Sandbox::base_url(listener.local_addr().unwrap());
    tokio::spawn(sandbox.clone().serve(listener));
    (sandbox, base)
}

/// Answers everything with these bytes, and with more until the other side has enough.
async fn raw(answer: &'static str, endless: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/x", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        let _ = socket.read(&mut request).await;
        let _ = socket.write_all(answer.as_bytes()).await;
        while endless && socket.write_all(&[b'x'; 65_536]).await.is_ok() {}
    });
    base
}
