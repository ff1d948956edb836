//! Calls the sandbox in process, without sockets.

use std::time::Duration;

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use futures::future::{Either, select};
use scheduler_core::ports::{HttpClient, HttpError, HttpRequest, HttpResponse, Method};
use tower::ServiceExt;

use super::Sandbox;

/// An `HttpClient` whose every address leads to the sandbox.
#[derive(Clone)]
pub struct SandboxClient(Sandbox);

impl SandboxClient {
    /// Leads to `sandbox`.
    pub fn new(sandbox: Sandbox) -> Self {
        Self(sandbox)
    }
}

#[async_trait]
impl HttpClient for SandboxClient {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let timeout: Duration = request.timeout;
        let exchange = std::pin::pin!(self.exchange(request));
        match select(exchange, self.0.clock.sleep(timeout)).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => Err(HttpError::Timeout),
        }
    }
}

impl SandboxClient {
    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let after_scheme = request.url.split_once("://").map_or(request.url.as_str(), |(_, rest)| rest);
        let target = after_scheme.find('/').map_or("/", |slash| &after_scheme[slash..]);
        let method = match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
        };
        let mut builder = Request::builder().method(method).uri(target);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        let body = request.body.map_or_else(Body::empty, Body::from);
        let request_out = builder.body(body).map_err(|error| HttpError::Address(error.to_string()))?;
        let answer = self.0.router().oneshot(request_out).await.unwrap_or_else(|never| match never {});
        let (parts, body) = answer.into_parts();
        let header = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
            (name.as_str().to_owned(), value.to_str().unwrap_or("").to_owned())
        };
        let headers = parts.headers.iter().map(header).collect();
        let body =
            to_bytes(body, usize::MAX).await.map_err(|_| HttpError::Broken("connection reset".into()))?;
        if body.len() > request.max_body {
            return Err(HttpError::TooLong(request.max_body));
        }
        Ok(HttpResponse { status: parts.status.as_u16(), headers, body })
    }
}
