//! HTTP: the shared router behind the events of Function URLs and API Gateways.

use axum::Router;
use axum::response::Response;
use http::{Method, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Context, LambdaEvent, RequestExt};
use tower::{ServiceExt, service_fn};

/// AWS takes answers of 6 MB; one that is not text grows by a third on its way.
const LONGEST: usize = 4_400_000;

/// Whether the request changes nothing.
pub(crate) fn reads(request: &LambdaRequest) -> bool {
    matches!(request, LambdaRequest::ApiGatewayV2(request)
        if matches!(request.request_context.http.method, Method::GET | Method::HEAD))
}

/// Answers a request.
pub(crate) async fn answer(
    router: &Router,
    request: LambdaRequest,
    context: Context,
) -> Result<impl serde::Serialize + use<>, lambda_http::Error> {
    let router = router.clone();
    let bounded = service_fn(move |mut request: lambda_http::Request| {
        let router = router.clone();
        if let Some(target) = target(&request) {
            *request.uri_mut() = target;
        }
        async move {
            let response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
            Ok::<_, std::convert::Infallible>(bounded(response).await)
        }
    });
    let event = LambdaEvent { payload: request, context };
    Ok(Adapter::from(bounded).oneshot(event).await.unwrap_or_else(|never| match never {}))
}

/// The path and query as the caller wrote them: the library has resolved dots and escapes in them.
fn target(request: &lambda_http::Request) -> Option<Uri> {
    let path = request.raw_http_path();
    match request.uri().query() {
        Some(query) => format!("{path}?{query}").parse().ok(),
        None => path.parse().ok(),
    }
}

/// The whole answer, or word that it is too long for this host.
async fn bounded(response: Response) -> http::Response<Full<axum::body::Bytes>> {
    let (mut parts, body) = response.into_parts();
    match Limited::new(body, LONGEST).collect().await {
        Ok(body) => http::Response::from_parts(parts, Full::new(body.to_bytes())),
        Err(_) => {
            let detail = "the answer is longer than this host can give: ask for less, by filters or a limit";
            let body = serde_json::json!({
                "ok": false, "type": "about:blank", "title": "Content Too Large", "status": 413,
                "code": "answer_too_long", "detail": detail, "error": detail,
                "request_id": parts.headers.get("x-request-id").and_then(|id| id.to_str().ok()),
            });
            parts.status = StatusCode::PAYLOAD_TOO_LARGE;
            parts.headers.remove("content-length");
            parts.headers.remove("content-disposition");
            parts.headers.remove("etag");
            let kind = http::HeaderValue::from_static("application/problem+json");
            parts.headers.insert("content-type", kind);
            http::Response::from_parts(parts, Full::new(body.to_string().into()))
        }
    }
}
