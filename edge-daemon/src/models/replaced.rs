//! Files that are replaced while their models are served.

use std::sync::Weak;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::entry::{Entry, Slot};
use super::known::Known;
use super::{Inner, Models};
use crate::model::file::Files;

/// How often the files of what is in memory are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Closes what is served from files that are no longer there, for as long as there are models at all: answers that have begun
/// end on the old file, and whoever comes later waits for the new one. What is to be in memory always is loaded again at once.
pub async fn follow_files(inner: Weak<Inner>) {
    let mut tick = tokio::time::interval(LOOK);
    // A disk that hangs is not asked the more often afterwards.
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let Some(inner) = inner.upgrade() else { return };
        let served = inner.served();
        if served.is_empty() {
            continue;
        }
        let looking = inner.clone();
        let replaced = inner.disk.look(move || {
            let replaced = |(known, files): &(Known, Files)| looking.were_replaced(known, files);
            served.into_iter().filter(replaced).collect::<Vec<_>>()
        });
        for (known, files) in replaced.await.unwrap_or_default() {
            if inner.close_replaced(&known, &files) {
                let models = Models { inner: inner.clone() };
                tokio::spawn(async move { models.take_known(known).await.map(drop) });
            }
        }
    }
}

impl Inner {
    /// What is served, and the files that it was read from.
    fn served(&self) -> Vec<(Known, Files)> {
        let served = |entry: &Entry| match &entry.slot {
            Slot::Ready(running, _) => Some((entry.known.clone(), running.files.clone())),
            _ => None,
        };
        self.shelf().entries.values().filter_map(served).collect()
    }

    /// Closes a model that is still served from these files; whether it is to be loaded again at once.
    fn close_replaced(&self, known: &Known, files: &Files) -> bool {
        let mut shelf = self.shelf();
        let Some(entry) = shelf.entries.get_mut(&known.id) else { return false };
        if !matches!(&entry.slot, Slot::Ready(running, _) if running.files == *files) {
            return false;
        }
        tracing::info!(model = known.id, "the model's file was replaced: it is loaded anew");
        entry.close();
        let again = entry.pinned;
        drop(shelf);
        self.changed.notify_waiters();
        again
    }
}
