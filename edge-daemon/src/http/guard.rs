//! Who may ask: where there are keys or pairings, whoever holds a key or a token of a pairing.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Daemon;
use super::caller::Caller;
use super::error::ApiError;
use crate::keys::live::{LiveKey, Refusal};

/// Finds the caller by the key or the token, and holds them to the key's limits. Without keys and pairings everybody who
/// reaches the port may ask.
pub async fn ask_for_key(State(daemon): State<Daemon>, mut request: Request, next: Next) -> Response {
    match daemon.caller(request.headers()) {
        Ok(caller) => drop(request.extensions_mut().insert(caller)),
        Err(error) => {
            daemon.refused.fetch_add(1, Ordering::Relaxed);
            return error.into_response();
        }
    }
    next.run(request).await
}

impl Daemon {
    fn caller(&self, headers: &HeaderMap) -> Result<Caller, ApiError> {
        if self.keys.is_none() && self.pairings.is_none() {
            return Ok(Caller::Anyone);
        }
        let secret = sent(headers).unwrap_or_default();
        if let Some(key) = self.keys.as_ref().and_then(|keys| keys.find(secret)) {
            return admitted(key);
        }
        match &self.pairings {
            Some(pairings) if looks_like_token(secret) => {
                let id = pairings.verify(secret).map_err(ApiError::token_refused)?;
                Ok(Caller::Service(id.into()))
            }
            _ => Err(ApiError::no_credential(self.keys.is_some(), self.pairings.is_some())),
        }
    }
}

fn admitted(key: Arc<LiveKey>) -> Result<Caller, ApiError> {
    match key.admit() {
        Ok(()) => Ok(Caller::Key(key)),
        Err(Refusal::Rate { per_minute, seconds }) => Err(ApiError::rate_exceeded(per_minute, seconds)),
        Err(Refusal::Quota { per_day, seconds }) => Err(ApiError::quota_exceeded(per_day, seconds)),
    }
}

/// A JWT has dots, and no key of ours has any.
fn looks_like_token(secret: &str) -> bool {
    secret.contains('.')
}

/// OpenAI's clients send a bearer, Anthropic's `x-api-key`.
fn sent(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    bearer.or_else(|| headers.get("x-api-key").and_then(|value| value.to_str().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_from_either_header() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            pairs.collect::<HeaderMap>()
        };
        assert_eq!(sent(&headers(&[("authorization", "Bearer a")])), Some("a"));
        assert_eq!(sent(&headers(&[("authorization", "bearer  a ")])), Some("a"));
        assert_eq!(sent(&headers(&[("x-api-key", "b")])), Some("b"));
        assert_eq!(sent(&headers(&[("authorization", "Basic a"), ("x-api-key", "b")])), Some("b"));
        assert_eq!(sent(&headers(&[])), None);
    }
}
