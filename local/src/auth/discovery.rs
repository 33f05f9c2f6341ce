//! What anyone may know: the public keys, which ways of signing in there are, whether the service runs.

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::Auth;

pub(super) async fn jwks(State(auth): State<Auth>) -> impl IntoResponse {
    ([(CACHE_CONTROL, "public, max-age=600")], Json(auth.inner.jwks.clone()))
}

pub(super) async fn settings() -> Json<Value> {
    Json(json!({
        "external": { "email": true, "phone": false, "anonymous_users": false },
        "disable_signup": false, "mailer_autoconfirm": true, "phone_autoconfirm": false,
        "sms_provider": "", "saml_enabled": false,
    }))
}

pub(super) async fn health() -> Json<Value> {
    Json(json!({
        "name": "GoTrue", "version": concat!("hearth-", env!("CARGO_PKG_VERSION")),
        "description": "Hearth's part of the Supabase Auth protocol: e-mail and password",
    }))
}
