//! The outermost layer: a correlation id for every answer, and a body for every problem.

use axum::{
    body::Body,
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use hearth_domain::{Code, Problem};
use http::{HeaderName, HeaderValue, StatusCode, header};
use uuid::Uuid;

/// The header that a request may bring its correlation id in, and that every answer carries.
pub const HEADER: HeaderName = HeaderName::from_static("x-correlation-id");
/// The longest id that is taken from a request.
const MAX_ID: usize = 128;

/// Gives the request an id, answers, and writes the body of a problem that a handler left in the answer's extensions.
pub async fn render(request: Request, next: Next) -> Response {
    let id = sane(&request).unwrap_or_else(|| Uuid::now_v7().to_string());
    let mut response = next.run(request).await;
    if let Some(problem) = problem_of(&mut response) {
        response = with_body(problem, &id);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

fn sane(request: &Request) -> Option<String> {
    let text = request.headers().get(HEADER)?.to_str().ok()?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    (!text.is_empty() && text.len() <= MAX_ID && text.chars().all(allowed)).then(|| text.to_owned())
}

fn problem_of(response: &mut Response) -> Option<Problem> {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        return Some(problem);
    }
    // The router's own refusals have no body of ours.
    match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => {
            Some(Code::MethodNotAllowed.with("See /docs for the methods that this route takes."))
        }
        StatusCode::PAYLOAD_TOO_LARGE => {
            Some(Code::ContentTooLarge.with("The body is over 1 MiB. Send less."))
        }
        _ => None,
    }
}

fn with_body(mut problem: Problem, id: &str) -> Response {
    problem.correlation_id = Some(id.to_owned());
    if problem.status >= 500 {
        tracing::warn!(
            code = problem.code,
            status = problem.status,
            correlation_id = id,
            "answered with a problem"
        );
    }
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut response = (status, Body::from(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}
