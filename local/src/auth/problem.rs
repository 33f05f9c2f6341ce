//! What can go wrong, in Supabase Auth's shape: `{"code": 400, "error_code": "…", "msg": "…"}`.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// The stable `error_code`s are Supabase's (docs/guides/auth/debugging/error-codes).
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    #[error("Invalid login credentials")]
    InvalidCredentials,
    #[error("User is banned")]
    UserBanned,
    #[error("User already registered")]
    UserAlreadyExists,
    #[error("Password should be at least {} characters.", super::input::SHORTEST_PASSWORD)]
    WeakPassword,
    #[error("New password should be different from the old password.")]
    SamePassword,
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    BadJson(String),
    #[error("unsupported_grant_type")]
    UnsupportedGrant,
    #[error("Invalid Refresh Token: Refresh Token Not Found")]
    RefreshTokenNotFound,
    #[error("Invalid Refresh Token: Already Used")]
    RefreshTokenAlreadyUsed,
    #[error("This endpoint requires a Bearer token")]
    NoAuthorization,
    #[error("invalid JWT: unable to parse or verify signature, {0}")]
    BadJwt(String),
    #[error("Session from session_id claim in JWT does not exist")]
    SessionNotFound,
    #[error("User from sub claim in JWT does not exist")]
    UserNotFound,
    #[error("Request rate limit reached")]
    TooManyAttempts { seconds: u64 },
    #[error(
        "On one machine there is no mail and no other provider; `hearth user reset-password` sets a password"
    )]
    NotHere,
    #[error("The database is away; try again in a moment")]
    Database(#[source] sqlx::Error),
    #[error("An account can't be handled now: {0}")]
    Internal(String),
}

impl AuthError {
    fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Self::InvalidCredentials | Self::UnsupportedGrant => {
                (StatusCode::BAD_REQUEST, "invalid_credentials")
            }
            Self::UserBanned => (StatusCode::BAD_REQUEST, "user_banned"),
            Self::UserAlreadyExists => (StatusCode::UNPROCESSABLE_ENTITY, "user_already_exists"),
            Self::WeakPassword => (StatusCode::UNPROCESSABLE_ENTITY, "weak_password"),
            Self::SamePassword => (StatusCode::UNPROCESSABLE_ENTITY, "same_password"),
            Self::Invalid(_) => (StatusCode::BAD_REQUEST, "validation_failed"),
            Self::BadJson(_) => (StatusCode::BAD_REQUEST, "bad_json"),
            Self::RefreshTokenNotFound => (StatusCode::BAD_REQUEST, "refresh_token_not_found"),
            Self::RefreshTokenAlreadyUsed => (StatusCode::BAD_REQUEST, "refresh_token_already_used"),
            Self::NoAuthorization => (StatusCode::UNAUTHORIZED, "no_authorization"),
            Self::BadJwt(_) => (StatusCode::FORBIDDEN, "bad_jwt"),
            Self::SessionNotFound => (StatusCode::FORBIDDEN, "session_not_found"),
            Self::UserNotFound => (StatusCode::FORBIDDEN, "user_not_found"),
            Self::TooManyAttempts { .. } => (StatusCode::TOO_MANY_REQUESTS, "over_request_rate_limit"),
            Self::NotHere => (StatusCode::NOT_FOUND, "not_found"),
            Self::Database(_) => (StatusCode::SERVICE_UNAVAILABLE, "request_timeout"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "unexpected_failure"),
        }
    }
}

impl From<sqlx::Error> for AuthError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<crate::secrets::SecretsError> for AuthError {
    fn from(error: crate::secrets::SecretsError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl IntoResponse for AuthError {
    fn into_response(self) -> Response {
        let (status, code) = self.kind();
        if let Self::Database(source) = &self {
            tracing::error!(error = %source, "the accounts can't be reached");
        }
        let body = match &self {
            Self::WeakPassword => json!({
                "code": status.as_u16(), "error_code": code, "msg": self.to_string(),
                "weak_password": { "reasons": ["length"] },
            }),
            _ => json!({ "code": status.as_u16(), "error_code": code, "msg": self.to_string() }),
        };
        let mut response = (status, Json(body)).into_response();
        if let Self::TooManyAttempts { seconds } = self {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}
