//! Requests as cases write them.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request};
use serde_json::Value;

use crate::answer::Answer;
use crate::host::Host;

/// Where the calls of the one source that ships live.
pub const BASE: &str = "/api/crm/import/acculynx";

/// A request to be sent.
#[derive(Debug, Clone)]
pub struct Ask {
    method: Method,
    target: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
    anonymous: bool,
    fails: Option<u16>,
}

/// A request. A target without a slash in front lies under [`BASE`].
pub fn ask(method: &str, target: &str) -> Ask {
    let target = if target.starts_with('/') { target.to_owned() } else { format!("{BASE}/{target}") };
    Ask {
        method: method.parse().expect("a method"),
        target,
        headers: Vec::new(),
        body: Bytes::new(),
        anonymous: false,
        fails: None,
    }
}

/// A `GET`.
pub fn get(target: &str) -> Ask {
    ask("GET", target)
}

/// A `POST`.
pub fn post(target: &str) -> Ask {
    ask("POST", target)
}

/// A `PUT`.
pub fn put(target: &str) -> Ask {
    ask("PUT", target)
}

/// A `PATCH`.
pub fn patch(target: &str) -> Ask {
    ask("PATCH", target)
}

/// A `DELETE`.
pub fn delete(target: &str) -> Ask {
    ask("DELETE", target)
}

impl Ask {
    /// With a header, any number of times.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let value = HeaderValue::from_bytes(value.as_ref()).expect("a header's value");
        self.headers.push((name.parse().expect("a header's name"), value));
        self
    }

    /// For a tenant.
    #[must_use]
    pub fn tenant(self, name: &str) -> Self {
        self.header("x-tenant", name)
    }

    /// As the bearer of a token.
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        self.anonymous = true;
        self.header("authorization", format!("Bearer {token}"))
    }

    /// Without the token that a host without an open mode gives to every request.
    #[must_use]
    pub fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// As one of a set of headers.
    #[must_use]
    pub fn with(self, headers: &[(&str, &str)]) -> Self {
        headers.iter().fold(self, |ask, (name, value)| ask.header(name, value))
    }

    /// With an idempotency key.
    #[must_use]
    pub fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// Only at this revision.
    #[must_use]
    pub fn at(self, revision: u64) -> Self {
        self.header("if-match", format!("\"{revision}\""))
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    /// With a body as it is.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Where a 5xx of this status is what the contract says.
    #[must_use]
    pub fn may_fail(mut self, status: u16) -> Self {
        self.fails = Some(status);
        self
    }

    /// The request, for whichever host.
    pub fn plain(&self) -> Request<Bytes> {
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.target.parse().expect("a target");
        for (name, value) in &self.headers {
            request.headers_mut().append(name, value.clone());
        }
        request
    }

    /// The request as it goes out to a host.
    pub fn request(&self, host: &dyn Host) -> Request<Bytes> {
        let mut request = self.plain();
        if let (Some(token), false) = (host.admin(), self.anonymous) {
            let value = format!("Bearer {token}").parse().expect("a token");
            request.headers_mut().insert("authorization", value);
        }
        request
    }

    /// Sends it, and looks at what holds for every answer.
    pub async fn of(&self, host: &dyn Host) -> Answer {
        let answer = self.unchecked(host).await;
        answer.examine(self.fails);
        answer
    }

    /// Sends it.
    pub async fn unchecked(&self, host: &dyn Host) -> Answer {
        let asked = format!("{} {}", self.method, self.target);
        Answer::new(asked, self.method == Method::HEAD, host.send(self.request(host)).await)
    }

    /// Sends it and expects a success; gives the body.
    pub async fn good(&self, host: &dyn Host) -> Value {
        let answer = self.of(host).await;
        assert!((200..300).contains(&answer.status), "{answer}");
        let json = answer.json();
        assert_eq!(json["ok"], true, "{answer}");
        json
    }

    /// Sends it and expects a refusal; gives the body.
    pub async fn refused(&self, host: &dyn Host, status: u16, code: &str) -> Value {
        let answer = self.of(host).await;
        let json = answer.problem();
        assert_eq!((answer.status, json["code"].as_str()), (status, Some(code)), "{answer}");
        json
    }
}
