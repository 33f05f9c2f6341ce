//! `GET /v1/turns/{id}`.

use axum::{Json, extract::State};
use hearth_domain::{Turn, TurnId};

use crate::{App, answer::Failure, auth::Caller, input::Id, turn};

/// A turn's state
#[utoipa::path(get, path = "/v1/turns/{id}", tag = "turns", params(("id" = TurnId, Path)),
    responses((status = 200, body = Turn)))]
pub async fn get(State(app): State<App>, caller: Caller, Id(id): Id<TurnId>) -> Result<Json<Turn>, Failure> {
    Ok(Json(turn::read(&app, &caller, id).await?))
}
