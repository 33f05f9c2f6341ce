//! Sessions and their refresh tokens. A token is used once: using it gives the next one. Using one
//! that is spent, later than a slow network explains, ends the session: someone else may have it.

use hex::encode as hex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::postgres::PgPool;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::access_token::LIFE;
use super::{Account, Auth, AuthError, accounts};
use crate::secrets::random_text;

/// For so long a spent token still counts, in seconds: two tabs may refresh at once (Supabase's default).
const REUSE_INTERVAL: f64 = 10.0;

impl Auth {
    /// A session for someone who has just proven who they are, as Supabase Auth answers it.
    pub(super) async fn begin_session(
        &self,
        account: Account,
        agent: Option<&str>,
    ) -> Result<Value, AuthError> {
        let mut transaction = self.inner.pool.begin().await?;
        let session: Uuid = sqlx::query_scalar(
            "insert into auth.sessions (user_id, user_agent) values ($1, $2) returning id",
        )
        .bind(account.id)
        .bind(agent)
        .fetch_one(&mut *transaction)
        .await?;
        let refresh = issue(&mut transaction, session, account.id, None).await?;
        sqlx::query("update auth.users set last_sign_in_at = now() where id = $1")
            .bind(account.id)
            .execute(&mut *transaction)
            .await?;
        let account = accounts::by_id(&mut *transaction, account.id).await?.ok_or(AuthError::UserNotFound)?;
        transaction.commit().await?;
        self.answer(&account, session, &refresh)
    }

    /// Spends a refresh token.
    pub(super) async fn refresh(&self, token: &str) -> Result<Value, AuthError> {
        let stored = digest(token);
        let mut transaction = self.inner.pool.begin().await?;
        // The session's row is the lock: two refreshes of one family take their turns.
        let found: Option<(Uuid, Uuid)> = sqlx::query_as(
            "select s.id, s.user_id from auth.sessions s
             where s.id = (select session_id from auth.refresh_tokens where token = $1) for update",
        )
        .bind(&stored)
        .fetch_optional(&mut *transaction)
        .await?;
        let (session, user) = found.ok_or(AuthError::RefreshTokenNotFound)?;
        // Read under the lock: what was read beside it could be a moment old.
        let (revoked, long_ago, over): (bool, bool, bool) = sqlx::query_as(
            "select t.revoked, t.updated_at < clock_timestamp() - make_interval(secs => $2),
                    coalesce(s.not_after < now(), false) or coalesce(u.banned_until > now(), false)
             from auth.refresh_tokens t
             join auth.sessions s on s.id = t.session_id
             join auth.users u on u.id = s.user_id and u.deleted_at is null
             where t.token = $1",
        )
        .bind(&stored)
        .bind(REUSE_INTERVAL)
        .fetch_optional(&mut *transaction)
        .await?
        .ok_or(AuthError::RefreshTokenNotFound)?;
        if over || (revoked && long_ago) {
            // With the session go all of its tokens.
            sqlx::query("delete from auth.sessions where id = $1")
                .bind(session)
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
            return Err(AuthError::RefreshTokenAlreadyUsed);
        }
        sqlx::query(
            "update auth.refresh_tokens set revoked = true, updated_at = clock_timestamp()
             where token = $1 and not revoked",
        )
        .bind(&stored)
        .execute(&mut *transaction)
        .await?;
        let refresh = issue(&mut transaction, session, user, Some(&stored)).await?;
        sqlx::query("update auth.sessions set refreshed_at = now(), updated_at = now() where id = $1")
            .bind(session)
            .execute(&mut *transaction)
            .await?;
        let account = accounts::by_id(&mut *transaction, user).await?.ok_or(AuthError::UserNotFound)?;
        transaction.commit().await?;
        self.answer(&account, session, &refresh)
    }

    fn answer(&self, account: &Account, session: Uuid, refresh: &str) -> Result<Value, AuthError> {
        let signed = self.inner.tokens.sign(account, session)?;
        Ok(json!({
            "access_token": signed.token, "token_type": "bearer",
            "expires_in": LIFE, "expires_at": signed.expires_at,
            "refresh_token": refresh, "user": account.to_json(),
        }))
    }
}

async fn issue(
    connection: &mut PgConnection,
    session: Uuid,
    user: Uuid,
    parent: Option<&str>,
) -> Result<String, AuthError> {
    let token = random_text(24)?;
    sqlx::query(
        "insert into auth.refresh_tokens (token, parent, session_id, user_id) values ($1, $2, $3, $4)",
    )
    .bind(digest(&token))
    .bind(parent)
    .bind(session)
    .bind(user)
    .execute(connection)
    .await?;
    Ok(token)
}

/// What is stored of a refresh token.
fn digest(token: &str) -> String {
    hex(Sha256::digest(token.as_bytes()))
}

pub(super) async fn exists(on: impl PgExecutor<'_>, session: Uuid, user: Uuid) -> Result<bool, AuthError> {
    Ok(sqlx::query_scalar(
        "select exists (select from auth.sessions where id = $1 and user_id = $2
                        and (not_after is null or not_after > now()))",
    )
    .bind(session)
    .bind(user)
    .fetch_one(on)
    .await?)
}

pub(super) async fn end_one(pool: &PgPool, session: Uuid) -> Result<(), AuthError> {
    sqlx::query("delete from auth.sessions where id = $1").bind(session).execute(pool).await?;
    Ok(())
}

pub(super) async fn end_others(pool: &PgPool, user: Uuid, session: Uuid) -> Result<(), AuthError> {
    sqlx::query("delete from auth.sessions where user_id = $1 and id <> $2")
        .bind(user)
        .bind(session)
        .execute(pool)
        .await?;
    Ok(())
}

pub(super) async fn end_all(pool: &PgPool, user: Uuid) -> Result<(), AuthError> {
    sqlx::query("delete from auth.sessions where user_id = $1").bind(user).execute(pool).await?;
    Ok(())
}
