//! `POST /v1/conversations/{id}/messages`.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use hearth_domain::{ConversationId, Message};

use crate::{
    App,
    answer::Failure,
    auth::Caller,
    host::Beyond,
    input::{Body, Id},
    turn::{self, Allowance, TurnRequest},
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
    Beyond(background): Beyond,
    Id(conversation): Id<ConversationId>,
    Body(request): Body<TurnRequest>,
) -> Result<Response, Failure> {
    let stream = request.stream.unwrap_or(true);
    let allowance = Allowance::of(&app.host);
    let asked = turn::ask(&app, &background, &caller, conversation, request, allowance).await?;
    if stream {
        turn::respond(asked.turn, asked.frames).await
    } else {
        Ok(Json(turn::as_message(asked.frames).await?).into_response())
    }
}
