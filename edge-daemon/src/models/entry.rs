//! One model's place: whether it is in memory, and who holds it.

use std::sync::Arc;
use std::time::Instant;

use super::budget::Held;
use super::known::Known;
use crate::counts::Counts;
use crate::engine::{Engine, Need, Serving};
use crate::model::Shape;
use crate::model::file::Files;

/// A model that was asked for at some time.
#[derive(Debug)]
pub struct Entry {
    pub known: Known,
    pub slot: Slot,
    /// It is not to go for another.
    pub pinned: bool,
    /// Requests that hold it.
    pub in_use: usize,
    /// Requests that wait for it.
    pub waiting: usize,
    /// The number of its latest taking.
    pub taken: u64,
    /// When it was given back last.
    pub last: Instant,
    /// How often it was loaded.
    pub loads: u64,
    pub counts: Arc<Counts>,
}

#[derive(Debug)]
pub enum Slot {
    Unloaded,
    Loading(Running),
    Ready(Running, Arc<Serving>),
    /// Nobody gets it any more; it goes when the last one gives it back.
    Closing(Running),
    /// Its engine is ending.
    Leaving(Running),
    /// It could not be loaded, or its engine ended by itself.
    Failed {
        reason: String,
        files: Files,
        at: Instant,
    },
}

/// An engine, and what it takes.
#[derive(Clone, Debug)]
pub struct Running {
    pub engine: Engine,
    pub shape: Shape,
    pub need: Need,
    /// Tokens that one request may use.
    pub n_ctx: u32,
    /// The files as they were before they were read.
    pub files: Files,
}

impl Entry {
    pub fn new(known: Known) -> Self {
        Self {
            pinned: known.pinned,
            known,
            slot: Slot::Unloaded,
            in_use: 0,
            waiting: 0,
            taken: 0,
            last: Instant::now(),
            loads: 0,
            counts: Arc::default(),
        }
    }

    pub fn is_loading(&self) -> bool {
        matches!(self.slot, Slot::Loading(_))
    }

    /// The engine, where there is one.
    pub fn running(&self) -> Option<&Running> {
        match &self.slot {
            Slot::Loading(running)
            | Slot::Ready(running, _)
            | Slot::Closing(running)
            | Slot::Leaving(running) => Some(running),
            Slot::Unloaded | Slot::Failed { .. } => None,
        }
    }

    /// Does it hold the weights of these files, as this model needs them?
    pub fn serves(&self, known: &Known, files: &Files) -> bool {
        let own = known.adapter.as_ref().map(|(adapter, _)| adapter.path.as_path());
        self.known.path == known.path && self.running().is_some_and(|running| running.files.hold(files, own))
    }

    /// How it counts for the budget; `file` tells weights apart.
    pub fn held(&self, file: usize) -> Option<Held> {
        let Running { need, .. } = self.running()?;
        Some(Held {
            file,
            weights: need.weights,
            own: need.own(),
            pinned: self.pinned,
            // Whoever has waited for it gets it before it can go again.
            busy: self.in_use > 0 || self.waiting > 0 || self.is_loading(),
            leaving: matches!(self.slot, Slot::Closing(_) | Slot::Leaving(_)),
            used: self.taken,
        })
    }

    /// Gives it to nobody any more; it goes once it is given back by all who hold it.
    pub fn close(&mut self) {
        self.slot = match std::mem::replace(&mut self.slot, Slot::Unloaded) {
            Slot::Ready(running, _) => Slot::Closing(running),
            other => other,
        };
        self.let_go_if_closing();
    }

    /// Ends the engine of what is closing and held by nobody.
    pub fn let_go_if_closing(&mut self) {
        if self.in_use > 0 {
            return;
        }
        self.slot = match std::mem::replace(&mut self.slot, Slot::Unloaded) {
            Slot::Closing(running) => {
                running.engine.drain();
                Slot::Leaving(running)
            }
            other => other,
        };
    }
}
