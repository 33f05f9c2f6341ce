//! The messages of a conversation.

use axum::{Json, extract::State};
use hearth_domain::{ConversationId, Message, Page};
use serde_json::json;

use crate::{
    App,
    answer::Failure,
    auth::Caller,
    input::{Id, ListQuery, with},
};

/// A conversation's messages
///
/// Oldest first within a page, newest page first: the cursor leads to the page before.
#[utoipa::path(get, path = "/v1/conversations/{id}/messages", tag = "conversations",
    params(("id" = ConversationId, Path), ListQuery), responses((status = 200, body = Page<Message>)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ConversationId>,
    query: ListQuery,
) -> Result<Json<Page<Message>>, Failure> {
    let p = with(&query, &[("conversation_id", json!(id))]);
    Ok(Json(app.supabase.call(&caller.token, "list_messages", &p).await?))
}
