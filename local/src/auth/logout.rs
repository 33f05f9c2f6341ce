//! `POST /logout`: ends sessions. Access tokens live on until they expire, as with Supabase; no new
//! ones come from an ended session.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::Deserialize;

use super::user::SignedIn;
use super::{Auth, AuthError, sessions};

#[derive(Deserialize)]
pub(super) struct Scope {
    #[serde(default)]
    scope: Option<String>,
}

pub(super) async fn logout(
    State(auth): State<Auth>,
    Query(scope): Query<Scope>,
    signed_in: SignedIn,
) -> Result<StatusCode, AuthError> {
    let (pool, user, session) = (&auth.inner.pool, signed_in.account.id, signed_in.bearer.session_id);
    match scope.scope.as_deref().unwrap_or("global") {
        "global" => sessions::end_all(pool, user).await?,
        "local" => sessions::end_one(pool, session).await?,
        "others" => sessions::end_others(pool, user, session).await?,
        other => return Err(AuthError::Invalid(format!("Unsupported logout scope {other:?}"))),
    }
    Ok(StatusCode::NO_CONTENT)
}
