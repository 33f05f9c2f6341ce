//! The events of a turn that runs here, in memory: appended once, read by as many as want to.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hearth_domain::TurnId;
use tokio::sync::watch;

use super::{Event, Frame};

/// An append-only log of frames.
pub struct EventLog {
    turn: TurnId,
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    frames: Vec<Arc<Frame>>,
    closed: bool,
}

/// What a reader finds: the frames from its place on, and whether more can come.
pub struct Read {
    pub frames: Vec<Arc<Frame>>,
    pub closed: bool,
}

impl EventLog {
    pub fn new(turn: TurnId) -> Self {
        Self { turn, state: Mutex::default(), changed: watch::Sender::new(()) }
    }

    /// Appends an event. Nothing is appended after the last one.
    pub fn append(&self, event: &Event) {
        {
            let mut state = self.state();
            if state.closed {
                return;
            }
            let frame = event.frame(self.turn, u32::try_from(state.frames.len()).unwrap_or(u32::MAX));
            state.closed = frame.is_last();
            state.frames.push(Arc::new(frame));
        }
        self.changed.send_replace(());
    }

    /// Ends the log, be the last event there or not.
    pub fn close(&self) {
        self.state().closed = true;
        self.changed.send_replace(());
    }

    /// The frames from number `next` on.
    pub fn read(&self, next: u32) -> Read {
        let state = self.state();
        let frames = state.frames.get(next as usize..).unwrap_or_default().to_vec();
        Read { frames, closed: state.closed }
    }

    /// The frames from number `next` on; waits until there is one, or none can come.
    pub async fn wait(&self, next: u32) -> Read {
        let mut changed = self.changed.subscribe();
        loop {
            let read = self.read(next);
            if !read.frames.is_empty() || read.closed {
                return read;
            }
            if changed.changed().await.is_err() {
                return Read { frames: Vec::new(), closed: true };
            }
        }
    }

    /// Whether nothing more can come.
    pub fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// Waits until nothing more can come.
    pub async fn closed(&self) {
        let mut changed = self.changed.subscribe();
        while !self.state().closed {
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
