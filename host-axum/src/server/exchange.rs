//! One request and its response.

use std::cell::RefCell;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::ConnectInfo;
use axum::response::Response;
use axum::routing::future::RouteFuture;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderValue, Request};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tokio::sync::watch;
use tokio::time::{Sleep, sleep};
use tower::Service;

use super::refusal::Refusal;
use super::socket::Heard;
use super::{Host, Phase};

/// Hands one connection's requests to the router.
pub(super) struct Exchange {
    host: Arc<Host>,
    /// This connection's own: calling it in place spares a count that all connections would write to.
    router: RefCell<Router>,
    phase: Arc<watch::Receiver<Phase>>,
    peer: SocketAddr,
    heard: Arc<Heard>,
}

impl Exchange {
    pub(super) fn new(host: Arc<Host>, peer: SocketAddr, heard: Arc<Heard>) -> Self {
        let (router, phase) = (RefCell::new(host.router.clone()), Arc::new(host.phase.clone()));
        Self { host, router, phase, peer, heard }
    }

    /// What speaks against the request, seen from its head.
    fn refusal(&self, request: &Request<Incoming>, chunked: bool) -> Option<Refusal> {
        let ambiguous = chunked && self.heard.a_length();
        self.heard.clear();
        if ambiguous {
            return Some(Refusal::Length);
        }
        Refusal::of(request.version(), request.uri(), request.headers())
    }
}

impl hyper::service::Service<Request<Incoming>> for Exchange {
    type Response = Response;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, mut request: Request<Incoming>) -> Answer {
        let chunked = request.headers().contains_key(TRANSFER_ENCODING);
        if let Some(refusal) = self.refusal(&request, chunked) {
            return Answer::Refused { refusal };
        }
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let mut late = None;
        let request = request.map(|body| {
            if body.is_end_stream() {
                return Body::empty();
            }
            let flag = late.insert(Arc::new(AtomicBool::new(false)));
            Body::new(Timed { body, left: self.host.options.body_timeout, sleep: None, late: flag.clone() })
        });
        let future = self.router.borrow_mut().call(request);
        Answer::Routed { future, phase: self.phase.clone(), late, chunked }
    }
}

pin_project! {
    /// The response to come.
    #[project = Stage]
    pub(super) enum Answer {
        /// Refused at the door.
        Refused { refusal: Refusal },
        /// In the hands of a handler.
        Routed {
            #[pin] future: RouteFuture<Infallible>,
            phase: Arc<watch::Receiver<Phase>>,
            late: Option<Arc<AtomicBool>>,
            chunked: bool,
        },
    }
}

impl Future for Answer {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let (future, phase, late, chunked) = match self.project() {
            Stage::Refused { refusal } => return Poll::Ready(Ok(refusal.response())),
            Stage::Routed { future, phase, late, chunked } => (future, phase, late, *chunked),
        };
        let Ok(mut response) = ready!(future.poll(context));
        if late.as_ref().is_some_and(|late| late.load(Ordering::Relaxed)) {
            return Poll::Ready(Ok(Refusal::SlowBody.response()));
        }
        if chunked {
            // Nothing after a chunked body is taken for a request: there is nothing to smuggle one in with.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Poll::Ready(Ok(if is_event_stream(&response) {
            ending(response, (**phase).clone())
        } else {
            response
        }))
    }
}

pin_project! {
    /// A request body that fails unless it arrives in time.
    struct Timed {
        #[pin] body: Incoming,
        left: Duration,
        #[pin] sleep: Option<Sleep>,
        late: Arc<AtomicBool>,
    }
}

impl HttpBody for Timed {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let mut this = self.project();
        if let Poll::Ready(frame) = this.body.poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        if this.sleep.is_none() {
            this.sleep.set(Some(sleep(*this.left)));
        }
        if let Some(sleep) = this.sleep.as_pin_mut() {
            ready!(sleep.poll(context));
        }
        this.late.store(true, Ordering::Relaxed);
        Poll::Ready(Some(Err("the request body did not arrive in time".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn is_event_stream(response: &Response) -> bool {
    response.body().size_hint().exact().is_none()
        && response
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

/// Lets an event stream end when the server stops, and tells its client to come back soon.
fn ending(response: Response, mut phase: watch::Receiver<Phase>) -> Response {
    let stop = Box::pin(async move {
        let _ = phase.wait_for(|phase| *phase != Phase::Serving).await;
    });
    response.map(|body| Body::new(Ending { body, stop, ended: false }))
}

/// An event stream's body.
struct Ending {
    body: Body,
    stop: Pin<Box<dyn Future<Output = ()> + Send>>,
    ended: bool,
}

impl HttpBody for Ending {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if self.stop.as_mut().poll(context).is_ready() {
            self.ended = true;
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"retry: 1000\n\n")))));
        }
        Pin::new(&mut self.body).poll_frame(context)
    }
}
