//! The reqwest client against the sandbox on a socket, and against servers that misbehave on theirs.

#![allow(clippy::unwrap_used, reason = "a test may stop at a surprise")]

mod bench;

use std::sync::Arc;
use std::time::Duration;

use bench::{Bench, HOUR, KEY, TenantBench};
use puller_acculynx::sandbox::{Fault, Location, Policing, Sandbox, Trouble};
use puller_acculynx::{AccuLynx, Config, Limiter, Limits, Rate, ReqwestClient};
use scheduler_core::domain::Timestamp;
use scheduler_core::ports::{HttpClient, HttpError, HttpRequest, ManualClock, Method, Puller};
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
async fn a_whole_run_goes_over_a_socket() {
    let (sandbox, base_url) = served().await;
    sandbox.police(Policing { per_key: usize::MAX, in_all: usize::MAX, ..Policing::default() });
    let free = Rate { rate: 1_000_000, burst: 1_000_000 };
    let limiter = Limiter::new(Limits { all: free, key: free, in_flight: 4 });
    let config = Config { base_url, limiter, ..Config::default() };
    let puller = AccuLynx::new(Arc::new(ReqwestClient::new().unwrap()), config);
    let clock = ManualClock::at(Timestamp::parse("2026-03-10T15:00:00Z").unwrap());
    let bench = Bench { clock, sandbox, puller };
    let mut tenant = TenantBench::new("peak", KEY);

    let pulled = bench.puller.pull(tenant.context(&bench, HOUR)).await.unwrap();

    assert_eq!(tenant.sink.ids("jobs"), bench.job_ids());
    assert_eq!(tenant.sink.ids("contacts"), bench.contact_ids());
    assert!(pulled.stats.requests > 100, "{:?}", pulled.stats);
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

#[tokio::test]
async fn a_name_that_leads_into_a_private_network_is_refused() {
    let (_sandbox, base) = served().await;
    let named = base.replace("127.0.0.1", "localhost");

    let refused = send(&format!("{named}/jobs")).await.unwrap_err();

    assert!(matches!(refused, HttpError::Connect(_)), "{refused:?}");
    let open = ReqwestClient::within_private_networks().unwrap();
    assert_eq!(open.send(get(&format!("{named}/jobs"))).await.unwrap().status, 200);
}

const MAX_BODY: usize = 1 << 20;

async fn send(url: &str) -> Result<scheduler_core::ports::HttpResponse, HttpError> {
    ReqwestClient::new().unwrap().send(get(url)).await
}

fn get(url: &str) -> HttpRequest {
    HttpRequest {
        method: Method::Get,
        url: url.to_owned(),
        headers: vec![("authorization", format!("Bearer {KEY}"))],
        body: None,
        timeout: Duration::from_secs(2),
        max_body: MAX_BODY,
    }
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
