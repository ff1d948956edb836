//! A request on its way through its handler.

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use futures::future::BoxFuture;
use http::request::Parts;

use super::Shared;
use super::front::answered;
use super::problem::Result;

/// A request, of which its handler asks who sent it and what for.
pub(super) struct Call {
    pub(super) shared: Shared,
    pub(super) parts: Parts,
    /// Empty once it was read.
    pub(super) body: Body,
}

/// What answers the calls of one operation.
pub(super) type Handler = for<'a> fn(&'a mut Call) -> BoxFuture<'a, Result<Response>>;

/// A handler as the router knows it: all are of this one type, so that the router's code is there once.
#[derive(Clone, Copy)]
pub(super) struct Answers(pub(super) Handler);

impl axum::handler::Handler<(), Shared> for Answers {
    type Future = BoxFuture<'static, Response>;

    fn call(self, request: Request, shared: Shared) -> Self::Future {
        Box::pin(answered(self.0, request, shared))
    }
}
