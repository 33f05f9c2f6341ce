//! `POST /v1/conversations/{id}/messages`.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use hearth_clients::platform;
use hearth_domain::{ConversationId, Message};

use crate::{
    App,
    answer::Failure,
    auth::Caller,
    input::{Body, Id},
    turn::{self, Followed, TurnRequest},
};

/// Ask a question
///
/// The answer comes as server-sent events, or with `"stream": false` as the completed message. A turn whose `id` was sent
/// before is not made again: the first one's events follow from the start.
#[utoipa::path(post, path = "/v1/conversations/{id}/messages", tag = "turns", params(("id" = ConversationId, Path)),
    request_body = TurnRequest,
    responses(
        (status = 200, description = "Events, or the message", content_type = "text/event-stream", body = String),
        (status = 200, description = "With `\"stream\": false`", body = Message),
    ))]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Id(conversation): Id<ConversationId>,
    Body(request): Body<TurnRequest>,
) -> Result<Response, Failure> {
    request.check()?;
    let begun = turn::begin(&app, &caller, conversation, &request).await?;
    if !begun.closed.is_empty() {
        platform::spawn(turn::recover(app.clone(), begun.workspace_id, begun.closed.clone()));
    }
    let followed = Followed {
        turn: begun.turn.clone(),
        user_message: Some(begun.user_message.clone()),
        answer: begun.answer.clone(),
    };
    let stream = request.stream.unwrap_or(true);
    if begun.created {
        turn::start(&app, begun, request);
    }
    let turn = followed.turn.id;
    let frames = turn::follow(&app, followed, 0).await?;
    if stream {
        turn::respond(turn, frames).await
    } else {
        Ok(Json(turn::as_message(frames).await?).into_response())
    }
}
