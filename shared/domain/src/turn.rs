//! A turn: a question, and the answer that is made to it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ConversationId, Message, MessageId, Role, Sensitivity, TurnId, UserId, WorkspaceId};

/// How far a turn has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TurnState {
    Pending,
    Completed,
    Interrupted,
    Failed,
    Cancelled,
}

/// A turn as API callers see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Turn {
    pub id: TurnId,
    pub workspace_id: WorkspaceId,
    pub conversation_id: ConversationId,
    pub user_id: UserId,
    /// The message that it answers.
    pub question_id: MessageId,
    pub state: TurnState,
    pub sensitivity: Sensitivity,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// RFC 3339, UTC.
    pub finished_at: Option<String>,
    /// The caller's role in the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The answer, as far as it is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Message>,
}
