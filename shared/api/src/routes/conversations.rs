//! Conversations.

use axum::{
    Json,
    extract::{FromRequestParts, Query, State},
};
use hearth_domain::{Conversation, ConversationId, Page, Problem, Sensitivity, WorkspaceId};
use http::{StatusCode, request::Parts};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use crate::{
    App,
    answer::Failure,
    auth::Caller,
    input::{Body, Id, IfMatch, ListQuery, with},
};

/// A new conversation.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConversation {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<ConversationId>,
    /// The caller's Personal workspace if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    workspace_id: Option<WorkspaceId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    system_prompt: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sensitivity: Option<Sensitivity>,
}

/// What of a conversation can be changed. A field that is null is cleared; one that is left out stays.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Changes {
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    title: Option<Value>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    system_prompt: Option<Value>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    model: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sensitivity: Option<Sensitivity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    archived: Option<bool>,
}

/// A text or null, told apart from a field that is not there.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Ok(Some(Option::<String>::deserialize(deserializer)?.map_or(Value::Null, Value::String)))
}

/// Which conversations.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// The caller's Personal workspace if left out.
    workspace_id: Option<WorkspaceId>,
    /// Archived ones alone, or the others alone; all if left out.
    archived: Option<bool>,
}

impl FromRequestParts<App> for Which {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let query = Query::<Self>::from_request_parts(parts, app).await;
        query.map(|Query(which)| which).map_err(|error| Problem::field("query", error.body_text()).into())
    }
}

/// A workspace's conversations
///
/// The one that changed last comes first.
#[utoipa::path(get, path = "/v1/conversations", tag = "conversations", params(Which, ListQuery),
    responses((status = 200, body = Page<Conversation>)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    which: Which,
    query: ListQuery,
) -> Result<Json<Page<Conversation>>, Failure> {
    let p = with(&query, &[("workspace_id", json!(which.workspace_id)), ("archived", json!(which.archived))]);
    Ok(Json(app.supabase.call(&caller.token, "list_conversations", &p).await?))
}

/// Make a conversation
#[utoipa::path(post, path = "/v1/conversations", tag = "conversations", request_body = NewConversation,
    responses((status = 201, body = Conversation)))]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(mut new): Body<NewConversation>,
) -> Result<(StatusCode, Json<Conversation>), Failure> {
    // With an id the call can be made again where its answer was lost.
    new.id.get_or_insert_with(ConversationId::generate);
    let made = app.supabase.call(&caller.token, "create_conversation", &new).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// A conversation
#[utoipa::path(get, path = "/v1/conversations/{id}", tag = "conversations", params(("id" = ConversationId, Path)),
    responses((status = 200, body = Conversation)))]
pub async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ConversationId>,
) -> Result<Json<Conversation>, Failure> {
    Ok(Json(app.supabase.call(&caller.token, "get_conversation", &json!({ "id": id })).await?))
}

/// Change a conversation
#[utoipa::path(patch, path = "/v1/conversations/{id}", tag = "conversations", params(("id" = ConversationId, Path)),
    request_body = Changes, responses((status = 200, body = Conversation)))]
pub async fn patch(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ConversationId>,
    IfMatch(if_revision): IfMatch,
    Body(changes): Body<Changes>,
) -> Result<Json<Conversation>, Failure> {
    let p = with(&changes, &[("id", json!(id)), ("if_revision", json!(if_revision))]);
    Ok(Json(app.supabase.change(&caller.token, "update_conversation", &p).await?))
}

/// Delete a conversation
///
/// With its messages; tombstones without content stay, so that other devices learn of it.
#[utoipa::path(delete, path = "/v1/conversations/{id}", tag = "conversations", params(("id" = ConversationId, Path)),
    responses((status = 204)))]
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ConversationId>,
) -> Result<StatusCode, Failure> {
    let _: Value = app.supabase.change(&caller.token, "delete_conversation", &json!({ "id": id })).await?;
    Ok(StatusCode::NO_CONTENT)
}
