//! A person's own row.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{UserId, WorkspaceId};

/// The caller, as `GET /v1/me` shows them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Profile {
    pub user_id: UserId,
    pub email: Option<String>,
    pub display_name: Option<String>,
    pub personal_workspace_id: Option<WorkspaceId>,
    pub revision: i64,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// RFC 3339, UTC.
    pub updated_at: String,
}
