//! What Supabase's gateway does with the `apikey` of a request, before any service sees it: refuse
//! those without one, and let the key stand for a role where no user's token says more.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use subtle::ConstantTimeEq as _;

use crate::secrets::{Secret, Secrets};

/// The keys that open this origin.
#[derive(Debug, Clone)]
pub struct ApiKeys {
    publishable: String,
    secret: Secret,
    legacy_anon: String,
    legacy_service: Secret,
}

/// What a key stands for while nobody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grant {
    Anon,
    Service,
}

impl ApiKeys {
    pub fn new(secrets: &Secrets) -> Self {
        Self {
            publishable: secrets.publishable_key.clone(),
            secret: secrets.secret_key.clone(),
            legacy_anon: secrets.anon_key.clone(),
            legacy_service: secrets.service_key.clone(),
        }
    }

    fn grant(&self, key: &str) -> Option<Grant> {
        let is = |known: &str| bool::from(known.as_bytes().ct_eq(key.as_bytes()));
        if is(&self.publishable) || is(&self.legacy_anon) {
            return Some(Grant::Anon);
        }
        (is(self.secret.expose()) || is(self.legacy_service.expose())).then_some(Grant::Service)
    }
}

/// Checks the key, and gives the request the token of the role that the key stands for, unless it
/// carries a user's own.
pub async fn require(State(keys): State<ApiKeys>, mut request: Request, next: Next) -> Response {
    let Some(given) = given(request.headers(), request.uri().query()) else {
        return refused("No API key found in request", "No `apikey` request header or url param was found.");
    };
    let Some(grant) = keys.grant(&given) else {
        return refused("Invalid API key", "Double check your Supabase `anon` or `service_role` API key.");
    };
    let bearer = bearer(request.headers());
    // The new keys are no JWTs: sent as a bearer, as supabase-js does, they say what the key says.
    let says_no_more = bearer.is_none_or(|token| token == given || keys.grant(token).is_some());
    if says_no_more {
        let role = match bearer.and_then(|token| keys.grant(token)) {
            Some(Grant::Service) => Grant::Service,
            _ => grant,
        };
        let token = match role {
            Grant::Anon => keys.legacy_anon.as_str(),
            Grant::Service => keys.legacy_service.expose(),
        };
        if let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {token}")) {
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
    }
    next.run(request).await
}

/// The bearer token of a request.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn given(headers: &HeaderMap, query: Option<&str>) -> Option<String> {
    if let Some(header) = headers.get("apikey") {
        return header.to_str().ok().map(str::to_owned);
    }
    url::form_urlencoded::parse(query?.as_bytes())
        .find(|(name, _)| name == "apikey")
        .map(|(_, value)| value.into_owned())
}

fn refused(message: &str, hint: &str) -> Response {
    (StatusCode::UNAUTHORIZED, Json(json!({ "message": message, "hint": hint }))).into_response()
}
