//! Reads server-sent events.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use serde_json::Value;

use crate::host::{Host, ROUNDS};

/// One event.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// Its id, where it has one.
    pub id: Option<String>,
    /// What it tells.
    pub data: Value,
}

/// The events of a stream.
pub struct Events {
    stream: BoxStream<'static, Bytes>,
    text: String,
    /// Comments so far.
    pub comments: usize,
    /// Whether the stream has ended.
    pub ended: bool,
}

impl Events {
    /// Reads from a body.
    pub fn new(stream: BoxStream<'static, Bytes>) -> Self {
        Self { stream, text: String::new(), comments: 0, ended: false }
    }

    /// The next event; time passes until it comes.
    pub async fn next(&mut self, host: &dyn Host) -> Event {
        crate::until!(host, "an event", self.ready().await)
    }

    /// The next event of that name; others are passed over.
    pub async fn named(&mut self, host: &dyn Host, name: &str) -> Event {
        for _ in 0..ROUNDS {
            let event = self.next(host).await;
            if event.name == name {
                return event;
            }
        }
        panic!("no {name}");
    }

    /// The next event, if it is there.
    pub async fn ready(&mut self) -> Option<Event> {
        loop {
            if let Some((frame, rest)) = self.text.split_once("\n\n") {
                let (frame, rest) = (frame.to_owned(), rest.to_owned());
                self.text = rest;
                match parse(&frame) {
                    Some(event) => return Some(event),
                    None => self.comments += usize::from(frame.starts_with(':')),
                }
                continue;
            }
            let chunk = tokio::time::timeout(Duration::from_millis(5), self.stream.next()).await;
            match chunk {
                Ok(Some(bytes)) => self.text += std::str::from_utf8(&bytes).expect("UTF-8"),
                Ok(None) => {
                    self.ended = true;
                    return None;
                }
                Err(_) => return None,
            }
        }
    }
}

/// Reads a frame; none where it is a comment.
fn parse(frame: &str) -> Option<Event> {
    let field = |name: &str| {
        let mut lines = frame.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(field, _)| *field == name).map(|(_, value)| value.to_owned())
    };
    let known = |line: &str| {
        [":", "event: ", "id: ", "data: ", "retry: "].iter().any(|start| line.starts_with(start))
    };
    assert!(frame.lines().all(known), "not a frame: {frame:?}");
    let data = field("data")?;
    let data = serde_json::from_str(&data).unwrap_or_else(|error| panic!("{error} in {frame:?}"));
    Some(Event { name: field("event").expect("a name"), id: field("id"), data })
}
