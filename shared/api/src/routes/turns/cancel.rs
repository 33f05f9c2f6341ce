//! `POST /v1/turns/{id}/cancel`.

use std::time::Duration;

use axum::{Json, extract::State};
use hearth_clients::platform;
use hearth_domain::{Code, MessageStatus, Problem, Role, Turn, TurnId, TurnState};

use super::read::known;
use crate::{
    App,
    answer::Failure,
    auth::Caller,
    input::Id,
    turn::{Stop, close_dead},
};

/// How long a turn that runs here may take to stop.
const STOP_BY: Duration = Duration::from_secs(5);

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
    let turn = known(&app, &caller, id).await?;
    let role = turn.role.unwrap_or(Role::Viewer);
    if turn.user_id != caller.user_id && role < Role::Admin || role < Role::Member {
        return Err(Code::RoleRequired
            .with("Only who asked, or an admin of the workspace, can stop this answer.")
            .into());
    }
    if turn.state != TurnState::Pending {
        return Ok(Json(turn));
    }
    let key = (turn.workspace_id, turn.id);
    if let Some(running) = app.live.get(key) {
        running.stop(Stop::Cancelled);
        // The log is closed once the answer is stored; then the turn reads as cancelled.
        let _ = platform::timeout(STOP_BY, running.log.closed()).await;
    } else {
        stop_elsewhere(&app, &turn).await?;
    }
    Ok(Json(known(&app, &caller, id).await?))
}

/// Asks the instance that makes the turn to stop; if it is dead, closes the turn here.
async fn stop_elsewhere(app: &App, turn: &Turn) -> Result<(), Problem> {
    let away = || {
        Code::StreamUnavailable
            .with("The turn runs on another instance, which cannot be reached now. Try again shortly.")
            .retry_after(5)
    };
    let journal = app.journal.as_ref().ok_or_else(away)?;
    let alive = journal.cancel((turn.workspace_id, turn.id)).await.map_err(|_| away())?;
    if alive {
        return Ok(());
    }
    let said = crate::turn::text_so_far(journal, (turn.workspace_id, turn.id)).await.map_err(|_| away())?;
    let status = MessageStatus::Cancelled;
    close_dead(app, turn.workspace_id, turn.id, turn.user_id, status, said)
        .await
        .map(drop)
        .map_err(crate::answer::from_rpc)
}
