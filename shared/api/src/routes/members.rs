//! The members of a workspace.

use axum::{Json, extract::State};
use hearth_domain::{Member, Page, Role, UserId, WorkspaceId};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{
    App,
    answer::Failure,
    auth::Caller,
    input::{Body, Id, Ids, IfMatch, ListQuery, with},
};

/// A person to take in, by e-mail or by id.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMember {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
    role: Role,
}

/// What of a member can be changed.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Changes {
    role: Role,
}

/// The members of a workspace
#[utoipa::path(get, path = "/v1/workspaces/{id}/members", tag = "workspaces",
    params(("id" = WorkspaceId, Path), ListQuery), responses((status = 200, body = Page<Member>)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<WorkspaceId>,
    query: ListQuery,
) -> Result<Json<Page<Member>>, Failure> {
    let p = with(&query, &[("workspace_id", json!(id))]);
    Ok(Json(app.supabase.call(&caller.token, "list_members", &p).await?))
}

/// Take a person in
#[utoipa::path(post, path = "/v1/workspaces/{id}/members", tag = "workspaces", params(("id" = WorkspaceId, Path)),
    request_body = NewMember, responses((status = 201, body = Member)))]
pub async fn add(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<WorkspaceId>,
    Body(new): Body<NewMember>,
) -> Result<(StatusCode, Json<Member>), Failure> {
    let p = with(&new, &[("workspace_id", json!(id))]);
    Ok((StatusCode::CREATED, Json(app.supabase.change(&caller.token, "add_member", &p).await?)))
}

/// Change a member's role
#[utoipa::path(patch, path = "/v1/workspaces/{id}/members/{user_id}", tag = "workspaces",
    params(("id" = WorkspaceId, Path), ("user_id" = UserId, Path)), request_body = Changes,
    responses((status = 200, body = Member)))]
pub async fn patch(
    State(app): State<App>,
    caller: Caller,
    Ids(id, user_id): Ids<WorkspaceId, UserId>,
    IfMatch(if_revision): IfMatch,
    Body(changes): Body<Changes>,
) -> Result<Json<Member>, Failure> {
    let whose =
        [("workspace_id", json!(id)), ("user_id", json!(user_id)), ("if_revision", json!(if_revision))];
    Ok(Json(app.supabase.change(&caller.token, "update_member", &with(&changes, &whose)).await?))
}

/// Remove a member, or leave
#[utoipa::path(delete, path = "/v1/workspaces/{id}/members/{user_id}", tag = "workspaces",
    params(("id" = WorkspaceId, Path), ("user_id" = UserId, Path)), responses((status = 204)))]
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    Ids(id, user_id): Ids<WorkspaceId, UserId>,
) -> Result<StatusCode, Failure> {
    let p = json!({ "workspace_id": id, "user_id": user_id });
    let _: Value = app.supabase.change(&caller.token, "remove_member", &p).await?;
    Ok(StatusCode::NO_CONTENT)
}
