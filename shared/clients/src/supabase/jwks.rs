//! The keys that a project signs its users' tokens with (RFC 7517).

use std::time::Duration;

use http::Method;
use jsonwebtoken::jwk::JwkSet;

use crate::http::{Http, HttpError, Request};

/// The longest that a fetch may take: with a call of the database after it, an answer begins within ten seconds.
const LIMIT: Duration = Duration::from_secs(2);

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("status {0}")]
    Status(u16),
    #[error("not a JWK set")]
    Unreadable,
}

/// Fetches `$url/auth/v1/.well-known/jwks.json`.
pub async fn fetch_jwks(http: &Http, url: &str) -> Result<JwkSet, JwksError> {
    let request = Request::new(Method::GET, format!("{url}/auth/v1/.well-known/jwks.json"));
    let answer = http.call(request, LIMIT).await?;
    if !answer.status.is_success() {
        return Err(JwksError::Status(answer.status.as_u16()));
    }
    serde_json::from_slice(&answer.body).map_err(|_| JwksError::Unreadable)
}
