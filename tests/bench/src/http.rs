//! The REST surface over a real socket, beside a bare axum hello world in the same run.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use host_axum::server::{ServerOptions, serve};
use scheduler_core::domain::Spec;
use scheduler_core::rest::{App, router};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::measure::Row;
use crate::world::{World, interval};

const CLIENTS: usize = 16;
const SPAN: Duration = Duration::from_secs(3);

/// Reads of one tenant's schedule, with 1 and with 100,000 tenants stored.
pub(crate) fn status(store: &str) -> Row {
    let hello = Router::new().route("/", get(|| async { "hello, world" }));
    let bare = rate(hello, b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".to_vec(), true);
    let request =
        b"GET /api/crm/import/acculynx/schedule HTTP/1.1\r\nhost: 127.0.0.1\r\nx-tenant: tenant-0\r\n\r\n";
    let rates = [1, 100_000].map(|tenants| {
        let world = World::new(store, HashMap::new());
        world.register(
            tenants,
            &Spec { catch_up: scheduler_core::domain::CatchUp::Skip, ..Spec::every(interval(86_400)) },
        );
        rate(surface(&world), request.to_vec(), false)
    });
    let share = |rate: f64| rate / bare * 100.0;
    Row {
        what: "status of one of 1 / of 100,000 tenants".into(),
        measured: format!(
            "{:.0}/s ({:.0} %) / {:.0}/s ({:.0} %), hello {bare:.0}/s",
            rates[0],
            share(rates[0]),
            rates[1],
            share(rates[1])
        ),
        goal: ">= 80 % of hello world, flat",
    }
}

/// Pauses and resumes, each durable before it is answered, with 1 and with 1,000 tenants stored.
pub(crate) fn pause(store: &str) -> Row {
    let rates = [1, 1000].map(|tenants| {
        let world = World::new(store, HashMap::new());
        world.register(tenants, &Spec::every(interval(86_400)));
        let request = |verb: &str, n: usize| {
            let n = n % tenants;
            let head = format!("POST /api/crm/import/acculynx/{verb} HTTP/1.1\r\nhost: 127.0.0.1\r\n");
            format!("{head}x-tenant: tenant-{n}\r\ncontent-length: 0\r\n\r\n").into_bytes()
        };
        let load = (0..CLIENTS).map(|n| vec![request("pause", n), request("resume", n)]).collect();
        rate_of(surface(&world), load, false)
    });
    Row {
        what: "durable pause, 1 / 1,000 tenants".into(),
        measured: format!("{:.0}/s / {:.0}/s with {CLIENTS} clients", rates[0], rates[1]),
        goal: ">= 2,000/s, flat",
    }
}

fn surface(world: &World) -> Router {
    router(App::new(world.engine.clone(), world.vault.clone()).loopback(true))
}

fn rate(router: Router, request: Vec<u8>, bare: bool) -> f64 {
    rate_of(router, vec![vec![request]; CLIENTS], bare)
}

/// Answers a second, when each client repeats its requests over one connection.
fn rate_of(router: Router, load: Vec<Vec<Vec<u8>>>, bare: bool) -> f64 {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        if bare {
            tokio::spawn(async move { axum::serve(listener, router).await });
        } else {
            tokio::spawn(serve(listener, router, ServerOptions::default(), std::future::pending()));
        }
        let (answers, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let clients: Vec<_> = load
            .into_iter()
            .map(|requests| {
                let (answers, stop) = (answers.clone(), stop.clone());
                tokio::spawn(async move {
                    let mut stream = TcpStream::connect(address).await.expect("a connection");
                    let mut buffer = Vec::with_capacity(16 * 1024);
                    while !stop.load(Ordering::Relaxed) {
                        for request in &requests {
                            stream.write_all(request).await.expect("the request is sent");
                            read_answer(&mut stream, &mut buffer).await;
                            answers.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(500)).await;
        let (before, began) = (answers.load(Ordering::Relaxed), Instant::now());
        tokio::time::sleep(SPAN).await;
        let rate = (answers.load(Ordering::Relaxed) - before) as f64 / began.elapsed().as_secs_f64();
        stop.store(true, Ordering::Relaxed);
        for client in clients {
            client.await.expect("no client fails");
        }
        rate
    })
}

async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) {
    buffer.clear();
    loop {
        let read = stream.read_buf(buffer).await.expect("the answer is read");
        assert!(read > 0, "the server keeps the connection");
        let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(&buffer[..head]).expect("a head");
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        let length = text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        if buffer.len() >= head + 4 + length.unwrap_or(0) {
            return;
        }
    }
}
