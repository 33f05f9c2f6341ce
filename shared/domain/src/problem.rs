//! What went wrong, in the shape of RFC 9457 (`application/problem+json`).
//!
//! Every code that a caller can meet is a variant of [`Code`], with its status and title beside it. A detail tells the
//! reader what to do next; it never carries a secret, SQL text or a path.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A problem as it goes over the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `about:blank`: the code says which problem it is.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    pub detail: String,
    /// Stable, `snake_case`.
    pub code: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// What is wrong with which field of the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldError>,
    /// Tokens or bytes that were sent, where a limit was passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// The limit that was passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Seconds after which another try makes sense; also sent as `Retry-After`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

/// One field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// A path into the body, the query or the URL, such as `content` or `messages[0].role`.
    pub field: String,
    pub message: String,
}

impl FieldError {
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

macro_rules! codes {
    ($($variant:ident $code:literal $status:literal $title:literal;)*) => {
        /// The codes that a problem can carry.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($variant),* }

        impl Code {
            /// Every code, for the documentation and its test.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable word on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// The HTTP status that it is answered with.
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status),* }
            }

            /// A short summary, the same for every occurrence.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }
        }

        impl std::str::FromStr for Code {
            type Err = UnknownCode;

            fn from_str(text: &str) -> Result<Self, UnknownCode> {
                match text { $($code => Ok(Self::$variant),)* _ => Err(UnknownCode) }
            }
        }
    };
}

codes! {
    InvalidJson "invalid_json" 400 "The body is not valid JSON";
    InvalidText "invalid_text" 400 "The text holds characters that cannot be stored";
    InvalidCredential "invalid_credential" 401 "No valid credential";
    SignatureInvalid "signature_invalid" 403 "Not signed by the server";
    RoleRequired "role_required" 403 "Your role does not allow this";
    RouteNotFound "route_not_found" 404 "There is no such route";
    WorkspaceNotFound "workspace_not_found" 404 "No such workspace";
    ConversationNotFound "conversation_not_found" 404 "No such conversation";
    MessageNotFound "message_not_found" 404 "No such message";
    TurnNotFound "turn_not_found" 404 "No such turn";
    MemberNotFound "member_not_found" 404 "No such member";
    ModelNotFound "model_not_found" 404 "No such model";
    MethodNotAllowed "method_not_allowed" 405 "The route does not take this method";
    BodyTooSlow "body_too_slow" 408 "The body came too slowly";
    IdReused "id_reused" 409 "The id was used with another body";
    LastOwner "last_owner" 409 "A workspace needs an owner";
    PersonalWorkspace "personal_workspace" 409 "A Personal workspace stays with its person";
    AlreadyMember "already_member" 409 "Already a member";
    NotResumable "not_resumable" 409 "This turn cannot be resumed";
    StaleRevision "stale_revision" 412 "The row has changed since";
    ContentTooLarge "content_too_large" 413 "The content is too large";
    UnsupportedMediaType "unsupported_media_type" 415 "The body is not JSON";
    Invalid "invalid" 422 "Some fields are wrong";
    UpgradeRequired "upgrade_required" 426 "This route is a WebSocket";
    TooManyRequests "too_many_requests" 429 "Too many requests";
    Internal "internal" 500 "Something went wrong on our side";
    NotConfigured "not_configured" 500 "The server lacks settings";
    WebsocketUnsupported "websocket_unsupported" 501 "This host has no WebSockets";
    ProviderFailed "provider_failed" 502 "The model stopped answering";
    NoProvider "no_provider" 503 "No model can answer";
    NoEmbeddingModel "no_embedding_model" 503 "No embedding model is set up";
    DatabaseUnavailable "database_unavailable" 503 "The database is away";
    AuthUnavailable "auth_unavailable" 503 "Sign-in keys cannot be fetched";
    StreamUnavailable "stream_unavailable" 503 "The stream cannot be resumed now";
    NotStored "not_stored" 503 "The answer could not be stored";
    CronNotConfigured "cron_not_configured" 503 "Scheduled calls are not set up";
}

/// A code that this version does not know.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("an unknown problem code")]
pub struct UnknownCode;

impl Code {
    /// A problem of this kind, with a sentence for its reader.
    pub fn with(self, detail: impl Into<String>) -> Problem {
        Problem {
            kind: "about:blank".into(),
            title: self.title().into(),
            status: self.status(),
            detail: detail.into(),
            code: self.as_str().into(),
            correlation_id: None,
            fields: Vec::new(),
            count: None,
            limit: None,
            retry_after: None,
        }
    }
}

impl Problem {
    /// A 422 that names one field.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        let error = FieldError::new(field, message);
        let mut problem = Code::Invalid.with(format!("Mend `{}`: {}.", error.field, error.message));
        problem.fields.push(error);
        problem
    }

    /// Says how much was sent, and how much is allowed.
    #[must_use]
    pub fn over(mut self, count: u64, limit: u64) -> Self {
        self.count = Some(count);
        self.limit = Some(limit);
        self
    }

    /// Says when another try makes sense.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn every_code_reads_back_and_is_snake_case() {
        for code in Code::ALL {
            assert_eq!(code.as_str().parse::<Code>().unwrap(), *code);
            assert!(code.as_str().chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{code:?}");
            assert!((400..600).contains(&code.status()), "{code:?}");
        }
    }
}
