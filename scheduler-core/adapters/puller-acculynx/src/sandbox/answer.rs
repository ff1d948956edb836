//! Answers before they are HTTP.

use std::time::Duration;

use scheduler_core::domain::Json;
use serde_json::{Value, json};

/// What the server answers, and how well it arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The body comes this late.
    pub delay: Duration,
    /// The connection breaks before the body's end.
    pub reset: bool,
}

impl Answer {
    /// An answer of that status with a body of that type.
    pub fn new(status: u16, media: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type", media.to_owned())];
        Self { status, headers, body: body.into(), delay: Duration::ZERO, reset: false }
    }

    /// The same, later.
    pub fn later(mut self, delay: Duration) -> Self {
        self.delay += delay;
        self
    }
}

pub(super) fn found(value: &Value) -> Answer {
    // In one order in every build, so that what is recorded of it is the same.
    Answer::new(200, "application/json", Json::from(value.clone()).as_str())
}

pub(super) fn nothing() -> Answer {
    Answer { headers: Vec::new(), ..Answer::new(204, "", Vec::new()) }
}

pub(super) fn missing() -> Answer {
    problem(404, "Not Found", "The resource does not exist")
}

pub(super) fn problem(status: u16, title: &str, detail: &str) -> Answer {
    let body = json!({
        "type": "https://tools.ietf.org/html/rfc7231", "title": title, "status": status, "detail": detail,
        "traceId": "|5a4d0000-0001.",
    });
    found(&body).status(status)
}

impl Answer {
    fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}

/// The values of a query, decoded as far as AccuLynx's clients encode them.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        let pair = |part: &str| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (name.to_owned(), value.replace("%2C", ",").replace("%2c", ",").replace('+', " "))
        };
        Self(text.split('&').filter(|part| !part.is_empty()).map(pair).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn number(&self, name: &str, default: usize) -> usize {
        self.get(name).and_then(|text| text.parse().ok()).unwrap_or(default)
    }

    pub(super) fn has(&self, name: &str, item: &str) -> bool {
        self.get(name).is_some_and(|list| list.split(',').any(|known| known == item))
    }
}
