//! Reading a turn, and following it from any place on.

use futures_util::stream::BoxStream;
use hearth_domain::{Code, Problem, Turn, TurnId};
use serde_json::json;

use super::{Followed, Frame, follow::follow};
use crate::{App, answer::from_rpc, auth::Caller};

/// Reads a turn as the caller. What they may not see is not there.
pub async fn read(app: &App, caller: &Caller, id: TurnId) -> Result<Turn, Problem> {
    app.supabase.call(&caller.token, "get_turn", &json!({ "id": id })).await.map_err(from_rpc)
}

/// A turn's frames from number `next` on.
pub async fn resume(
    app: &App,
    caller: &Caller,
    id: TurnId,
    next: u32,
) -> Result<BoxStream<'static, Frame>, Problem> {
    let mut turn = read(app, caller, id).await?;
    let answer = turn.message.take();
    let answer = answer.ok_or_else(|| Code::TurnNotFound.with("This turn's answer was deleted."))?;
    follow(app, Followed { turn, user_message: None, answer }, next).await
}
