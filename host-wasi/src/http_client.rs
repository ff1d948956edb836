//! The `HttpClient` port over wasi:http.

use std::pin::pin;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::future::{Either, join, select};
use http::Uri;
use http::uri::Scheme;
use scheduler_core::ports::{Clock, HttpClient, HttpError, HttpRequest, HttpResponse, Method};
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, Method as RuntimeMethod, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme as RuntimeScheme,
};
use wstd::runtime::AsyncPollable;

use crate::clock::RuntimeClock;
use crate::wire::{self, Incoming};

const CONNECT: Duration = Duration::from_secs(10);
const AGENT: &str = concat!("aetherlink-command-center/", env!("CARGO_PKG_VERSION"));

/// Sends through the runtime, which decides where requests may go. Follows no redirects.
pub(crate) struct RuntimeHttp;

#[async_trait]
impl HttpClient for RuntimeHttp {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let timeout = request.timeout;
        let exchange = pin!(exchange(request));
        let late = pin!(RuntimeClock.sleep(timeout));
        match select(exchange, late).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => Err(HttpError::Timeout),
        }
    }
}

async fn exchange(request: HttpRequest) -> Result<HttpResponse, HttpError> {
    let outgoing = translate(&request)?;
    let out = outgoing.body().map_err(|()| broken("the runtime takes no body"))?;
    let answer = handle(outgoing, Some(patience(request.timeout)?)).map_err(|code| sort(&code))?;
    // An answer may come before all of the request was read. Whether it was, the answer says.
    let body = request.body.unwrap_or_default();
    let (_, answer) = join(send(out, &body), receive(answer, request.max_body)).await;
    answer
}

fn translate(request: &HttpRequest) -> Result<OutgoingRequest, HttpError> {
    let refused = |what: &str| HttpError::Address(format!("the runtime refuses the {what}"));
    let uri: Uri = request.url.parse().map_err(|error| HttpError::Address(format!("{error}")))?;
    let scheme = match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTP => RuntimeScheme::Http,
        Some(scheme) if *scheme == Scheme::HTTPS => RuntimeScheme::Https,
        _ => return Err(HttpError::Address("it begins with neither http:// nor https://".into())),
    };
    let method = match request.method {
        Method::Get => RuntimeMethod::Get,
        Method::Post => RuntimeMethod::Post,
    };
    let headers = Fields::new();
    headers.append("user-agent", AGENT.as_bytes()).map_err(|_| refused("header user-agent"))?;
    for (name, value) in &request.headers {
        headers.append(name, value.as_bytes()).map_err(|_| refused(&format!("header {name}")))?;
    }
    let outgoing = OutgoingRequest::new(headers);
    outgoing.set_method(&method).map_err(|()| refused("method"))?;
    outgoing.set_scheme(Some(&scheme)).map_err(|()| refused("scheme"))?;
    outgoing.set_authority(uri.authority().map(|host| host.as_str())).map_err(|()| refused("host"))?;
    let path = uri.path_and_query().map(|path| path.as_str());
    outgoing.set_path_with_query(path).map_err(|()| refused("path"))?;
    Ok(outgoing)
}

fn patience(timeout: Duration) -> Result<RequestOptions, HttpError> {
    let nanos = |span: Duration| u64::try_from(span.as_nanos()).ok();
    let options = RequestOptions::new();
    let taken = [
        options.set_connect_timeout(nanos(CONNECT.min(timeout))),
        options.set_first_byte_timeout(nanos(timeout)),
        options.set_between_bytes_timeout(nanos(timeout)),
    ];
    match taken.iter().all(Result::is_ok) {
        true => Ok(options),
        false => Err(broken("the runtime knows no time-outs")),
    }
}

async fn send(out: OutgoingBody, body: &[u8]) {
    let Ok(stream) = out.write() else { return };
    if wire::write(&stream, body).await.is_ok() {
        drop(stream);
        let _late = OutgoingBody::finish(out, None);
    }
}

async fn receive(answer: FutureIncomingResponse, max_body: usize) -> Result<HttpResponse, HttpError> {
    AsyncPollable::new(answer.subscribe()).wait_for().await;
    let Some(Ok(answer)) = answer.get() else { return Err(broken("there is no answer")) };
    let answer = answer.map_err(|code| sort(&code))?;
    let headers = wire::headers(&answer.headers());
    let text = |value: &http::HeaderValue| value.to_str().ok().map(str::to_owned);
    let headers =
        headers.iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?))).collect();
    let status = answer.status();
    let body =
        answer.consume().ok().and_then(Incoming::of).ok_or_else(|| broken("the answer has no body"))?;
    Ok(HttpResponse { status, headers, body: read(body, max_body).await? })
}

async fn read(mut body: Incoming, max_body: usize) -> Result<Bytes, HttpError> {
    let mut whole = BytesMut::new();
    while let Some((piece, rest)) = body.next().await.map_err(|code| sort(&code))? {
        if whole.len() + piece.len() > max_body {
            return Err(HttpError::TooLong(max_body));
        }
        whole.extend_from_slice(&piece);
        body = rest;
    }
    Ok(whole.freeze())
}

fn broken(why: &str) -> HttpError {
    HttpError::Broken(why.to_owned())
}

fn sort(code: &ErrorCode) -> HttpError {
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
