//! Errors in Anthropic's form.
//!
//! Source: <https://docs.anthropic.com/en/api/errors>.

use axum::Json;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::http::error::ApiError;

/// Puts every error of this API's paths into its form, wherever it came from.
pub async fn in_their_form(request: Request, next: Next) -> Response {
    let theirs = request.uri().path().starts_with("/v1/messages");
    let mut response = next.run(request).await;
    if !theirs {
        return response;
    }
    match response.extensions_mut().remove::<ApiError>() {
        Some(error) => error.answer_with(Json(body(&error)).into_response()),
        None => response,
    }
}

/// `{"type": "error", "error": {"type", "message"}}`.
pub fn body(error: &ApiError) -> Value {
    let (status, message) = error.told();
    let kind = match status.as_u16() {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    };
    json!({"type": "error", "error": {"type": kind, "message": message}})
}
