//! Accounts: the rows of `auth.users`, and the JSON that Supabase Auth makes of one.

use serde_json::{Value, json};
use sqlx::postgres::PgPool;
use sqlx::{FromRow, PgExecutor};
use uuid::Uuid;

use super::AuthError;

/// One account, without its password.
#[derive(Debug, Clone, FromRow)]
pub struct Account {
    pub id: Uuid,
    pub email: String,
    pub app_metadata: Value,
    pub user_metadata: Value,
    /// Times as PostgreSQL writes them for JSON, in UTC.
    pub email_confirmed_at: Option<String>,
    pub last_sign_in_at: Option<String>,
    pub created_at: String,
    pub updated_at: String,
}

/// What a password grant needs beside the account.
#[derive(FromRow)]
pub(super) struct Credentials {
    pub encrypted_password: Option<String>,
    pub banned: bool,
    #[sqlx(flatten)]
    pub account: Account,
}

/// The columns of an [`Account`]; a macro, since a statement is one literal.
macro_rules! account_columns {
    () => {
        "id, coalesce(email, '') as email, raw_app_meta_data as app_metadata,
         raw_user_meta_data as user_metadata,
         to_char(email_confirmed_at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') as email_confirmed_at,
         to_char(last_sign_in_at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') as last_sign_in_at,
         to_char(created_at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') as created_at,
         to_char(updated_at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') as updated_at"
    };
}

/// Inserts an account whose address counts as confirmed: no mail is sent on one machine.
pub(super) async fn create(
    pool: &PgPool,
    email: &str,
    password_hash: &str,
    metadata: &Value,
) -> Result<Account, AuthError> {
    let id = Uuid::new_v4();
    // As Supabase Auth writes it; clients read the address from here too.
    let mut metadata = metadata.clone();
    if let Some(fields) = metadata.as_object_mut() {
        fields.insert("sub".to_owned(), json!(id));
        fields.insert("email".to_owned(), json!(email));
        fields.insert("email_verified".to_owned(), json!(true));
        fields.insert("phone_verified".to_owned(), json!(false));
    }
    let inserted = sqlx::query_as(concat!(
        "insert into auth.users (id, email, encrypted_password, raw_user_meta_data, email_confirmed_at)
         values ($1, $2, $3, $4, now()) returning ",
        account_columns!()
    ))
    .bind(id)
    .bind(email)
    .bind(password_hash)
    .bind(metadata)
    .fetch_one(pool)
    .await;
    inserted.map_err(|error| match error.as_database_error() {
        Some(refused) if refused.is_unique_violation() => AuthError::UserAlreadyExists,
        _ => error.into(),
    })
}

pub(super) async fn by_email(pool: &PgPool, email: &str) -> Result<Option<Account>, AuthError> {
    Ok(credentials(pool, email).await?.map(|found| found.account))
}

pub(super) async fn credentials(pool: &PgPool, email: &str) -> Result<Option<Credentials>, AuthError> {
    let found = sqlx::query_as(concat!(
        "select encrypted_password, coalesce(banned_until > now(), false) as banned, ",
        account_columns!(),
        " from auth.users where lower(email) = $1 and deleted_at is null"
    ));
    Ok(found.bind(email).fetch_optional(pool).await?)
}

pub(super) async fn by_id(on: impl PgExecutor<'_>, id: Uuid) -> Result<Option<Account>, AuthError> {
    let found = sqlx::query_as(concat!(
        "select ",
        account_columns!(),
        " from auth.users where id = $1 and deleted_at is null"
    ));
    Ok(found.bind(id).fetch_optional(on).await?)
}

pub(super) async fn password_hash(pool: &PgPool, id: Uuid) -> Result<Option<String>, AuthError> {
    Ok(sqlx::query_scalar("select encrypted_password from auth.users where id = $1")
        .bind(id)
        .fetch_one(pool)
        .await?)
}

pub(super) async fn all(pool: &PgPool) -> Result<Vec<Account>, AuthError> {
    let found = sqlx::query_as(concat!(
        "select ",
        account_columns!(),
        " from auth.users where deleted_at is null order by auth.users.created_at, id"
    ));
    Ok(found.fetch_all(pool).await?)
}

pub(super) async fn set_password(pool: &PgPool, id: Uuid, hash: &str) -> Result<(), AuthError> {
    sqlx::query("update auth.users set encrypted_password = $2, updated_at = now() where id = $1")
        .bind(id)
        .bind(hash)
        .execute(pool)
        .await?;
    Ok(())
}

/// Merges into what is there; a null takes a field away.
pub(super) async fn merge_metadata(pool: &PgPool, id: Uuid, data: &Value) -> Result<(), AuthError> {
    sqlx::query(
        "update auth.users set raw_user_meta_data = jsonb_strip_nulls(raw_user_meta_data || $2),
         updated_at = now() where id = $1",
    )
    .bind(id)
    .bind(data)
    .execute(pool)
    .await?;
    Ok(())
}

impl Account {
    pub(super) fn to_json(&self) -> Value {
        json!({
            "id": self.id, "aud": "authenticated", "role": "authenticated", "email": self.email, "phone": "",
            "email_confirmed_at": self.email_confirmed_at, "confirmed_at": self.email_confirmed_at,
            "last_sign_in_at": self.last_sign_in_at,
            "app_metadata": self.app_metadata, "user_metadata": self.user_metadata,
            "identities": [{
                "identity_id": self.id, "id": self.id, "user_id": self.id, "provider": "email",
                "email": self.email,
                "identity_data": {
                    "sub": self.id, "email": self.email, "email_verified": true, "phone_verified": false,
                },
                "last_sign_in_at": self.last_sign_in_at,
                "created_at": self.created_at, "updated_at": self.updated_at,
            }],
            "created_at": self.created_at, "updated_at": self.updated_at, "is_anonymous": false,
        })
    }
}
