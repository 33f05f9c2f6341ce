//! `GET` and `PUT /user`: the account of the one who asks.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use serde::Deserialize;
use serde_json::Value;

use super::access_token::Bearer;
use super::{Account, Auth, AuthError, accounts, input, sessions};
use crate::api_key::bearer;

/// Whoever signed in: the token is genuine, its session still there.
pub(super) struct SignedIn {
    pub bearer: Bearer,
    pub account: Account,
}

impl FromRequestParts<Auth> for SignedIn {
    type Rejection = AuthError;

    async fn from_request_parts(parts: &mut Parts, auth: &Auth) -> Result<Self, AuthError> {
        let token = bearer(&parts.headers).ok_or(AuthError::NoAuthorization)?;
        let bearer = auth.inner.tokens.verify(token)?;
        if !sessions::exists(&auth.inner.pool, bearer.session_id, bearer.sub).await? {
            return Err(AuthError::SessionNotFound);
        }
        let account = accounts::by_id(&auth.inner.pool, bearer.sub).await?.ok_or(AuthError::UserNotFound)?;
        Ok(Self { bearer, account })
    }
}

pub(super) async fn show(signed_in: SignedIn) -> Json<Value> {
    Json(signed_in.account.to_json())
}

#[derive(Deserialize)]
struct Change {
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    data: Option<serde_json::Map<String, Value>>,
}

pub(super) async fn change(
    State(auth): State<Auth>,
    signed_in: SignedIn,
    body: Bytes,
) -> Result<Json<Value>, AuthError> {
    let change: Change = input::json(&body)?;
    let (pool, id) = (&auth.inner.pool, signed_in.account.id);
    if change.email.is_some_and(|email| input::email(&email).ok().as_ref() != Some(&signed_in.account.email))
    {
        return Err(AuthError::Invalid("The e-mail address of an account can't be changed here".to_owned()));
    }
    if let Some(password) = change.password {
        let password = input::new_password(&password)?;
        let before = accounts::password_hash(pool, id).await?;
        if auth.inner.passwords.verify(password.clone(), before).await? {
            return Err(AuthError::SamePassword);
        }
        let hash = auth.inner.passwords.hash(password).await?;
        accounts::set_password(pool, id, &hash).await?;
        // Whoever else knew the old one is signed out.
        sessions::end_others(pool, id, signed_in.bearer.session_id).await?;
    }
    if let Some(data) = change.data {
        accounts::merge_metadata(pool, id, &Value::Object(data)).await?;
    }
    let account = accounts::by_id(pool, id).await?.ok_or(AuthError::UserNotFound)?;
    Ok(Json(account.to_json()))
}
