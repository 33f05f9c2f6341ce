//! Asking: the use case behind the route and the WebSocket.

use std::sync::Arc;

use futures_util::{StreamExt, stream::BoxStream};
use hearth_clients::platform::{self, Background};
use hearth_domain::{ConversationId, Problem, TurnId};

use super::{
    Allowance, Followed, Frame, Running, TurnRequest, begin,
    follow::{follow, from_memory},
    generate::start,
    live::Stop,
    recover,
};
use crate::{App, answer::from_rpc, auth::Caller};

/// A turn that was begun, or had been.
pub struct Asked {
    pub turn: TurnId,
    /// Its events, from the first.
    pub frames: BoxStream<'static, Frame>,
    /// The turn, where this call made it.
    pub running: Option<Arc<Running>>,
}

/// Begins a turn, and tells of it. One whose id was sent before is not made again: its events follow from the start.
pub async fn ask(
    app: &App,
    background: &Background,
    caller: &Caller,
    conversation: ConversationId,
    request: TurnRequest,
    allowance: Allowance,
) -> Result<Asked, Problem> {
    request.check()?;
    let begun = begin(app, caller, conversation, &request).await.map_err(from_rpc)?;
    if !begun.closed.is_empty() {
        let mut closed = begun.closed.clone();
        // Where calls are counted, one at a time: the next question closes the next.
        closed.truncate(if app.host.subrequests.is_some() { 1 } else { usize::MAX });
        background.spawn(recover(app.clone(), begun.workspace_id, closed));
    }
    let turn = begun.turn.id;
    if begun.created {
        let running = start(app, background, begun, request, allowance);
        let told = from_memory(Arc::clone(&running), 0).boxed();
        let frames = while_there(app, background, &running, told);
        return Ok(Asked { turn, frames, running: Some(running) });
    }
    let followed = Followed {
        turn: begun.turn.clone(),
        user_message: Some(begun.user_message.clone()),
        answer: begun.answer.clone(),
    };
    Ok(Asked { turn, frames: follow(app, followed, 0).await?, running: None })
}

/// The same frames; once they are dropped before the end, the turn has only so long as the host grants.
fn while_there(
    app: &App,
    background: &Background,
    running: &Arc<Running>,
    mut frames: BoxStream<'static, Frame>,
) -> BoxStream<'static, Frame> {
    let Some(limit) = app.host.after_leaving else { return frames };
    let (watched, background) = (Arc::clone(running), background.clone());
    let leaving = Leaving(Some(move || {
        if watched.log.is_closed() {
            return;
        }
        background.spawn(async move {
            let ended = platform::timeout(limit, watched.log.closed()).await;
            if ended.is_err() {
                watched.stop(Stop::Interrupted);
            }
        });
    }));
    let told = async_stream::stream! {
        let _leaving = leaving;
        while let Some(frame) = frames.next().await {
            yield frame;
        }
    };
    told.boxed()
}

/// Runs its function when dropped.
struct Leaving<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for Leaving<F> {
    fn drop(&mut self) {
        if let Some(run) = self.0.take() {
            run();
        }
    }
}
