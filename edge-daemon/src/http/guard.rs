//! Who may ask: where there are keys, whoever holds one.

use std::sync::atomic::Ordering;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Daemon;
use super::caller::Caller;
use super::error::ApiError;
use crate::keys::live::{LiveKeys, Refusal};

/// Finds the caller by the key, and holds them to its limits. Without keys everybody who reaches the port may ask.
pub async fn ask_for_key(State(daemon): State<Daemon>, mut request: Request, next: Next) -> Response {
    if let Some(keys) = &daemon.keys {
        match caller(keys, request.headers()) {
            Ok(caller) => drop(request.extensions_mut().insert(caller)),
            Err(error) => {
                daemon.refused.fetch_add(1, Ordering::Relaxed);
                return error.into_response();
            }
        }
    }
    next.run(request).await
}

fn caller(keys: &LiveKeys, headers: &HeaderMap) -> Result<Caller, ApiError> {
    let key = sent(headers).and_then(|secret| keys.find(secret)).ok_or_else(ApiError::no_key)?;
    match key.admit() {
        Ok(()) => Ok(Caller { key: Some(key) }),
        Err(Refusal::Rate { per_minute, seconds }) => Err(ApiError::rate_exceeded(per_minute, seconds)),
        Err(Refusal::Quota { per_day, seconds }) => Err(ApiError::quota_exceeded(per_day, seconds)),
    }
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
