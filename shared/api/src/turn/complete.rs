//! The one database call after the last token, and the closing of turns whose instance died.

use std::time::Duration;

use hearth_clients::{
    platform,
    supabase::{RpcError, Signed},
};
use hearth_domain::{Code, Decision, Message, MessageStatus, Problem, TurnId, Usage, UserId, WorkspaceId};
use serde::{Deserialize, Serialize};

use super::{begin::Closed, follow::text_so_far};
use crate::{App, answer::from_rpc};

/// How often storing an answer is tried, with a pause that doubles from [`FIRST_PAUSE`] on: about half a minute.
const ATTEMPTS: u32 = 7;
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// How a turn ended, as it is stored.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    pub status: MessageStatus,
    pub content: String,
    pub usage: Option<Usage>,
    pub decision: Option<Decision>,
    /// The answer's tokens.
    pub tokens: Option<u64>,
    pub question_tokens: Option<u64>,
    pub problem: Option<Problem>,
    pub time_to_first_token_ms: Option<u64>,
    pub duration_ms: u64,
}

impl Outcome {
    /// What is left of a turn whose instance died.
    fn left(status: MessageStatus, content: String) -> Self {
        Self {
            status,
            content,
            usage: None,
            decision: None,
            tokens: None,
            question_tokens: None,
            problem: None,
            time_to_first_token_ms: None,
            duration_ms: 0,
        }
    }
}

#[derive(Deserialize)]
struct Completed {
    message: Message,
}

/// Stores an outcome. Idempotent: a turn that has ended is left as it is, and its message is returned.
pub async fn complete(
    app: &App,
    workspace: WorkspaceId,
    turn: TurnId,
    user: UserId,
    outcome: &Outcome,
) -> Result<Message, RpcError> {
    let payload = serde_json::to_string(outcome).unwrap_or_default();
    let call = Signed { workspace: workspace.0, id: turn.0, user: user.0, payload };
    let stored: Completed = app.supabase.call_signed(&app.signing_key, "complete_turn", &call).await?;
    Ok(stored.message)
}

/// Stores an outcome, trying again while the database is away: what was said must not be lost to a restart.
pub async fn complete_patiently(
    app: &App,
    workspace: WorkspaceId,
    turn: TurnId,
    user: UserId,
    outcome: &Outcome,
) -> Result<Message, Problem> {
    let mut pause = FIRST_PAUSE;
    let attempts = app.host.attempts(ATTEMPTS);
    for attempt in 1..=attempts {
        match complete(app, workspace, turn, user, outcome).await {
            Ok(message) => return Ok(message),
            Err(error) if error.is_passing() && attempt < attempts => {
                tracing::warn!(%error, attempt, "the answer cannot be stored yet");
                platform::sleep(pause).await;
                pause *= 2;
            }
            Err(error) if error.is_passing() => break,
            Err(error) => return Err(from_rpc(error)),
        }
    }
    Err(Code::NotStored
        .with("The answer is complete, but the database is away, so it is not in the conversation yet. Ask for this turn again later: it is kept for an hour.")
        .retry_after(30))
}

/// Closes a turn whose instance died, keeping what was said so far.
pub async fn close_dead(
    app: &App,
    workspace: WorkspaceId,
    turn: TurnId,
    user: UserId,
    status: MessageStatus,
    said: String,
) -> Result<Message, RpcError> {
    complete(app, workspace, turn, user, &Outcome::left(status, said)).await
}

/// Gives turns that the database closed by their lease what the journal still has of their answers.
pub async fn recover(app: App, workspace: WorkspaceId, closed: Vec<Closed>) {
    let Some(journal) = &app.journal else { return };
    for Closed { id, user_id } in closed {
        let said = text_so_far(journal, (workspace, id)).await.unwrap_or_default();
        if said.is_empty() {
            continue;
        }
        let status = MessageStatus::Interrupted;
        if let Err(error) = close_dead(&app, workspace, id, user_id, status, said).await {
            tracing::warn!(%error, turn = %id, "what a dead instance had said could not be stored");
        }
    }
}
