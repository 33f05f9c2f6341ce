//! Stopping a turn, wherever it runs.

use std::{sync::Arc, time::Duration};

use hearth_clients::platform;
use hearth_domain::{Code, MessageStatus, Problem, Role, Turn, TurnId, TurnState};

use super::{Running, close_dead, live::Stop, text_so_far};
use crate::{App, answer::from_rpc, auth::Caller, turn::read};

/// How long a turn that runs here may take to stop.
const STOP_BY: Duration = Duration::from_secs(5);

/// Stops a turn; `here` is its handle where the caller has it. A turn that has ended is left as it is.
pub async fn cancel(
    app: &App,
    caller: &Caller,
    id: TurnId,
    here: Option<Arc<Running>>,
) -> Result<Turn, Problem> {
    let turn = read(app, caller, id).await?;
    let role = turn.role.unwrap_or(Role::Viewer);
    if turn.user_id != caller.user_id && role < Role::Admin || role < Role::Member {
        return Err(
            Code::RoleRequired.with("Only who asked, or an admin of the workspace, can stop this answer.")
        );
    }
    if turn.state != TurnState::Pending {
        return Ok(turn);
    }
    if let Some(running) = here.or_else(|| app.live.get((turn.workspace_id, turn.id))) {
        running.stop(Stop::Cancelled);
        // The log is closed once the answer is stored; then the turn reads as cancelled.
        let _ = platform::timeout(STOP_BY, running.log.closed()).await;
    } else {
        stop_elsewhere(app, &turn).await?;
    }
    read(app, caller, id).await
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
    let said = text_so_far(journal, (turn.workspace_id, turn.id)).await.map_err(|_| away())?;
    let status = MessageStatus::Cancelled;
    close_dead(app, turn.workspace_id, turn.id, turn.user_id, status, said).await.map(drop).map_err(from_rpc)
}
