//! What an invocation is, decided from the envelope that AWS makes, never from what a caller wrote.

use aws_lambda_events::sqs::SqsEvent;
use lambda_http::request::LambdaRequest;
use scheduler_core::domain::Role;
use serde::Deserialize;
use serde_json::value::RawValue;

/// An invocation.
pub enum Event {
    /// A request to a Function URL or an API Gateway of version 2.
    Http(Box<LambdaRequest>),
    /// EventBridge says that a minute has passed. When, is not read from it: it may come late, or twice.
    Tick,
    /// Messages of the queue.
    Queue(SqsEvent),
    /// Whoever may invoke the function itself asks for an access token.
    Token(NewToken),
}

/// An access token to be made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// What it allows.
    pub role: Role,
}

/// The fields by which envelopes differ.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "requestContext", borrow)]
    request_context: Option<&'a RawValue>,
    #[serde(rename = "Records", borrow)]
    records: Option<&'a RawValue>,
    source: Option<String>,
    token: Option<NewToken>,
}

impl Event {
    /// Reads the payload of an invocation.
    ///
    /// # Errors
    ///
    /// When it is none of those that this host knows.
    pub fn read(payload: &RawValue) -> Result<Self, serde_json::Error> {
        let envelope: Envelope<'_> = serde_json::from_str(payload.get())?;
        // A request first: all that its caller can choose lies inside the envelope's own fields.
        if envelope.request_context.is_some() {
            return serde_json::from_str(payload.get()).map(|request| Self::Http(Box::new(request)));
        }
        if envelope.records.is_some() {
            return serde_json::from_str(payload.get()).map(Self::Queue);
        }
        match (envelope.source.as_deref(), envelope.token) {
            (Some("aws.events" | "aws.scheduler"), None) => Ok(Self::Tick),
            (None, Some(token)) => Ok(Self::Token(token)),
            _ => Err(serde::de::Error::custom("unsupported event")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(payload: &str) -> &'static str {
        match Event::read(&RawValue::from_string(payload.into()).unwrap()) {
            Ok(Event::Http(_)) => "http",
            Ok(Event::Tick) => "tick",
            Ok(Event::Queue(_)) => "queue",
            Ok(Event::Token(_)) => "token",
            Err(_) => "none",
        }
    }

    const REQUEST: &str = r#"{"version":"2.0","rawPath":"/events","rawQueryString":"","headers":{},
        "requestContext":{"http":{"method":"POST","path":"/events"},"stage":"$default"},
        "isBase64Encoded":false,"body":"{\"source\":\"aws.events\"}""#;

    #[test]
    fn every_envelope_is_known_by_what_aws_wrote() {
        assert_eq!(kind(&format!("{REQUEST}}}")), "http");
        let rule = r#"{"version":"0","id":"1","detail-type":"Scheduled Event","source":"aws.events",
            "time":"2015-10-08T16:53:06Z","resources":["arn:aws:events:us-east-1:1:rule/x"],"detail":{}}"#;
        assert_eq!(kind(rule), "tick");
        assert_eq!(kind(r#"{"source":"aws.scheduler"}"#), "tick");
        assert_eq!(kind(r#"{"Records":[{"messageId":"1","body":"x","eventSource":"aws:sqs"}]}"#), "queue");
        assert_eq!(kind(r#"{"token":{"name":"first","role":"admin"}}"#), "token");
        for unknown in ["{}", "[]", "1", r#"{"source":"aws.s3"}"#, r#"{"token":{"role":"admin"}}"#] {
            assert_eq!(kind(unknown), "none", "{unknown}");
        }
    }

    #[test]
    fn a_request_is_a_request_whatever_else_it_looks_like() {
        for more in [r#""source":"aws.events""#, r#""token":{"name":"x","role":"admin"}"#, r#""Records":[]"#]
        {
            assert_eq!(kind(&format!("{REQUEST},{more}}}")), "http", "{more}");
        }
    }
}
