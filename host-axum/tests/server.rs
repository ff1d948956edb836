//! The server seen from the other end of a socket.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::response::Response;
use axum::routing::{get, post};
use host_axum::server::{ServerOptions, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

const SOON: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(10);
const GET: &str = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

#[tokio::test]
async fn a_half_sent_head_and_a_silent_connection_are_closed() {
    let server = Server::start(quick()).await;

    let mut silent = server.connect().await;
    let mut half = server.connect().await;
    half.write_all(b"GET / HTTP/1.1\r\nhost: loc").await.unwrap();

    assert_eq!(rest(&mut silent).await, "");
    assert_eq!(rest(&mut half).await, "");
}

#[tokio::test]
async fn a_connection_is_kept_for_further_requests_and_closed_when_idle() {
    let server = Server::start(quick()).await;
    let mut socket = server.connect().await;

    for _ in 0..3 {
        socket.write_all(GET.as_bytes()).await.unwrap();
        let answer = answer(&mut socket).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("hello 127.0.0.1"), "{answer}");
    }

    assert_eq!(rest(&mut socket).await, "");
}

#[tokio::test]
async fn a_body_that_does_not_arrive_in_time_is_answered_with_408() {
    let server = Server::start(quick()).await;
    let mut socket = server.connect().await;

    socket.write_all(b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\nab").await.unwrap();

    let answer = rest(&mut socket).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("body_timeout"), "{answer}");
}

#[tokio::test]
async fn a_slow_response_outlives_the_timeouts_of_requests() {
    let server = Server::start(quick()).await;
    let mut socket = server.connect().await;
    socket.write_all(b"GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    tokio::time::sleep(3 * SOON).await;

    server.events.send("data: late\n\n").await.unwrap();

    until(&mut socket, "data: late").await;
}

#[tokio::test]
async fn ambiguous_and_hostless_requests_are_refused() {
    let server = Server::start(quick()).await;
    let chunk = "3\r\nabc\r\n0\r\n\r\n";
    for (request, status) in [
        (
            format!(
                "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n{chunk}"
            ),
            "400",
        ),
        (
            format!(
                "POST / HTTP/1.1\r\nhost: a\r\nTransfer-Encoding: chunked\r\nCONTENT-LENGTH: 3\r\n\r\n{chunk}"
            ),
            "400",
        ),
        ("GET / HTTP/1.1\r\n\r\n".into(), "400"),
        ("GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n".into(), "400"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), ""),
        (format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(9000)), "414"),
        (format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "x".repeat(40_000)), "431"),
    ] {
        let mut socket = server.connect().await;
        socket.write_all(request.as_bytes()).await.unwrap();

        let answer = rest(&mut socket).await;

        assert_eq!(answer.get(9..12).unwrap_or_default(), status, "{request:.60} got {answer}");
    }
}

#[tokio::test]
async fn nothing_can_be_smuggled_behind_a_chunked_body() {
    let server = Server::start(quick()).await;
    let mut socket = server.connect().await;

    let smuggled = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        .to_owned()
        + GET;
    socket.write_all(smuggled.as_bytes()).await.unwrap();

    let answer = rest(&mut socket).await;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    assert!(answer.ends_with("3 bytes"), "{answer}");
}

#[tokio::test]
async fn an_upgrade_to_http_2_is_not_taken_up() {
    let server = Server::start(quick()).await;
    let mut socket = server.connect().await;

    let request = "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n\r\n";
    socket.write_all(request.as_bytes()).await.unwrap();

    assert!(answer(&mut socket).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn connections_over_the_cap_are_closed_until_one_leaves() {
    let options = ServerOptions { max_connections: 2, head_timeout: PATIENCE, ..quick() };
    let server = Server::start(options).await;
    let (mut one, mut two) = (server.connect().await, server.connect().await);
    for socket in [&mut one, &mut two] {
        socket.write_all(GET.as_bytes()).await.unwrap();
        answer(socket).await;
    }

    assert_eq!(rest(&mut server.connect().await).await, "");

    drop(one);
    loop {
        let mut three = server.connect().await;
        if three.write_all(GET.as_bytes()).await.is_ok() && rest_of(&mut three, "hello 127.0.0.1").await {
            break;
        }
    }
}

#[tokio::test]
async fn a_stop_finishes_requests_in_flight_and_ends_event_streams() {
    let mut server = Server::start(ServerOptions { head_timeout: PATIENCE, ..quick() }).await;
    let (mut idle, mut slow, mut events) =
        (server.connect().await, server.connect().await, server.connect().await);
    idle.write_all(GET.as_bytes()).await.unwrap();
    answer(&mut idle).await;
    slow.write_all(b"GET /gate HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    server.at_gate.recv().await.unwrap();
    events.write_all(b"GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    server.events.send("data: first\n\n").await.unwrap();
    until(&mut events, "data: first").await;

    server.stop.take().unwrap().send(()).unwrap();

    assert!(rest(&mut events).await.contains("retry: 1000"));
    assert_eq!(rest(&mut idle).await, "");
    assert!(TcpStream::connect(server.address).await.is_err());
    assert!(!server.task.is_finished());
    server.gate.send(()).await.unwrap();
    let answer = rest(&mut slow).await;
    assert!(answer.contains("connection: close") && answer.ends_with("through"), "{answer}");
    timeout(PATIENCE, server.task).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut_off_after_the_drain() {
    let mut server = Server::start(ServerOptions { drain: SOON, ..quick() }).await;
    let mut stuck = server.connect().await;
    stuck.write_all(b"GET /gate HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    server.at_gate.recv().await.unwrap();

    server.stop.take().unwrap().send(()).unwrap();

    timeout(PATIENCE, server.task).await.unwrap().unwrap().unwrap();
    assert_eq!(rest(&mut stuck).await, "");
}

#[tokio::test]
async fn a_peer_that_takes_nothing_is_dropped() {
    let options = ServerOptions { write_timeout: SOON, max_connections: 1, ..quick() };
    let server = Server::start(options).await;
    let mut deaf = server.connect().await;

    deaf.write_all(b"GET /flood HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();

    loop {
        let mut next = server.connect().await;
        if next.write_all(GET.as_bytes()).await.is_ok() && rest_of(&mut next, "hello 127.0.0.1").await {
            break;
        }
    }
}

fn quick() -> ServerOptions {
    ServerOptions { head_timeout: SOON, body_timeout: SOON, drain: PATIENCE, ..ServerOptions::default() }
}

struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<std::io::Result<()>>,
    events: mpsc::Sender<&'static str>,
    gate: mpsc::Sender<()>,
    at_gate: mpsc::Receiver<()>,
}

impl Server {
    async fn start(options: ServerOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (events, sent) = mpsc::channel(4);
        let (gate, opened) = mpsc::channel(1);
        let (arrived, at_gate) = mpsc::channel(1);
        let (stop, stopped) = oneshot::channel();
        let router = router(sent, opened, arrived);
        let task = tokio::spawn(serve(listener, router, options, async {
            if stopped.await.is_err() {
                pending().await
            }
        }));
        Self { address, stop: Some(stop), task, events, gate, at_gate }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

fn router(
    sent: mpsc::Receiver<&'static str>,
    opened: mpsc::Receiver<()>,
    arrived: mpsc::Sender<()>,
) -> Router {
    let sent = std::sync::Arc::new(tokio::sync::Mutex::new(sent));
    let opened = std::sync::Arc::new(tokio::sync::Mutex::new(opened));
    let hello = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { format!("hello {}", peer.ip()) };
    let length = |body: Bytes| async move { format!("{} bytes", body.len()) };
    let events = || async move {
        let stream = futures::stream::unfold(sent, |sent| async {
            let text = sent.lock().await.recv().await?;
            Some((Ok::<_, Infallible>(text), sent))
        });
        Response::builder()
            .header("content-type", "text/event-stream")
            .body(Body::from_stream(stream))
            .unwrap()
    };
    let gate = || async move {
        arrived.send(()).await.unwrap();
        opened.lock().await.recv().await;
        "through"
    };
    let flood = || async {
        Body::from_stream(futures::stream::repeat_with(|| {
            Ok::<_, Infallible>(Bytes::from_static(&[0; 65536]))
        }))
    };
    Router::new()
        .route("/", get(hello))
        .route("/", post(length))
        .route("/events", get(events))
        .route("/gate", get(gate))
        .route("/flood", get(flood))
}

/// Everything up to the end of the connection, however it ends.
async fn rest(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = timeout(PATIENCE, socket.read_to_end(&mut bytes)).await.expect("the connection stays open");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether `text` comes before the connection ends.
async fn rest_of(socket: &mut TcpStream, text: &str) -> bool {
    let mut heard = String::new();
    let mut buffer = [0; 4096];
    while !heard.contains(text) {
        match timeout(PATIENCE, socket.read(&mut buffer)).await.expect("an answer or an end") {
            Ok(count) if count > 0 => heard += &String::from_utf8_lossy(&buffer[..count]),
            _ => return false,
        }
    }
    true
}

async fn until(socket: &mut TcpStream, text: &str) {
    assert!(rest_of(socket, text).await, "the connection ended before {text:?}");
}

/// One response whose length its head names.
async fn answer(socket: &mut TcpStream) -> String {
    let mut heard = String::new();
    let mut buffer = [0; 4096];
    loop {
        let count = timeout(PATIENCE, socket.read(&mut buffer)).await.unwrap().unwrap();
        assert!(count > 0, "ended after {heard:?}");
        heard += &String::from_utf8_lossy(&buffer[..count]);
        if let Some((head, body)) = heard.split_once("\r\n\r\n")
            && let Some(length) = head.lines().find_map(|line| line.strip_prefix("content-length: "))
            && body.len() >= length.parse::<usize>().unwrap()
        {
            return heard;
        }
    }
}
