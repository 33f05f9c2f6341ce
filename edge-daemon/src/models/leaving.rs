//! How models leave memory: told to, left alone for long, or with the daemon.

use std::sync::Weak;
use std::time::Duration;

use super::entry::{Entry, Running, Slot};
use super::{Inner, Models};

/// How often those that nobody asks for are looked for.
const LOOK: Duration = Duration::from_millis(500);

impl Models {
    /// Unloads a model, and waits until it is gone: running answers are finished first. What is not in memory is left alone.
    /// One that is being loaded goes when it is there.
    pub async fn unload(&self, id: &str) {
        let running = self.inner.shelf().entries.get(id).and_then(Entry::running).cloned();
        let Some(Running { engine, .. }) = running else { return };
        engine.ready().await;
        let is_it = |entry: &Entry| entry.running().is_some_and(|running| running.engine.is(&engine));
        // It may be that the shelf has not been told yet.
        self.until(|entries| !entries.get(id).is_some_and(|entry| is_it(entry) && entry.is_loading())).await;
        if let Some(entry) = self.inner.shelf().entries.get_mut(id).filter(|entry| is_it(entry)) {
            entry.close();
        }
        // Somebody may have had it loaded again: that is another engine.
        self.until(|entries| !entries.get(id).is_some_and(is_it)).await;
    }

    /// Finishes the answers that have begun and refuses the rest; the engines end with the last of them.
    pub fn drain(&self) {
        let mut shelf = self.inner.shelf();
        shelf.closed = true;
        for running in shelf.entries.values().filter_map(Entry::running) {
            running.engine.drain();
        }
        drop(shelf);
        self.inner.changed.notify_waiters();
    }

    /// Ends all engines with their current step.
    pub fn stop(&self) {
        for running in self.inner.shelf().entries.values().filter_map(Entry::running) {
            running.engine.stop();
        }
    }

    /// Waits until no engine runs any more.
    pub async fn ended(&self) {
        self.until(|entries| entries.values().all(|entry| entry.running().is_none())).await;
    }

    async fn until(&self, holds: impl Fn(&std::collections::HashMap<String, Entry>) -> bool) {
        loop {
            let changed = self.inner.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if holds(&self.inner.shelf().entries) {
                return;
            }
            changed.await;
        }
    }
}

/// Unloads what has been left alone for as long as it may, for as long as there are models at all.
pub async fn unload_idle(inner: Weak<Inner>) {
    let mut tick = tokio::time::interval(LOOK);
    loop {
        tick.tick().await;
        let Some(inner) = inner.upgrade() else { return };
        let mut shelf = inner.shelf();
        for (id, entry) in &mut shelf.entries {
            let is_idle = !entry.pinned
                && entry.in_use == 0
                && matches!(entry.slot, Slot::Ready(..))
                && entry.known.idle.is_some_and(|idle| entry.last.elapsed() >= idle);
            if is_idle {
                tracing::info!(model = id, "unloading: nobody has asked for it in a while");
                entry.close();
            }
        }
        drop(shelf);
    }
}
