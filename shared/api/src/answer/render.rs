//! A body for every problem.

use axum::{
    body::Body,
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use hearth_domain::{Code, Problem};
use http::{HeaderValue, StatusCode, header};

use super::correlation::CorrelationId;

/// Writes the body of a problem that a handler left in the answer's extensions.
pub async fn render(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<CorrelationId>().map(|id| id.0.clone());
    let mut response = next.run(request).await;
    match problem_of(&mut response) {
        Some(problem) => with_body(problem, id),
        None => response,
    }
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

fn with_body(mut problem: Problem, id: Option<String>) -> Response {
    problem.correlation_id = id;
    if problem.status >= 500 {
        tracing::warn!(
            code = problem.code,
            status = problem.status,
            correlation_id = problem.correlation_id,
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
