//! What a member may do in a workspace.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A member's role. Each may do what the one before it may, and more; the order is that of the variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Also writes conversations and messages.
    Member,
    /// Also manages members, the policy, and reads decisions and the audit log.
    Admin,
    /// Also deletes the workspace and names other owners.
    Owner,
}

#[cfg(test)]
mod tests {
    use super::Role;

    #[test]
    fn each_role_includes_the_one_before() {
        assert!(Role::Viewer < Role::Member && Role::Member < Role::Admin && Role::Admin < Role::Owner);
    }
}
