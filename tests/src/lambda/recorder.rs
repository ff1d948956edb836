//! Stands between a function and DynamoDB, and notes what the function's role must be allowed to do.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::net::TcpListener;

use super::environment::lock;
use crate::binary::try_send;

/// An action on the table, or on one of its indexes: `dynamodb:Query index/due`.
pub type Actions = BTreeSet<String>;

/// A door to DynamoDB that remembers what went through.
pub struct Recorder {
    endpoint: String,
    seen: Arc<Mutex<Actions>>,
}

impl Recorder {
    /// A door to `upstream`, such as `http://127.0.0.1:40123`.
    pub(super) async fn serve(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let address: Arc<str> = upstream.trim_start_matches("http://").into();
        let seen = Arc::new(Mutex::new(Actions::new()));
        let router = Router::new().fallback(pass).with_state((address, seen.clone()));
        tokio::spawn(axum::serve(listener, router).into_future());
        Self { endpoint, seen }
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What was done through it.
    pub fn actions(&self) -> Actions {
        lock(&self.seen).clone()
    }
}

async fn pass(State((address, seen)): State<(Arc<str>, Arc<Mutex<Actions>>)>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.split_once('.')).expect("an operation").1;
    lock(&seen).extend(actions(operation, &serde_json::from_slice(&body).expect("JSON")));
    let answer = try_send(&address, http::Request::from_parts(parts, body)).await;
    answer.expect("DynamoDB answers").map(Body::from)
}

/// What IAM wants for an operation. A transaction wants what each of its parts wants.
fn actions(operation: &str, asked: &Value) -> Vec<String> {
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
