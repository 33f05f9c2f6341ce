//! The one database call before the first token.

use hearth_clients::supabase::RpcError;
use hearth_domain::{
    Content, Conversation, ConversationId, Message, MessageId, MessageRole, Sensitivity, Turn, TurnId,
    UserId, WorkspaceId,
};
use serde::{Deserialize, Serialize};

use super::TurnRequest;
use crate::{App, auth::Caller};

/// The most bytes of history that the database returns.
const HISTORY_BYTES: u32 = 64 * 1024;
/// Seconds after which a turn that nobody closed is taken for dead, whatever its instance does.
pub const LEASE_SECONDS: u32 = 600;

#[derive(Serialize)]
struct Arguments<'a> {
    turn_id: TurnId,
    conversation_id: ConversationId,
    message_id: MessageId,
    content: Option<&'a Content>,
    parent_id: Option<MessageId>,
    has_parent: bool,
    sensitivity: Option<Sensitivity>,
    request_digest: String,
    options: Options<'a>,
    history_bytes: u32,
    lease_seconds: u32,
}

/// What of the request is kept with the turn.
#[derive(Serialize)]
struct Options<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<hearth_routing::Task>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency: Option<hearth_routing::Latency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
}

/// What the database knows of the turn, and all that an answer needs.
#[derive(Clone, Debug, Deserialize)]
pub struct Begun {
    /// Whether this call made the turn. If not, another one is making it, or has made it.
    pub created: bool,
    pub workspace_id: WorkspaceId,
    pub turn: Turn,
    pub user_message: Message,
    pub answer: Message,
    pub conversation: Conversation,
    /// Oldest first, without the question.
    #[serde(default)]
    pub history: Vec<Said>,
    /// The most private of all that is in the prompt.
    pub sensitivity: Sensitivity,
    /// Null where the workspace has none: then the operator's set-up stands as it is.
    pub policy: Option<Policy>,
    /// Earlier turns whose lease ran out, just closed.
    #[serde(default)]
    pub closed: Vec<Closed>,
}

/// A message of the history.
#[derive(Clone, Debug, Deserialize)]
pub struct Said {
    pub role: MessageRole,
    pub content: Content,
    /// As a model counted them, where one has.
    pub tokens: Option<u64>,
}

/// What of the workspace's policy a decision reads.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct Policy {
    #[serde(default)]
    pub on_prem_only: bool,
}

/// A turn that died, and whose it was.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Closed {
    pub id: TurnId,
    pub user_id: UserId,
}

/// Checks membership, stores the question, and reads what the answer needs: all in one call, as the caller.
pub async fn begin(
    app: &App,
    caller: &Caller,
    conversation: ConversationId,
    request: &TurnRequest,
) -> Result<Begun, RpcError> {
    let arguments = Arguments {
        turn_id: request.id.unwrap_or_else(TurnId::generate),
        conversation_id: conversation,
        message_id: request.message_id.unwrap_or_else(MessageId::generate),
        content: request.content.as_ref(),
        parent_id: request.parent_id.flatten(),
        has_parent: request.parent_id.is_some(),
        sensitivity: request.sensitivity,
        request_digest: request.digest(conversation),
        options: Options {
            task: request.task,
            latency: request.latency,
            model: request.model.as_deref(),
            max_tokens: request.max_tokens,
            temperature: request.temperature,
        },
        history_bytes: HISTORY_BYTES,
        lease_seconds: LEASE_SECONDS,
    };
    app.supabase.call(&caller.token, "begin_turn", &arguments).await
}
