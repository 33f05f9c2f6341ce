//! Workspaces.

use axum::{Json, extract::State};
use hearth_domain::{Page, Workspace, WorkspaceId};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{
    App,
    answer::Failure,
    auth::Caller,
    input::{Body, Id, IfMatch, ListQuery, with},
};

/// A new workspace.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWorkspace {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<WorkspaceId>,
    name: String,
}

/// What of a workspace can be changed.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Changes {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// The caller's workspaces
#[utoipa::path(get, path = "/v1/workspaces", tag = "workspaces", params(ListQuery),
    responses((status = 200, body = Page<Workspace>)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    query: ListQuery,
) -> Result<Json<Page<Workspace>>, Failure> {
    Ok(Json(app.supabase.call(&caller.token, "list_workspaces", &query).await?))
}

/// Make a workspace
#[utoipa::path(post, path = "/v1/workspaces", tag = "workspaces", request_body = NewWorkspace,
    responses((status = 201, body = Workspace)))]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(mut new): Body<NewWorkspace>,
) -> Result<(StatusCode, Json<Workspace>), Failure> {
    // With an id the call can be made again where its answer was lost.
    new.id.get_or_insert_with(WorkspaceId::generate);
    let made = app.supabase.call(&caller.token, "create_workspace", &new).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// A workspace
#[utoipa::path(get, path = "/v1/workspaces/{id}", tag = "workspaces", params(("id" = WorkspaceId, Path)),
    responses((status = 200, body = Workspace)))]
pub async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<WorkspaceId>,
) -> Result<Json<Workspace>, Failure> {
    Ok(Json(app.supabase.call(&caller.token, "get_workspace", &json!({ "id": id })).await?))
}

/// Rename a workspace
#[utoipa::path(patch, path = "/v1/workspaces/{id}", tag = "workspaces", params(("id" = WorkspaceId, Path)),
    request_body = Changes, responses((status = 200, body = Workspace)))]
pub async fn patch(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<WorkspaceId>,
    IfMatch(if_revision): IfMatch,
    Body(changes): Body<Changes>,
) -> Result<Json<Workspace>, Failure> {
    let p = with(&changes, &[("id", json!(id)), ("if_revision", json!(if_revision))]);
    Ok(Json(app.supabase.change(&caller.token, "update_workspace", &p).await?))
}

/// Delete a workspace
///
/// With all that is in it. For owners; a Personal workspace stays with its person.
#[utoipa::path(delete, path = "/v1/workspaces/{id}", tag = "workspaces", params(("id" = WorkspaceId, Path)),
    responses((status = 204)))]
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<WorkspaceId>,
) -> Result<StatusCode, Failure> {
    let _: Value = app.supabase.change(&caller.token, "delete_workspace", &json!({ "id": id })).await?;
    Ok(StatusCode::NO_CONTENT)
}
