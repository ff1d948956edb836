//! Stands between a function and AWS's services, and notes what the function's role must be allowed to do.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use super::environment::lock;
use crate::binary::try_send;

/// An action on the table, one of its indexes (`dynamodb:Query index/due`), the queue, or the key.
pub type Actions = BTreeSet<String>;

/// Doors to AWS's services that remember what went through.
#[derive(Clone, Default)]
pub struct Recorder {
    seen: Arc<Mutex<Actions>>,
    /// Writes that are held at the doors until the last of them has come.
    held: Arc<(AtomicUsize, Notify)>,
}

impl Recorder {
    /// The address of a door to `upstream`, such as `http://127.0.0.1:40123`.
    pub(super) async fn door(&self, upstream: &str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let address: Arc<str> = upstream.trim_start_matches("http://").into();
        let router = Router::new().fallback(pass).with_state((address, self.clone()));
        tokio::spawn(axum::serve(listener, router).into_future());
        endpoint
    }

    /// What was done through its doors.
    pub fn actions(&self) -> Actions {
        lock(&self.seen).clone()
    }

    /// Lets the next two transactions through at the same time, not before both are there.
    pub fn pair(&self) {
        self.held.0.store(2, Ordering::Release);
    }

    async fn hold(&self) {
        let (missing, all_there) = &*self.held;
        let all = all_there.notified();
        match missing.fetch_update(Ordering::AcqRel, Ordering::Acquire, |missing| missing.checked_sub(1)) {
            Ok(2..) => all.await,
            Ok(1) => all_there.notify_waiters(),
            _ => {}
        }
    }
}

async fn pass(State((address, recorder)): State<(Arc<str>, Recorder)>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let (service, operation) = target.and_then(|target| target.split_once('.')).expect("an operation");
    lock(&recorder.seen).extend(actions(service, operation, &serde_json::from_slice(&body).expect("JSON")));
    if operation == "TransactWriteItems" {
        recorder.hold().await;
    }
    let answer = try_send(&address, http::Request::from_parts(parts, body)).await;
    answer.expect("the service answers").map(Body::from)
}

/// What IAM wants for an operation. A transaction wants what each of its parts wants.
fn actions(service: &str, operation: &str, asked: &Value) -> Vec<String> {
    match service {
        "TrentService" => return vec![format!("kms:{operation}")],
        // It wants the same for one message and for many.
        "AmazonSQS" => return vec![format!("sqs:{}", operation.trim_end_matches("Batch"))],
        _ => {}
    }
    let index = asked["IndexName"].as_str().map(|name| format!(" index/{name}")).unwrap_or_default();
    if operation != "TransactWriteItems" {
        return vec![format!("dynamodb:{operation}{index}")];
    }
    let parts = asked["TransactItems"].as_array().expect("parts");
    let names = parts.iter().flat_map(|part| part.as_object().expect("a part").keys());
    names
        .map(|name| match name.as_str() {
            "ConditionCheck" => "dynamodb:ConditionCheckItem".to_owned(),
            name => format!("dynamodb:{name}Item"),
        })
        .collect()
}
