//! The turns that run on this instance.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hearth_clients::platform;
use hearth_domain::{TurnId, WorkspaceId};
use tokio::sync::watch;

use super::log::EventLog;

/// A turn's key: ids are unique within a workspace, not beyond.
pub type Key = (WorkspaceId, TurnId);

/// Why a turn is to end early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Its caller wants no more of it.
    Cancelled,
    /// The instance is about to stop.
    Interrupted,
}

/// A turn in progress.
pub struct Running {
    pub log: EventLog,
    stop: watch::Sender<Option<Stop>>,
}

impl Running {
    fn new(turn: TurnId) -> Self {
        Self { log: EventLog::new(turn), stop: watch::Sender::new(None) }
    }

    /// Asks the turn to end. The first reason stands.
    pub fn stop(&self, reason: Stop) {
        self.stop.send_if_modified(|current| {
            let first = current.is_none();
            current.get_or_insert(reason);
            first
        });
    }

    /// Waits until the turn is asked to end.
    pub async fn stopped(&self) -> Stop {
        let mut stop = self.stop.subscribe();
        loop {
            if let Some(reason) = *stop.borrow_and_update() {
                return reason;
            }
            if stop.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// All turns in progress here.
#[derive(Default)]
pub struct Live {
    turns: Mutex<HashMap<Key, Arc<Running>>>,
    changed: watch::Sender<()>,
}

impl Live {
    /// Makes the entry of a turn that begins.
    pub fn insert(&self, key: Key) -> Arc<Running> {
        let running = Arc::new(Running::new(key.1));
        self.turns().insert(key, Arc::clone(&running));
        running
    }

    /// The turn, if it runs here and another request may wait for it.
    pub fn get(&self, key: Key) -> Option<Arc<Running>> {
        if platform::REQUESTS_MEET { self.turns().get(&key).cloned() } else { None }
    }

    pub fn remove(&self, key: Key) {
        self.turns().remove(&key);
        self.changed.send_replace(());
    }

    pub fn len(&self) -> usize {
        self.turns().len()
    }

    pub fn interrupt_all(&self) {
        for running in self.turns().values() {
            running.stop(Stop::Interrupted);
        }
    }

    pub async fn wait_until_empty(&self) {
        let mut changed = self.changed.subscribe();
        while self.len() > 0 {
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    fn turns(&self) -> MutexGuard<'_, HashMap<Key, Arc<Running>>> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
