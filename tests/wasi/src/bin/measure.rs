//! How long an instance and an answer take, beside the same router in this process over the same kind of store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use futures::future::BoxFuture;
use host_conformance::host::START;
use host_wasi::{Outside, Parts, Settings};
use http::{Request, Response};
use http_body_util::BodyExt;
use puller_acculynx::sandbox::{Sandbox, SandboxClient};
use scheduler_core::domain::Timestamp;
use scheduler_core::engine::Background;
use scheduler_core::ports::ManualClock;
use store_files::Files;
use tower::ServiceExt;
use wasi_conformance::{Component, Instance as Instantiated};

const ROUNDS: usize = 1000;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let data = tempfile::tempdir().expect("a directory");
    let clock = Arc::new(ManualClock::at(Timestamp::parse(START).expect("an instant")));
    let sandbox = Sandbox::new(clock.clone());
    let began = Instant::now();
    let component = Arc::new(Component::load(&Component::path(), false));
    println!("The component is machine code after {}.\n", millis(began.elapsed()));
    let component = Instantiated { component, ..Instantiated::on(data.path(), sandbox.clone()) };

    let value =
        |name: &str| component.env.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let settings = Settings::read(value, |_| Err("no file is named".into())).expect("settings");
    let outside = Outside {
        clock,
        store: Arc::new(Files::open(data.path()).expect("a store")),
        http: Arc::new(SandboxClient::new(sandbox)),
        background: Arc::new(Nothing),
    };
    let router = Parts::join(&settings, outside).await.expect("the store answers").router;
    for n in 0..20 {
        let request =
            request("POST", "/api/crm/import/acculynx/schedule", &format!("t{n}"), r#"{"interval_sec":600}"#);
        assert!(component.answer(request).await.0.is_some_and(|answer| answer.status().is_success()));
    }

    println!(
        "| GET, one at a time | in this process, p50 | p99 | an instance for each, p50 | p99 |\n|---|---|---|---|---|"
    );
    for target in ["/ops/ping", "/api/crm/import/acculynx/schedule/status?tenant=t7"] {
        let native = measure(async || {
            let answer = router.clone().oneshot(request("GET", target, "t7", "").map(Body::from)).await;
            let (parts, body) = answer.unwrap_or_else(|never| match never {}).into_parts();
            Response::from_parts(parts, body.collect().await.expect("a body").to_bytes())
        });
        let native = native.await;
        let instantiated = measure(async || {
            let (answer, task) = component.answer(request("GET", target, "t7", "")).await;
            task.await.expect("no panic of the runtime");
            answer.expect("an answer")
        });
        println!("| {target} | {native} | {} |", instantiated.await);
    }
}

fn request(method: &str, target: &str, tenant: &str, body: &'static str) -> Request<Bytes> {
    let request = Request::builder().method(method).uri(format!("http://localhost{target}"));
    let request = request.header("host", "localhost").header("x-tenant", tenant);
    request
        .header("content-type", "application/json")
        .body(Bytes::from_static(body.as_bytes()))
        .expect("a request")
}

/// The median, and what one answer in a hundred exceeds.
async fn measure(answer: impl AsyncFn() -> Response<Bytes>) -> String {
    let mut took = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let answer = answer().await;
        took.push(began.elapsed());
        assert!(answer.status().is_success(), "{answer:?}");
    }
    took.sort();
    let at = |share: usize| millis(took[(ROUNDS - 1) * share / 100]);
    format!("{} | {}", at(50), at(99))
}

fn millis(span: Duration) -> String {
    format!("{:.3} ms", span.as_secs_f64() * 1000.0)
}

/// Nothing goes on after an answer: there is nothing but questions.
#[derive(Debug)]
struct Nothing;

impl Background for Nothing {
    fn time(&self) -> Duration {
        Duration::ZERO
    }

    fn go_on(&self, _work: BoxFuture<'static, ()>) {}
}
