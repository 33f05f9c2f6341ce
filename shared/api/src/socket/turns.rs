//! The turns that a connection sends, follows and stops.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{StreamExt, stream::BoxStream};
use hearth_clients::platform::Background;
use hearth_domain::{ConversationId, Problem, TurnId};

use super::message::{Reference, Told};
use crate::{
    App,
    auth::Caller,
    turn::{self, Allowance, Frame, LastEventId, Running, TurnRequest},
};

/// Turns that a connection may send where calls are counted.
const SENDS: u32 = 3;
/// Batches of the journal that another turn needs, where calls are counted.
const ENOUGH: u32 = 10;

/// What answers one message.
pub struct Asking {
    pub reference: Reference,
    pub answers: BoxStream<'static, Told>,
}

/// A connection's turns.
pub struct Turns {
    app: App,
    background: Background,
    caller: Caller,
    /// Those that were sent here: they can be stopped without asking around.
    running: Arc<Mutex<HashMap<TurnId, Arc<Running>>>>,
    allowance: Allowance,
    sent: u32,
}

impl Turns {
    pub fn new(app: App, background: Background, caller: Caller) -> Self {
        let allowance = Allowance::of(&app.host);
        Self { app, background, caller, running: Arc::default(), allowance, sent: 0 }
    }

    /// Goes on with a fresh token.
    pub fn renew(&mut self, caller: Caller) {
        self.caller = caller;
    }

    /// Whether the host's calls are used up, so that the client has to connect again.
    pub fn are_spent(&self) -> bool {
        self.app.host.subrequests.is_some() && (self.sent >= SENDS || self.allowance.left() < ENOUGH)
    }

    pub fn send(&mut self, to: ConversationId, request: TurnRequest, reference: Reference) -> Asking {
        self.sent += 1;
        let (app, background, caller) = (self.app.clone(), self.background.clone(), self.caller.clone());
        let (running, allowance) = (Arc::clone(&self.running), self.allowance.clone());
        asking(reference, async move {
            let asked = turn::ask(&app, &background, &caller, to, request, allowance).await?;
            if let Some(here) = asked.running {
                running.lock().unwrap_or_else(PoisonError::into_inner).insert(asked.turn, here);
            }
            Ok((asked.turn, asked.frames))
        })
    }

    pub fn subscribe(&self, id: TurnId, last: Option<String>, reference: Reference) -> Asking {
        let (app, caller) = (self.app.clone(), self.caller.clone());
        asking(reference, async move {
            let next = LastEventId::of(last).next(id)?;
            Ok((id, turn::resume(&app, &caller, id, next).await?))
        })
    }

    pub fn cancel(&self, turn_id: TurnId, reference: Reference) -> Asking {
        let (app, caller) = (self.app.clone(), self.caller.clone());
        let here = self.running.lock().unwrap_or_else(PoisonError::into_inner).get(&turn_id).cloned();
        let named = reference.clone();
        let answers = futures_util::stream::once(async move {
            match turn::cancel(&app, &caller, turn_id, here).await {
                Ok(_) => Told::Cancelled { turn_id, reference: named },
                Err(problem) => Told::problem(problem, named),
            }
        });
        Asking { reference, answers: answers.boxed() }
    }
}

/// Tells of a turn once it is found: its events, or the problem that there are none.
fn asking<F>(reference: Reference, find: F) -> Asking
where
    F: Future<Output = Result<(TurnId, BoxStream<'static, Frame>), Problem>> + Send + 'static,
{
    let named = reference.clone();
    let answers = async_stream::stream! {
        match find.await {
            Ok((turn, frames)) => {
                for await frame in frames {
                    yield Told::event(turn, &frame, named.clone());
                }
            }
            Err(problem) => yield Told::problem(problem, named),
        }
    };
    Asking { reference, answers: answers.boxed() }
}
