//! The `HttpClient` port over wasi:http.

use std::pin::pin;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use scheduler_core::ports::{Clock, HttpClient, HttpError, HttpRequest, HttpResponse, Method};
use wasip2::http::types::ErrorCode;
use wstd::http::{Body, Client, Error, Request, Response};

use crate::clock::RuntimeClock;

const CONNECT: Duration = Duration::from_secs(10);

/// Sends through the runtime, which decides where requests may go. Follows no redirects.
pub(crate) struct RuntimeHttp;

#[async_trait]
impl HttpClient for RuntimeHttp {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let timeout = request.timeout;
        let exchange = pin!(exchange(request));
        let late = pin!(RuntimeClock.sleep(timeout));
        match futures::future::select(exchange, late).await {
            futures::future::Either::Left((answer, _)) => answer,
            futures::future::Either::Right(_) => Err(HttpError::Timeout),
        }
    }
}

async fn exchange(request: HttpRequest) -> Result<HttpResponse, HttpError> {
    let max_body = request.max_body;
    let mut client = Client::new();
    client.set_connect_timeout(CONNECT.min(request.timeout));
    client.set_first_byte_timeout(request.timeout);
    client.set_between_bytes_timeout(request.timeout);
    let answer = client.send(translate(request)?).await.map_err(|error| sort(&error))?;
    let status = answer.status().as_u16();
    let text = |value: &http::HeaderValue| value.to_str().ok().map(str::to_owned);
    let headers = answer.headers().iter();
    let headers =
        headers.filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?))).collect();
    Ok(HttpResponse { status, headers, body: read(answer, max_body).await? })
}

fn translate(request: HttpRequest) -> Result<Request<Body>, HttpError> {
    let mut out = match request.method {
        Method::Get => Request::get(&request.url),
        Method::Post => Request::post(&request.url),
    };
    out = out.header("user-agent", concat!("aetherlink-command-center/", env!("CARGO_PKG_VERSION")));
    for (name, value) in request.headers {
        out = out.header(name, value);
    }
    let body = request.body.map_or_else(Body::empty, Body::from);
    out.body(body).map_err(|error| HttpError::Address(error.to_string()))
}

async fn read(answer: Response<Body>, max_body: usize) -> Result<Bytes, HttpError> {
    let (mut whole, mut body) = (BytesMut::new(), answer.into_body().into_boxed_body());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| sort(&error))?;
        if let Some(data) = frame.data_ref() {
            if whole.len() + data.len() > max_body {
                return Err(HttpError::TooLong(max_body));
            }
            whole.extend_from_slice(data);
        }
    }
    Ok(whole.freeze())
}

fn sort(error: &Error) -> HttpError {
    let Some(code) = error.downcast_ref::<ErrorCode>() else {
        return HttpError::Broken("the exchange broke off".into());
    };
    match code {
        ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => HttpError::Timeout,
        ErrorCode::DnsTimeout
        | ErrorCode::DnsError(_)
        | ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpProhibited
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused
        | ErrorCode::TlsProtocolError
        | ErrorCode::TlsCertificateError
        | ErrorCode::TlsAlertReceived(_)
        | ErrorCode::HttpRequestDenied => HttpError::Connect(format!("{code:?}")),
        ErrorCode::HttpRequestUriInvalid => HttpError::Address("the runtime refuses it".into()),
        code => HttpError::Broken(format!("{code:?}")),
    }
}
