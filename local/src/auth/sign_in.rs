//! `POST /token`: a password, or a refresh token, for a session.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Instant;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::header::USER_AGENT;
use axum::http::{Extensions, HeaderMap};
use serde::Deserialize;
use serde_json::Value;

use super::{Auth, AuthError, accounts, input};

#[derive(Deserialize)]
pub(super) struct Grant {
    #[serde(default)]
    grant_type: String,
}

#[derive(Deserialize)]
struct Password {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
}

#[derive(Deserialize)]
struct Refresh {
    #[serde(default)]
    refresh_token: String,
}

pub(super) async fn token(
    State(auth): State<Auth>,
    Query(grant): Query<Grant>,
    extensions: Extensions,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, AuthError> {
    match grant.grant_type.as_str() {
        "password" => {
            let given: Password = input::json(&body)?;
            auth.password_grant(given, caller(&extensions), agent(&headers)).await.map(Json)
        }
        "refresh_token" => {
            let given: Refresh = input::json(&body)?;
            auth.refresh(&given.refresh_token).await.map(Json)
        }
        _ => Err(AuthError::UnsupportedGrant),
    }
}

impl Auth {
    async fn password_grant(
        &self,
        given: Password,
        caller: IpAddr,
        agent: Option<&str>,
    ) -> Result<Value, AuthError> {
        // What is no address belongs to no account, and is answered like one that belongs to none.
        let email = input::email(&given.email).map_err(|_| AuthError::InvalidCredentials)?;
        self.inner.attempts.begin(caller, &email, Instant::now())?;
        let found = accounts::credentials(&self.inner.pool, &email).await?;
        let hash = found.as_ref().and_then(|found| found.encrypted_password.clone());
        let right = self.inner.passwords.verify(given.password, hash).await?;
        let found = found.filter(|_| right).ok_or(AuthError::InvalidCredentials)?;
        self.inner.attempts.right(caller, &email);
        if found.banned {
            return Err(AuthError::UserBanned);
        }
        self.begin_session(found.account, agent).await
    }
}

/// The address that the connection comes from; what a header claims is not believed.
fn caller(extensions: &Extensions) -> IpAddr {
    extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |ConnectInfo(address)| address.ip())
}

/// Kept with the session, so that someone can tell theirs apart.
pub(super) fn agent(headers: &HeaderMap) -> Option<&str> {
    let agent = headers.get(USER_AGENT)?.to_str().ok()?;
    Some(agent.get(..256).unwrap_or(agent))
}
