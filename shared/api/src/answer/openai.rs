//! OpenAI's error envelope, for the routes that OpenAI's clients call.

use axum::{
    body::Body,
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use hearth_domain::Problem;
use hearth_wire::{ErrorBody, ErrorEnvelope};
use http::{HeaderValue, StatusCode, header};

/// Turns a problem into the envelope, with the same code.
pub async fn as_envelope(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let retry_after = problem.retry_after;
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(&envelope(problem)).unwrap_or_default();
    let mut response = (status, Body::from(body)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// A problem in OpenAI's shape.
pub fn envelope(problem: Problem) -> ErrorEnvelope {
    let kind = match problem.status {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    };
    let mut body = ErrorBody::new(kind, &problem.code, problem.detail);
    body.param = problem.fields.into_iter().next().map(|field| field.field);
    body.n_prompt_tokens = problem.count;
    body.n_ctx = problem.limit;
    body.into()
}
