//! A JSON body, read so that each way in which it can be wrong has its own answer.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;

use super::BODY_LIMIT;
use super::error::ApiError;

/// The body, as a `T`.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::not_json());
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| match rejection {
            BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
                ApiError::body_too_large(BODY_LIMIT)
            }
            rejection => ApiError::unreadable_body(format!(
                "The request's body could not be read: {}.",
                rejection.body_text()
            )),
        })?;
        serde_json::from_slice(&body).map(Self).map_err(|error| {
            let what = if error.is_data() {
                "The body is JSON, but not a valid request"
            } else {
                "The body is not valid JSON"
            };
            ApiError::invalid_json(format!("{what}: {error}."))
        })
    }
}

/// `application/json`, whatever its parameters. A page of a foreign site cannot send that without asking first.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = value.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}
