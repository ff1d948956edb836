//! A queue as far as the functions use it: SQS' JSON protocol for sending, and batches for the workers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::environment::lock;

/// Messages in one batch.
const BATCH: usize = 5;
/// How often a message is tried before it goes to the dead letters.
const TRIES: u32 = 3;

struct Message {
    id: String,
    body: String,
    tries: u32,
}

#[derive(Default)]
struct Contents {
    waiting: VecDeque<Message>,
    under_way: Vec<Message>,
    dead: Vec<String>,
    sent: u64,
}

/// A queue with its dead letters.
pub struct Queue {
    endpoint: String,
    url: String,
    contents: Arc<Mutex<Contents>>,
}

impl Queue {
    /// Serves an empty queue.
    pub(super) async fn serve() -> Self {
        let contents = Arc::new(Mutex::new(Contents::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().route("/", post(send)).with_state(contents.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        let url = format!("{endpoint}/000000000000/runs");
        Self { endpoint, url, contents }
    }

    /// Its address.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Its name for senders.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How many messages were ever sent to it.
    pub fn sent(&self) -> u64 {
        lock(&self.contents).sent
    }

    /// The bodies of messages that were given up.
    pub fn dead(&self) -> Vec<String> {
        lock(&self.contents).dead.clone()
    }

    /// Adds a message, as anybody who may send could.
    pub fn put(&self, body: &str) {
        lock(&self.contents).add(body.to_owned());
    }

    /// What waits, in batches; each is to be settled.
    pub(super) fn batches(&self) -> Vec<Vec<(String, String)>> {
        let mut contents = lock(&self.contents);
        let taken: Vec<_> = contents.waiting.drain(..).collect();
        let told: Vec<_> = taken.iter().map(|message| (message.id.clone(), message.body.clone())).collect();
        contents.under_way.extend(taken);
        told.chunks(BATCH).map(<[_]>::to_vec).collect()
    }

    /// Forgets a batch but those that failed: they are tried again, for a while.
    pub(super) fn settle(&self, batch: Vec<(String, String)>, failed: &[&str]) {
        let mut contents = lock(&self.contents);
        for (id, _) in batch {
            let place = contents.under_way.iter().position(|message| message.id == id).expect("under way");
            let mut message = contents.under_way.swap_remove(place);
            if !failed.contains(&id.as_str()) {
                continue;
            }
            message.tries += 1;
            match message.tries < TRIES {
                true => contents.waiting.push_back(message),
                false => contents.dead.push(message.body),
            }
        }
    }
}

impl Contents {
    fn add(&mut self, body: String) -> String {
        self.sent += 1;
        let id = format!("message-{}", self.sent);
        self.waiting.push_back(Message { id: id.clone(), body, tries: 0 });
        id
    }
}

async fn send(State(contents): State<Arc<Mutex<Contents>>>, headers: HeaderMap, body: String) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let (Some("AmazonSQS.SendMessageBatch"), Ok(asked)) = (target, serde_json::from_str::<Value>(&body))
    else {
        return (StatusCode::BAD_REQUEST, format!("unexpected: {target:?}")).into_response();
    };
    let entries = asked["Entries"].as_array().expect("entries");
    assert!((1..=10).contains(&entries.len()), "SQS takes ten at the most");
    let mut contents = lock(&contents);
    let taken: Vec<_> = entries
        .iter()
        .map(|entry| {
            let id = contents.add(entry["MessageBody"].as_str().expect("a body").to_owned());
            json!({ "Id": entry["Id"], "MessageId": id, "MD5OfMessageBody": "" })
        })
        .collect();
    axum::Json(json!({ "Successful": taken, "Failed": [] })).into_response()
}
