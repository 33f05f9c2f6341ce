//! Files that are replaced while their models are served.

use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::entry::{Entry, Slot};
use super::known::Known;
use super::{Inner, Models, Unavailable};
use crate::model::file::Files;

/// How often the files of what is in memory are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Closes what is served from files that are no longer there, for as long as there are models at all: answers that have begun
/// end on the old file, and whoever comes later waits for the new one. What is to be in memory always is loaded again at once,
/// also where it has failed before.
pub async fn follow_files(inner: Weak<Inner>) {
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // One look at a time for each model: a disk that hangs holds up no other's.
    let (mut looks, mut looked_at) = (JoinSet::new(), HashSet::new());
    loop {
        tick.tick().await;
        let Some(inner) = inner.upgrade() else { return };
        while let Some(done) = looks.try_join_next() {
            if let Ok(id) = done {
                looked_at.remove(&id);
            }
        }
        for (known, files) in inner.followed() {
            if looked_at.insert(known.id.clone()) {
                looks.spawn(follow(Arc::clone(&inner), known, files));
            }
        }
    }
}

/// Looks at the files of one model; its id.
async fn follow(inner: Arc<Inner>, known: Known, files: Files) -> String {
    let id = known.id.clone();
    let looking = Arc::clone(&inner);
    let look = tokio::task::spawn_blocking(move || Some((looking.successor(&known, &files)?, files)));
    if let Ok(Some((successor, files))) = look.await
        && inner.close_replaced(&id, &files)
    {
        tokio::spawn(Models { inner }.load_again(successor));
    }
    id
}

impl Models {
    /// Loads a model that is to be in memory always.
    async fn load_again(self, known: Known) {
        loop {
            match self.take_known(known.clone()).await {
                Ok(_) | Err(Unavailable::ShuttingDown) => return,
                // Old answers may take long, and so may the disk.
                Err(Unavailable::NotYet { .. } | Unavailable::Disk | Unavailable::QueueFull { .. }) => {
                    tokio::time::sleep(LOOK).await;
                }
                Err(error) => {
                    tracing::error!(model = known.id, "{error}");
                    if let Ok(seen) = self.seen(&known).await {
                        self.inner.fail(&known.id, error.to_string(), seen.files);
                    }
                    return;
                }
            }
        }
    }
}

impl Inner {
    /// What is served, or failed and should be in memory, and the files that it was read from.
    fn followed(&self) -> Vec<(Known, Files)> {
        let followed = |entry: &Entry| match &entry.slot {
            Slot::Ready(running, _) => Some((entry.known.clone(), running.files.clone())),
            Slot::Failed { files, .. } if entry.pinned => Some((entry.known.clone(), files.clone())),
            _ => None,
        };
        self.shelf().entries.values().filter_map(followed).collect()
    }

    /// Closes a model that is still served from these files; whether it is to be loaded again at once.
    fn close_replaced(&self, id: &str, files: &Files) -> bool {
        let mut shelf = self.shelf();
        let Some(entry) = shelf.entries.get_mut(id) else { return false };
        match &entry.slot {
            Slot::Ready(running, _) if running.files == *files => {}
            Slot::Failed { files: failed, .. } if failed == files => return entry.pinned,
            _ => return false,
        }
        tracing::info!(model = id, "the model's file was replaced: it is loaded anew");
        entry.close();
        let again = entry.pinned;
        drop(shelf);
        self.changed.notify_waiters();
        again
    }

    /// Says of a model that should be in memory, and cannot be loaded from these files, that it has failed.
    fn fail(&self, id: &str, reason: String, files: Files) {
        if let Some(entry) = self.shelf().entries.get_mut(id)
            && matches!(entry.slot, Slot::Unloaded)
        {
            entry.slot = Slot::Failed { reason, files, at: Instant::now() };
        }
    }
}
