//! HTTP as the runtime hands it in and takes it out: requests, answers, and their bodies piece by piece.

use axum::body::Body;
use bytes::Bytes;
use futures::stream::{self, Stream};
use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri};
use http_body_util::BodyExt;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingRequest, Method as RuntimeMethod, OutgoingBody,
    OutgoingResponse, ResponseOutparam, http_error_code,
};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};
use wstd::runtime::AsyncPollable;

/// So much of a body is read at once, in bytes.
const PIECE: u64 = 64 * 1024;

/// The request that came in. Its body is read when it is wanted.
pub(crate) fn request(incoming: IncomingRequest) -> Result<Request<Body>, ErrorCode> {
    let path = incoming.path_with_query().unwrap_or_else(|| "/".to_owned());
    let uri = Uri::try_from(path).map_err(|_| ErrorCode::HttpRequestUriInvalid)?;
    let method = method(&incoming.method()).ok_or(ErrorCode::HttpRequestMethodInvalid)?;
    let mut headers = headers(&incoming.headers());
    // A runtime gives the host apart from the headers.
    if let Some(host) = incoming.authority().and_then(|host| HeaderValue::try_from(host).ok()) {
        headers.insert(HOST, host);
    }
    let body = incoming.consume().ok().and_then(Incoming::of).ok_or(ErrorCode::InternalError(None))?;
    let mut request = Request::new(Body::from_stream(body.pieces()));
    (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (method, uri, headers);
    Ok(request)
}

/// Answers, and returns when the body has been taken. A caller that has gone needs none.
pub(crate) async fn answer(to: ResponseOutparam, answer: Response<Body>) {
    let fields = Fields::new();
    for (name, value) in answer.headers() {
        // What only a runtime may say, such as how the body is framed, it says itself.
        let _said = fields.append(name.as_str(), value.as_bytes());
    }
    let outgoing = OutgoingResponse::new(fields);
    let taken = outgoing.set_status_code(answer.status().as_u16());
    let (Ok(()), Ok(out)) = (taken, outgoing.body()) else {
        return ResponseOutparam::set(to, Err(ErrorCode::InternalError(None)));
    };
    ResponseOutparam::set(to, Ok(outgoing));
    let Ok(stream) = out.write() else { return };
    let mut body = answer.into_body();
    while let Some(frame) = body.frame().await {
        // What broke off is not finished: the caller can tell.
        let Ok(frame) = frame else { return };
        let Some(piece) = frame.data_ref() else { continue };
        if write(&stream, piece).await.is_err() {
            return;
        }
    }
    drop(stream);
    let _gone = OutgoingBody::finish(out, None);
}

/// Writes all of `bytes`, as the reader takes them.
pub(crate) async fn write(stream: &OutputStream, mut bytes: &[u8]) -> Result<(), StreamError> {
    while !bytes.is_empty() {
        let room = usize::try_from(stream.check_write()?).unwrap_or(usize::MAX);
        if room == 0 {
            AsyncPollable::new(stream.subscribe()).wait_for().await;
            continue;
        }
        let (piece, rest) = bytes.split_at(room.min(bytes.len()));
        stream.write(piece)?;
        bytes = rest;
    }
    Ok(())
}

/// What came as headers; names and values that HTTP does not know are left out.
pub(crate) fn headers(fields: &Fields) -> HeaderMap {
    let read = |(name, value): (String, Vec<u8>)| {
        Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::try_from(value).ok()?))
    };
    let mut headers = HeaderMap::new();
    for (name, value) in fields.entries().into_iter().filter_map(read) {
        headers.append(name, value);
    }
    headers
}

fn method(method: &RuntimeMethod) -> Option<Method> {
    Some(match method {
        RuntimeMethod::Get => Method::GET,
        RuntimeMethod::Head => Method::HEAD,
        RuntimeMethod::Post => Method::POST,
        RuntimeMethod::Put => Method::PUT,
        RuntimeMethod::Delete => Method::DELETE,
        RuntimeMethod::Connect => Method::CONNECT,
        RuntimeMethod::Options => Method::OPTIONS,
        RuntimeMethod::Trace => Method::TRACE,
        RuntimeMethod::Patch => Method::PATCH,
        RuntimeMethod::Other(name) => Method::from_bytes(name.as_bytes()).ok()?,
    })
}

/// A body that comes in.
pub(crate) struct Incoming {
    // Before the body, for it is dropped first.
    stream: InputStream,
    body: IncomingBody,
}

impl Incoming {
    /// A body that nobody has begun to read.
    pub(crate) fn of(body: IncomingBody) -> Option<Self> {
        Some(Self { stream: body.stream().ok()?, body })
    }

    /// The next piece, and the rest; nothing at the end. A body that broke off has no end but an error.
    pub(crate) async fn next(self) -> Result<Option<(Bytes, Self)>, ErrorCode> {
        loop {
            AsyncPollable::new(self.stream.subscribe()).wait_for().await;
            match self.stream.read(PIECE) {
                Ok(piece) if piece.is_empty() => {}
                Ok(piece) => return Ok(Some((piece.into(), self))),
                Err(StreamError::Closed) => break,
                Err(StreamError::LastOperationFailed(error)) => {
                    let unknown = || ErrorCode::InternalError(Some(error.to_debug_string()));
                    return Err(http_error_code(&error).unwrap_or_else(unknown));
                }
            }
        }
        drop(self.stream);
        let end = IncomingBody::finish(self.body);
        AsyncPollable::new(end.subscribe()).wait_for().await;
        match end.get() {
            Some(Ok(Err(code))) => Err(code),
            _ => Ok(None),
        }
    }

    fn pieces(self) -> impl Stream<Item = Result<Bytes, ErrorCode>> {
        stream::try_unfold(self, Self::next)
    }
}
