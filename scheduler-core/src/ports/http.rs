//! One method that carries a request to an upstream.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

/// The methods that are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Searches, and tells.
    Post,
}

/// A request to an upstream or a webhook. Its headers may hold a secret, so it has no `Debug`.
#[derive(Clone)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The whole address.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body, of a post.
    pub body: Option<Bytes>,
    /// The whole exchange may take this long.
    pub timeout: Duration,
    /// A longer body is an error.
    pub max_body: usize,
}

/// What the upstream answered, whatever its status.
#[derive(Debug, Clone)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, whole.
    pub body: Bytes,
}

impl HttpResponse {
    /// The first header of that (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Why there is no answer. Messages name neither headers nor bodies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// No connection could be made.
    #[error("could not connect: {0}")]
    Connect(String),
    /// The answer took too long.
    #[error("no answer in time")]
    Timeout,
    /// The connection broke, or the answer is no HTTP.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The body is longer than the request allows.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
    /// The address can not be used.
    #[error("the address can not be used: {0}")]
    Address(String),
}

/// Sends a request and reads the answer whole. Follows no redirects.
#[async_trait]
pub trait HttpClient: Send + Sync + 'static {
    /// Sends `request`.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError>;
}
