//! A workspace's policy.

use axum::{Json, extract::State};
use hearth_domain::{Policy, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::{
    App,
    answer::Failure,
    auth::Caller,
    input::{Body, Id, IfMatch, with},
};

/// A policy as it is put: whole. What is left out goes back to its default.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPolicy {
    #[serde(default)]
    on_prem_only: bool,
    #[serde(default)]
    #[schema(value_type = Object)]
    routing: Map<String, Value>,
    #[serde(default)]
    #[schema(value_type = Object)]
    quotas: Map<String, Value>,
    #[serde(default)]
    retention_days: Option<i32>,
}

/// A workspace's policy
#[utoipa::path(get, path = "/v1/workspaces/{id}/policy", tag = "workspaces", params(("id" = WorkspaceId, Path)),
    responses((status = 200, body = Policy)))]
pub async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<WorkspaceId>,
) -> Result<Json<Policy>, Failure> {
    Ok(Json(app.supabase.call(&caller.token, "get_policy", &json!({ "workspace_id": id })).await?))
}

/// Set a workspace's policy
///
/// For admins. It narrows what the operator set up, and never adds to it.
#[utoipa::path(put, path = "/v1/workspaces/{id}/policy", tag = "workspaces", params(("id" = WorkspaceId, Path)),
    request_body = NewPolicy, responses((status = 200, body = Policy)))]
pub async fn put(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<WorkspaceId>,
    IfMatch(if_revision): IfMatch,
    Body(policy): Body<NewPolicy>,
) -> Result<Json<Policy>, Failure> {
    let p = with(&policy, &[("workspace_id", json!(id)), ("if_revision", json!(if_revision))]);
    Ok(Json(app.supabase.change(&caller.token, "put_policy", &p).await?))
}
