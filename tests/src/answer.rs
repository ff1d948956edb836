//! Answers, and what the contract says of every one of them.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Response};
use scheduler_core::domain::Timestamp;
use serde_json::Value;

use crate::upstream::CANARY;

/// An answer that was read whole.
#[derive(Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    asked: String,
    head: bool,
}

impl Answer {
    pub(crate) fn new(asked: String, head: bool, response: Response<Bytes>) -> Self {
        let (parts, body) = response.into_parts();
        Self { status: parts.status.as_u16(), headers: parts.headers, body, asked, head }
    }

    /// A header's text; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_else(|_| panic!("not UTF-8: {self}"))
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("not JSON, {error}: {self}"))
    }

    /// The body of a refusal, in the one shape that refusals have.
    pub fn problem(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self}");
        let json = self.json();
        for name in ["type", "title", "code", "detail", "error", "request_id"] {
            assert!(json[name].as_str().is_some_and(|text| !text.is_empty()), "{name} in {self}");
        }
        assert_eq!(json["ok"], false, "{self}");
        assert_eq!(json["status"], self.status, "{self}");
        assert_eq!(json["error"], json["detail"], "{self}");
        let replayed = self.header("idempotency-replayed") == "true";
        assert!(replayed || json["request_id"] == self.header("x-request-id"), "{self}");
        let code = json["code"].as_str().unwrap_or_default();
        assert!(code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{self}");
        json
    }

    /// What holds for every answer. `fails` is a 5xx that is due.
    pub fn examine(&self, fails: Option<u16>) {
        assert!(self.status < 500 || Some(self.status) == fails, "no request makes a host fail: {self}");
        let id = self.header("x-request-id");
        assert!((1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()), "{self}");
        assert_eq!(self.header("x-content-type-options"), "nosniff", "{self}");
        assert_eq!(self.header("referrer-policy"), "no-referrer", "{self}");
        assert_eq!(self.header("cross-origin-resource-policy"), "same-origin", "{self}");
        assert!(!self.header("cache-control").is_empty(), "{self}");
        assert!(!self.holds(CANARY), "a secret is shown: {self}");
        if self.status == 304 || self.head {
            assert!(self.body.is_empty(), "{self}");
        } else if self.status >= 400 && Some(self.status) != fails {
            self.problem();
        } else if self.header("content-type") == "application/json" {
            let json = self.json();
            assert!(json["ok"].is_boolean() || json["openapi"].is_string(), "{self}");
            instants(&json, self);
        }
    }

    /// Whether a text is anywhere in it.
    pub fn holds(&self, text: &str) -> bool {
        let found = |bytes: &[u8]| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        found(&self.body) || self.headers.values().any(|value| found(value.as_bytes()))
    }
}

/// Every instant appears twice, and both say the same.
fn instants(value: &Value, answer: &Answer) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| instants(value, answer)),
        Value::Object(map) => {
            for (name, value) in map {
                if let Some(bare) = name.strip_suffix("_iso") {
                    let epoch = map.get(bare).unwrap_or_else(|| panic!("{bare} beside {name} in {answer}"));
                    same(epoch, value, answer);
                }
                if !["data", "metadata", "before", "after", "paths", "components"].contains(&name.as_str()) {
                    instants(value, answer);
                }
            }
        }
        _ => {}
    }
}

fn same(epoch: &Value, iso: &Value, answer: &Answer) {
    let Some(text) = iso.as_str() else {
        assert!(iso.is_null() && epoch.is_null(), "{iso} beside {epoch} in {answer}");
        return;
    };
    assert!(text.ends_with('Z'), "{text} in {answer}");
    let read = Timestamp::parse(text).unwrap_or_else(|| panic!("{text} in {answer}"));
    let seconds = epoch.as_f64().unwrap_or_else(|| panic!("{epoch} beside {text} in {answer}"));
    assert!((read.epoch_secs() - seconds).abs() < 0.0005, "{epoch} beside {text} in {answer}");
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body: String = String::from_utf8_lossy(&self.body).chars().take(2000).collect();
        write!(f, "{} -> {} {:?}\n{body}", self.asked, self.status, self.headers)
    }
}
