//! A request on its way through its handler.

use axum::body::Body;
use axum::extract::Request;
use axum::handler::Handler;
use axum::response::{IntoResponse, Response};
use futures::future::BoxFuture;
use http::request::Parts;

use super::Shared;
use super::problem::Error;

/// A request, of which its handler asks who sent it and what for.
pub(super) struct Call {
    pub(super) shared: Shared,
    pub(super) parts: Parts,
    /// Empty once it was read.
    pub(super) body: Body,
}

/// What answers the calls of one operation. All are of this one type, so that the router's code is there once.
#[derive(Clone, Copy)]
pub(super) struct Answers(pub(super) for<'a> fn(&'a mut Call) -> BoxFuture<'a, Result<Response, Error>>);

impl Handler<(), Shared> for Answers {
    type Future = BoxFuture<'static, Response>;

    fn call(self, request: Request, shared: Shared) -> Self::Future {
        let (parts, body) = request.into_parts();
        let mut call = Call { shared, parts, body };
        Box::pin(async move { (self.0)(&mut call).await.into_response() })
    }
}
