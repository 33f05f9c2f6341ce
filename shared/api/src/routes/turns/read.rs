//! `GET /v1/turns/{id}`.

use axum::{Json, extract::State};
use hearth_clients::supabase::RpcError;
use hearth_domain::{Code, Problem, Turn, TurnId};
use serde_json::json;

use crate::{App, answer::Failure, auth::Caller, input::Id, turn::Followed};

/// Reads a turn as the caller. What they may not see is not there.
pub async fn known(app: &App, caller: &Caller, id: TurnId) -> Result<Turn, RpcError> {
    app.supabase.call(&caller.token, "get_turn", &json!({ "id": id })).await
}

/// What a follower needs of a turn.
pub fn followed(mut turn: Turn) -> Result<Followed, Problem> {
    let answer = turn.message.take();
    let answer = answer.ok_or_else(|| Code::TurnNotFound.with("This turn's answer was deleted."))?;
    Ok(Followed { turn, user_message: None, answer })
}

/// A turn's state
#[utoipa::path(get, path = "/v1/turns/{id}", tag = "turns", params(("id" = TurnId, Path)),
    responses((status = 200, body = Turn)))]
pub async fn get(State(app): State<App>, caller: Caller, Id(id): Id<TurnId>) -> Result<Json<Turn>, Failure> {
    Ok(Json(known(&app, &caller, id).await?))
}
