//! `GET /v1/turns/{id}/events`.

use axum::{extract::State, response::Response};
use hearth_domain::TurnId;

use crate::{
    App,
    answer::Failure,
    auth::Caller,
    input::Id,
    turn::{self, LastEventId},
};

/// A turn's events, again or on
///
/// From the event after `Last-Event-ID`, or from the start. The same events as the first time, byte for byte, while the
/// turn runs and for an hour after; later what they come to.
#[utoipa::path(get, path = "/v1/turns/{id}/events", tag = "turns",
    params(("id" = TurnId, Path), ("Last-Event-ID" = Option<String>, Header, description = "The last event seen: `<turn id>:<n>`")),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 204, description = "Nothing is left to tell")))]
pub async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<TurnId>,
    last: LastEventId,
) -> Result<Response, Failure> {
    let next = last.next(id)?;
    turn::respond(id, turn::resume(&app, &caller, id, next).await?).await
}
