//! A JSON body, read so that each way in which it can be wrong has its own answer.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;

use super::BODY_LIMIT;
use super::error::ApiError;

/// The most bytes of a body that is too large which are read before it is refused.
const DRAIN_LIMIT: usize = 16 * BODY_LIMIT;

/// The body, as a `T`.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::not_json());
        }
        let body = read(request.into_body()).await?;
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

/// Reads a body within the limit. Of one that is larger the rest is read away, up to [`DRAIN_LIMIT`]: a client that is
/// still writing when the connection closes sees a broken pipe, and never the answer.
async fn read(body: Body) -> Result<Vec<u8>, ApiError> {
    let mut pieces = body.into_data_stream();
    let (mut kept, mut length) = (Vec::new(), 0);
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| {
            ApiError::unreadable_body(format!("The request's body could not be read: {error}."))
        })?;
        length += piece.len();
        if length <= BODY_LIMIT {
            kept.extend_from_slice(&piece);
        } else if length > DRAIN_LIMIT {
            break;
        }
    }
    if length > BODY_LIMIT { Err(ApiError::body_too_large(BODY_LIMIT)) } else { Ok(kept) }
}

/// `application/json`, whatever its parameters. A page of a foreign site cannot send that without asking first.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = value.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}
