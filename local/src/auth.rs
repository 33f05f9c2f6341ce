//! `/auth/v1`: the part of Supabase Auth that e-mail and password sign-in needs, in its own words, so
//! that supabase-js finds what it expects. Accounts live in the schema `auth` of the same PostgreSQL.

mod access_token;
mod accounts;
mod attempts;
mod discovery;
mod input;
mod logout;
mod passwords;
mod problem;
mod sessions;
mod sign_in;
mod sign_up;
mod user;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use sqlx::postgres::{PgPool, PgPoolOptions};

pub use accounts::Account;
pub use problem::AuthError;

use self::access_token::AccessTokens;
use self::attempts::Attempts;
use self::passwords::Passwords;
use crate::api_key::{self, ApiKeys};
use crate::database::{Database, Role};
use crate::secrets::{Secrets, SecretsError};

/// Credentials and a little metadata.
const LARGEST_BODY: usize = 64 * 1024;

/// The service; clones share it.
#[derive(Clone)]
pub struct Auth {
    inner: Arc<Inner>,
}

struct Inner {
    pool: PgPool,
    tokens: AccessTokens,
    passwords: Passwords,
    attempts: Attempts,
    jwks: serde_json::Value,
}

impl Auth {
    /// `url` is the origin, without a slash at its end; tokens name it as their issuer.
    pub fn new(database: &Database, secrets: &Secrets, url: &str) -> Result<Self, SecretsError> {
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(10))
            .idle_timeout(Duration::from_secs(120))
            .connect_lazy_with(database.options(Role::AuthAdmin));
        let tokens = AccessTokens::new(secrets, format!("{url}/auth/v1"))?;
        Ok(Self {
            inner: Arc::new(Inner {
                pool,
                tokens,
                passwords: Passwords::new(),
                attempts: Attempts::new(),
                jwks: secrets.public_jwks(),
            }),
        })
    }

    /// The routes below `/auth/v1`. All but the public keys want an `apikey`, as on Supabase.
    pub fn router(&self, keys: ApiKeys) -> Router {
        Router::new()
            .route("/signup", post(sign_up::sign_up))
            .route("/token", post(sign_in::token))
            .route("/user", get(user::show).put(user::change))
            .route("/logout", post(logout::logout))
            .route("/settings", get(discovery::settings))
            .route("/health", get(discovery::health))
            .layer(from_fn_with_state(keys, api_key::require))
            .route("/.well-known/jwks.json", get(discovery::jwks))
            .fallback(async || AuthError::NotHere)
            .layer(DefaultBodyLimit::max(LARGEST_BODY))
            .with_state(self.clone())
    }

    pub async fn close(&self) {
        self.inner.pool.close().await;
    }

    /// Makes an account; for the first run and the command line.
    pub async fn create_account(&self, email: &str, password: &str) -> Result<Account, AuthError> {
        let (email, password) = (input::email(email)?, input::new_password(password)?);
        let hash = self.inner.passwords.hash(password).await?;
        accounts::create(&self.inner.pool, &email, &hash, &serde_json::json!({})).await
    }

    /// Gives an account another password and ends its sessions. `None` where there is no such account.
    pub async fn reset_password(&self, email: &str, password: &str) -> Result<Option<Account>, AuthError> {
        let (email, password) = (input::email(email)?, input::new_password(password)?);
        let Some(account) = accounts::by_email(&self.inner.pool, &email).await? else { return Ok(None) };
        let hash = self.inner.passwords.hash(password).await?;
        accounts::set_password(&self.inner.pool, account.id, &hash).await?;
        sessions::end_all(&self.inner.pool, account.id).await?;
        Ok(Some(account))
    }

    pub async fn has_accounts(&self) -> Result<bool, AuthError> {
        Ok(sqlx::query_scalar("select exists (select from auth.users)").fetch_one(&self.inner.pool).await?)
    }

    /// All accounts, the oldest first.
    pub async fn accounts(&self) -> Result<Vec<Account>, AuthError> {
        accounts::all(&self.inner.pool).await
    }
}
