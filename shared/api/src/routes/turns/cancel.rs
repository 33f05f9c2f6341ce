//! `POST /v1/turns/{id}/cancel`.

use axum::{Json, extract::State};
use hearth_domain::{Turn, TurnId};

use crate::{App, answer::Failure, auth::Caller, input::Id, turn};

/// Stop a turn
///
/// What was said so far is kept. For whoever asked, and for admins. A turn that has ended is left as it is.
#[utoipa::path(post, path = "/v1/turns/{id}/cancel", tag = "turns", params(("id" = TurnId, Path)),
    responses((status = 200, body = Turn)))]
pub async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<TurnId>,
) -> Result<Json<Turn>, Failure> {
    Ok(Json(turn::cancel(&app, &caller, id, None).await?))
}
