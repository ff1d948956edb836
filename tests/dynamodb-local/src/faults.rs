//! Requests that go wrong on purpose.

use std::fmt;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

/// A request on its way.
pub struct Call<'a> {
    /// What is asked for, such as `PutItem`.
    pub operation: &'a str,
    /// The request, as JSON.
    pub body: &'a str,
}

/// What becomes of a request.
pub enum Fault {
    /// It goes its way.
    None,
    /// It is carried out, and the reply is lost.
    LoseReply,
    /// It is not carried out: this is the reply.
    Reply(u16, String),
    /// It is carried out, and this is the reply.
    ReplaceReply(u16, String),
}

impl Fault {
    /// DynamoDB refuses with an error of that name.
    pub fn refusal(code: &str) -> Self {
        Self::Reply(400, error(code))
    }

    /// A transaction of so many items is cancelled, each item for the reason given of it.
    pub fn cancelled(reasons: &[&str]) -> Self {
        Self::Reply(400, cancellation(reasons))
    }
}

/// The reply by which DynamoDB refuses.
pub fn error(code: &str) -> String {
    format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"injected"}}"#)
}

/// The reply by which DynamoDB cancels a transaction.
pub fn cancellation(reasons: &[&str]) -> String {
    let reasons: Vec<_> = reasons.iter().map(|code| format!(r#"{{"Code":"{code}"}}"#)).collect();
    format!(
        r#"{{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message":"injected","CancellationReasons":[{}]}}"#,
        reasons.join(",")
    )
}

type Judge = dyn Fn(&Call<'_>) -> Fault + Send + Sync;

/// An HTTP client whose requests meet what a judge decides.
#[derive(Clone)]
pub struct Faulty<T> {
    inner: T,
    judge: Arc<Judge>,
}

impl Faulty<SharedHttpClient> {
    /// Lets the judge decide on each request, retries included.
    pub fn new(inner: SharedHttpClient, judge: impl Fn(&Call<'_>) -> Fault + Send + Sync + 'static) -> Self {
        Self { inner, judge: Arc::new(judge) }
    }
}

impl<T> fmt::Debug for Faulty<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faulty")
    }
}

impl HttpClient for Faulty<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Faulty { inner, judge: Arc::clone(&self.judge) })
    }
}

impl HttpConnector for Faulty<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
        let body = request.body().bytes().and_then(|body| std::str::from_utf8(body).ok()).unwrap_or_default();
        let fault = (self.judge)(&Call { operation, body });
        let sent = match fault {
            Fault::Reply(..) => None,
            _ => Some(self.inner.call(request)),
        };
        HttpConnectorFuture::new(async move {
            let answer = match sent {
                Some(sent) => Some(sent.await?),
                None => None,
            };
            match (fault, answer) {
                (Fault::None, Some(answer)) => Ok(answer),
                (Fault::Reply(status, body) | Fault::ReplaceReply(status, body), _) => reply(status, body),
                _ => Err(ConnectorError::timeout("the reply got lost".into())),
            }
        })
    }
}

fn reply(status: u16, body: String) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(status).map_err(|error| ConnectorError::other(error.into(), None))?;
    Ok(HttpResponse::new(status, SdkBody::from(body)))
}
