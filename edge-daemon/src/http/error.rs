//! Every error of the API: OpenAI's envelope, a status, and what to do next.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use hearth_wire::{ErrorBody, ErrorEnvelope};

use crate::engine::Failure;
use crate::models::Unavailable;
use crate::pairing::token::Refusal;

/// An error as the caller sees it.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: StatusCode,
    body: ErrorBody,
    /// Seconds.
    retry_after: Option<u32>,
}

const INVALID: &str = "invalid_request_error";

impl ApiError {
    fn new(status: StatusCode, kind: &str, code: &str, message: impl Into<String>) -> Self {
        Self { status, body: ErrorBody::new(kind, code, message), retry_after: None }
    }

    fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    fn param(mut self, param: &str) -> Self {
        self.body.param = Some(param.to_owned());
        self
    }

    /// The body is not JSON, or not JSON of the right shape.
    pub fn invalid_json(message: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, INVALID, "invalid_json", message)
    }

    /// The body broke off, for example.
    pub fn unreadable_body(message: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, INVALID, "unreadable_body", message)
    }

    pub fn body_too_large(limit: usize) -> Self {
        let message = format!("The request's body is larger than {limit} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, INVALID, "body_too_large", message)
    }

    pub fn not_json() -> Self {
        let message = "Send the body as JSON, with the header `content-type: application/json`.";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, INVALID, "unsupported_media_type", message)
    }

    pub fn invalid_value(param: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, INVALID, "invalid_value", message).param(param)
    }

    pub fn unsupported(param: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, INVALID, "unsupported_parameter", message).param(param)
    }

    /// The model's own template does not take these messages.
    pub fn template(message: &str) -> Self {
        let message = format!("The model's chat template does not take these messages: {message}");
        Self::new(StatusCode::BAD_REQUEST, INVALID, "template_error", message).param("messages")
    }

    pub fn context_length_exceeded(n_prompt_tokens: usize, n_ctx: u32) -> Self {
        let message = format!(
            "The prompt has {n_prompt_tokens} tokens, and prompt and answer together may have {n_ctx}. Shorten the messages."
        );
        let mut error = Self::new(StatusCode::PAYLOAD_TOO_LARGE, INVALID, "context_length_exceeded", message)
            .param("messages");
        error.body.n_prompt_tokens = Some(n_prompt_tokens as u64);
        error.body.n_ctx = Some(n_ctx.into());
        error
    }

    pub fn queue_full() -> Self {
        let message = "As many requests as may are waiting already. Try again in a few seconds.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_error", "queue_full", message).retry_after(5)
    }

    /// No key or token, or nothing that is known.
    pub fn no_credential(keyed: bool, paired: bool) -> Self {
        let key = "an API key: send it as `authorization: Bearer KEY`, or as `x-api-key`. `hearth-edge keys add NAME` makes \
                   one.";
        let token = "a service token of Hearth's: `authorization: Bearer TOKEN`. `hearth-edge pair` prints the settings of \
                     the functions that send one.";
        let message = match (keyed, paired) {
            (true, true) => format!("This server asks for {key} Or for {token}"),
            (false, true) => format!("This server asks for {token}"),
            (_, false) => format!("This server asks for {key}"),
        };
        Self::new(StatusCode::UNAUTHORIZED, INVALID, "invalid_api_key", message)
    }

    pub fn token_refused(refusal: Refusal) -> Self {
        let code = if refusal == Refusal::Expired { "token_expired" } else { "invalid_token" };
        Self::new(StatusCode::UNAUTHORIZED, INVALID, code, format!("The service token {refusal}."))
    }

    pub fn rate_exceeded(per_minute: u32, seconds: u32) -> Self {
        let message = format!("This key may ask {per_minute} times a minute. Try again in {seconds} s.");
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_error", "rate_limit_exceeded", message)
            .retry_after(seconds)
    }

    pub fn quota_exceeded(per_day: u64, seconds: u32) -> Self {
        let message =
            format!("This key may use {per_day} tokens a day (UTC), and has. It can be used again tomorrow.");
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_error", "insufficient_quota", message)
            .retry_after(seconds)
    }

    pub fn may_not_manage() -> Self {
        let message = "This credential may use models, and not load, unload or pin them. `hearth-edge keys add NAME --manage` makes \
                       a key that may.";
        Self::new(StatusCode::FORBIDDEN, "permission_error", "insufficient_permissions", message)
    }

    pub fn shutting_down() -> Self {
        let message = "The server is shutting down.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "server_error", "shutting_down", message).retry_after(5)
    }

    pub fn internal(message: &str) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "internal_error", message)
    }

    pub fn foreign_page() -> Self {
        let message = "Web pages of other sites may not use this server.";
        Self::new(StatusCode::FORBIDDEN, INVALID, "origin_refused", message)
    }

    /// The status, and a sentence for the caller.
    pub fn told(&self) -> (StatusCode, &str) {
        (self.status, &self.body.message)
    }

    /// The same error in another form, with its `Retry-After`.
    pub fn answer_with(&self, body: Response) -> Response {
        let mut response = body;
        *response.status_mut() = self.status;
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    /// The envelope alone, for a stream that has begun.
    pub fn into_envelope(self) -> ErrorEnvelope {
        self.body.into()
    }
}

impl From<Unavailable> for ApiError {
    fn from(unavailable: Unavailable) -> Self {
        let message = unavailable.to_string();
        let (status, kind, code, again) = match unavailable {
            Unavailable::Unknown { .. } | Unavailable::None => {
                (StatusCode::NOT_FOUND, INVALID, "model_not_found", None)
            }
            Unavailable::TooLarge { .. } => (StatusCode::BAD_REQUEST, INVALID, "model_too_large", None),
            Unavailable::Failed { .. } => {
                (StatusCode::SERVICE_UNAVAILABLE, "server_error", "model_failed", None)
            }
            Unavailable::Disk => {
                (StatusCode::SERVICE_UNAVAILABLE, "server_error", "disk_unavailable", Some(5))
            }
            Unavailable::NotYet { .. } => {
                (StatusCode::SERVICE_UNAVAILABLE, "server_error", "model_loading", Some(5))
            }
            Unavailable::QueueFull { .. } => return Self::queue_full(),
            Unavailable::ShuttingDown => return Self::shutting_down(),
        };
        let error = Self::new(status, kind, code, message).param("model");
        match again {
            Some(seconds) => error.retry_after(seconds),
            None => error,
        }
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::ShuttingDown => Self::shutting_down(),
            Failure::Grammar => Self::new(
                StatusCode::BAD_REQUEST,
                INVALID,
                "schema_too_complex",
                "The answer could not be kept to its schema, which grew too complex to follow. Simplify the schema.",
            ),
            Failure::OtherKind => Self::invalid_value(
                "model",
                "This model does not do that: a chat model writes, an embedding model embeds.",
            ),
            Failure::Decode => Self::internal("The model failed while it computed this answer. Try again."),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.answer_with(Json(ErrorEnvelope::from(self.body.clone())).into_response());
        // For an API whose errors have another form.
        response.extensions_mut().insert(self);
        response
    }
}

pub async fn no_route(uri: Uri) -> ApiError {
    let message = format!("There is nothing at {}. Chat is at POST /v1/chat/completions.", uri.path());
    ApiError::new(StatusCode::NOT_FOUND, INVALID, "not_found", message)
}

pub async fn wrong_method(uri: Uri) -> ApiError {
    let message = format!("{} does not take this method.", uri.path());
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, INVALID, "method_not_allowed", message)
}
