//! `POST /signup`.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::Value;

use super::sign_in::agent;
use super::{Auth, AuthError, accounts, input};

/// Fields that supabase-js also sends, and that mean nothing here, are passed over.
#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    data: Option<serde_json::Map<String, Value>>,
}

/// The account counts as confirmed, so the answer is a session.
pub(super) async fn sign_up(
    State(auth): State<Auth>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, AuthError> {
    let wanted: Wanted = input::json(&body)?;
    if wanted.email.is_empty() {
        return Err(AuthError::Invalid("Sign-ups need an e-mail address and a password".to_owned()));
    }
    let (email, password) = (input::email(&wanted.email)?, input::new_password(&wanted.password)?);
    // The hash first: a known address takes as long as an unknown one.
    let hash = auth.inner.passwords.hash(password).await?;
    let metadata = Value::Object(wanted.data.unwrap_or_default());
    let account = accounts::create(&auth.inner.pool, &email, &hash, &metadata).await?;
    auth.begin_session(account, agent(&headers)).await.map(Json)
}
