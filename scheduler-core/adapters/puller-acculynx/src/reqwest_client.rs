//! The `HttpClient` port on reqwest, for hosts with sockets.

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use reqwest::header::{HeaderName, HeaderValue};
use scheduler_core::ports::{HttpClient, HttpError, HttpRequest, HttpResponse, Method};

use crate::public_only::PublicOnly;

/// Sends over pooled HTTP/1.1 connections, follows no redirects and takes no proxy or compression.
#[derive(Clone, Debug)]
pub struct ReqwestClient(reqwest::Client);

impl ReqwestClient {
    /// Prepares a client that reaches public addresses only: a name that leads into a private network is
    /// refused. An address that is written as a number is the operator's own choice and is used.
    ///
    /// # Errors
    ///
    /// When TLS can not be set up; the text says what the machine lacks.
    pub fn new() -> Result<Self, String> {
        Self::build(Self::builder().dns_resolver(PublicOnly))
    }

    /// Prepares a client that may reach names in private networks too, for a stand-in of AccuLynx.
    ///
    /// # Errors
    ///
    /// As for [`Self::new`].
    pub fn within_private_networks() -> Result<Self, String> {
        Self::build(Self::builder())
    }

    fn build(builder: reqwest::ClientBuilder) -> Result<Self, String> {
        builder.build().map(Self).map_err(|error| reason(&error))
    }

    fn builder() -> reqwest::ClientBuilder {
        // A host that has chosen a provider keeps it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        reqwest::Client::builder()
            .user_agent(concat!("aetherlink-command-center/", env!("CARGO_PKG_VERSION")))
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .pool_idle_timeout(Duration::from_secs(60))
            .pool_max_idle_per_host(8)
    }
}

#[async_trait]
impl HttpClient for ReqwestClient {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let max_body = request.max_body;
        let answer = self.0.execute(translate(request)?).await.map_err(sort)?;
        let status = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .collect();
        Ok(HttpResponse { status, headers, body: read(answer, max_body).await? })
    }
}

fn translate(request: HttpRequest) -> Result<reqwest::Request, HttpError> {
    let url = reqwest::Url::parse(&request.url).map_err(|error| HttpError::Address(error.to_string()))?;
    let method = match request.method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
    };
    let mut out = reqwest::Request::new(method, url);
    for (name, value) in request.headers {
        let wrong = || HttpError::Address(format!("the header {name} can not be sent"));
        let mut value = HeaderValue::from_str(&value).map_err(|_| wrong())?;
        value.set_sensitive(name == "authorization");
        out.headers_mut().insert(HeaderName::from_static(name), value);
    }
    *out.body_mut() = request.body.map(Into::into);
    *out.timeout_mut() = Some(request.timeout);
    Ok(out)
}

async fn read(mut answer: reqwest::Response, max_body: usize) -> Result<Bytes, HttpError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(sort)? {
        if body.len() + chunk.len() > max_body {
            return Err(HttpError::TooLong(max_body));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn sort(error: reqwest::Error) -> HttpError {
    if error.is_timeout() {
        HttpError::Timeout
    } else if error.is_connect() {
        HttpError::Connect(reason(&error))
    } else if error.is_builder() {
        HttpError::Address(reason(&error))
    } else {
        HttpError::Broken(reason(&error))
    }
}

/// The innermost cause. The outer ones repeat the address, with whatever its query holds.
fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    if cause.is::<reqwest::Error>() { "the request failed".to_owned() } else { cause.to_string() }
}
