//! What a workspace narrows of what the operator set up.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::WorkspaceId;

/// A workspace's policy. It can narrow the operator's set-up, never add to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Policy {
    pub workspace_id: WorkspaceId,
    /// Every turn is answered by a local provider, or not at all.
    pub on_prem_only: bool,
    /// Routing overrides, by task.
    #[schema(value_type = Object)]
    pub routing: Map<String, Value>,
    /// Quotas, by name.
    #[schema(value_type = Object)]
    pub quotas: Map<String, Value>,
    /// Days that messages are kept; none keeps them.
    pub retention_days: Option<i32>,
    pub revision: i64,
    /// RFC 3339, UTC.
    pub updated_at: String,
}
