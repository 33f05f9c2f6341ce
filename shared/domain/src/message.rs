//! A message of a conversation, and what is known of how it came about.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{Content, ConversationId, MessageId, Sensitivity, problem::Problem};

/// Who speaks, in the words of the chat-completions API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Role)]
pub enum MessageRole {
    User,
    Assistant,
    System,
}

impl MessageRole {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::System => "system",
        }
    }
}

/// How far a message has come. A user's message is `completed` from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageStatus {
    Pending,
    Streaming,
    Completed,
    /// The instance that made the answer died, or ran out of time; what was said so far is kept.
    Interrupted,
    Failed,
    Cancelled,
}

impl MessageStatus {
    /// Whether nothing more will come.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Streaming)
    }
}

/// Tokens read and written, as the model counted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Usage {
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
}

/// Which model answered, and why that one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Decision {
    pub provider: String,
    pub model: String,
    /// `local` or `hosted`.
    pub locality: String,
    pub reasons: Vec<String>,
    pub rejected: Vec<Rejection>,
}

/// A candidate that was ruled out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rejection {
    pub provider: String,
    pub model: String,
    pub reason: String,
}

/// A message as API callers see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Message {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    pub parent_id: Option<MessageId>,
    pub role: MessageRole,
    pub content: Content,
    pub sensitivity: Sensitivity,
    pub status: MessageStatus,
    pub usage: Option<Usage>,
    pub decision: Option<Decision>,
    /// Why a failed message failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Problem>)]
    pub problem: Option<Value>,
    pub revision: i64,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// RFC 3339, UTC.
    pub updated_at: String,
}
