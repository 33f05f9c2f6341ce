//! A conversation: a tree of messages within a workspace.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ConversationId, Sensitivity, WorkspaceId};

/// A conversation as API callers see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Conversation {
    pub id: ConversationId,
    pub workspace_id: WorkspaceId,
    pub title: Option<String>,
    pub system_prompt: Option<String>,
    /// The model that its turns ask for, unless a turn names another.
    pub model: Option<String>,
    pub sensitivity: Sensitivity,
    pub archived: bool,
    pub revision: i64,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// RFC 3339, UTC.
    pub updated_at: String,
}
