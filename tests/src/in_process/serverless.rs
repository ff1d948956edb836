//! The handler of the serverless host in this process, with someone who ticks it whenever something is due.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use host_lambda::background::Background;
use host_lambda::parts::Parts;
use host_lambda::{Function, Settings};
use http::{Request, Response};
use lambda_runtime::{Context, LambdaEvent};
use scheduler_core::engine::Engine;
use serde_json::value::RawValue;
use tokio::sync::Notify;

use crate::lambda::events;

/// How long the ticker sleeps when nothing is due.
const REST: Duration = Duration::from_secs(15);

pub(super) struct Serverless {
    function: Function,
    engine: Arc<Engine>,
    asked: Notify,
}

impl Serverless {
    pub(super) fn new(parts: Parts, background: Arc<Background>) -> Self {
        let value = |name: &str| match name {
            "COMMAND_CENTER_TABLE" => Some("none".to_owned()),
            "COMMAND_CENTER_MASTER_KEY" => Some("07".repeat(32)),
            _ => None,
        };
        let settings = Settings::read(value).expect("settings");
        let engine = parts.engine.clone();
        Self { function: Function::on(settings, parts, background), engine, asked: Notify::new() }
    }

    pub(super) async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let answer = self.handle(events::request(&request, "localhost")).await;
        self.asked.notify_one();
        events::response(&serde_json::from_str(answer.get()).expect("JSON"))
    }

    async fn handle(&self, payload: String) -> Box<RawValue> {
        let payload = RawValue::from_string(payload).expect("JSON");
        self.function.handle(LambdaEvent::new(payload, Context::default())).await.expect("an answer")
    }

    /// What EventBridge would do if it knew when something is due.
    pub(super) async fn tick_when_due(self: Arc<Self>) {
        loop {
            let function = self.clone();
            tokio::spawn(async move { function.handle(events::TICK.into()).await });
            let now = self.engine.clock().now();
            let due = self.engine.store().next_due(Some(now)).await.expect("the store answers");
            let rest = due.map_or(REST, |due| due.duration_since(now).min(REST));
            tokio::select! {
                () = self.engine.clock().sleep(rest) => {}
                () = self.asked.notified() => {}
            }
        }
    }
}
