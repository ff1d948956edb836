//! The events that AWS makes, and what it makes of the answers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, header};
use serde_json::{Map, Value, json};

/// A minute has passed.
pub const TICK: &str = r#"{"version":"0","id":"53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa","detail-type":"Scheduled Event","source":"aws.events","account":"000000000000","time":"2015-10-08T16:53:06Z","region":"us-east-1","resources":["arn:aws:events:us-east-1:000000000000:rule/tick"],"detail":{}}"#;

/// Messages of a queue, as the worker gets them: id and body.
pub fn messages(messages: &[(String, String)]) -> String {
    let records: Vec<_> = messages
        .iter()
        .map(|(id, body)| {
            json!({ "messageId": id, "receiptHandle": "x", "body": body, "attributes": {},
                "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "us-east-1",
                "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:runs" })
        })
        .collect();
    json!({ "Records": records }).to_string()
}

/// The name of a Function URL.
pub const DOMAIN: &str = "abc.lambda-url.us-east-1.on.aws";

/// A request as a Function URL of that name hands it on.
pub fn request(request: &Request<Bytes>, domain: &str) -> String {
    let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
    let mut headers = Map::new();
    for name in request.headers().keys().filter(|name| **name != header::COOKIE) {
        headers.insert(name.to_string(), joined(request.headers(), name, ",").into());
    }
    headers.entry("host").or_insert(domain.into());
    let mut event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": "anonymous", "apiId": "abc", "domainName": domain,
            "domainPrefix": "abc", "requestId": "r", "routeKey": "$default", "stage": "$default",
            "time": "22/Nov/2026:08:00:00 +0000", "timeEpoch": 1_795_334_400_000_u64,
            "http": { "method": request.method().as_str(), "path": path, "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.9", "userAgent": "test" },
        },
        "isBase64Encoded": false,
    });
    if request.headers().contains_key(header::COOKIE) {
        let cookies = joined(request.headers(), &header::COOKIE, "; ");
        event["cookies"] = cookies.split("; ").map(Value::from).collect();
    }
    if !request.body().is_empty() {
        match std::str::from_utf8(request.body()) {
            Ok(text) => event["body"] = text.into(),
            Err(_) => {
                event["body"] = STANDARD.encode(request.body()).into();
                event["isBase64Encoded"] = true.into();
            }
        }
    }
    event.to_string()
}

fn joined(headers: &HeaderMap, name: &HeaderName, with: &str) -> String {
    let values = headers.get_all(name).into_iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    values.collect::<Vec<_>>().join(with)
}

/// The response that a function's answer stands for.
pub fn response(answer: &Value) -> Response<Bytes> {
    let status = answer["statusCode"].as_u64().unwrap_or_else(|| panic!("a status in {answer}"));
    let body = answer["body"].as_str().unwrap_or_default();
    let body = match answer["isBase64Encoded"].as_bool() {
        Some(true) => STANDARD.decode(body).expect("base 64").into(),
        _ => Bytes::from(body.to_owned()),
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        u16::try_from(status).ok().and_then(|code| code.try_into().ok()).expect("a status");
    let single = answer["headers"].as_object().into_iter().flatten();
    let cookies = answer["cookies"].as_array().into_iter().flatten();
    for (name, value) in
        single.map(|(name, value)| (name.as_str(), value)).chain(cookies.map(|it| ("set-cookie", it)))
    {
        let value = HeaderValue::from_str(value.as_str().expect("text")).expect("a value");
        response.headers_mut().append(HeaderName::try_from(name).expect("a name"), value);
    }
    response
}
