//! A request takes a model, and waits until it is there.

use std::sync::Arc;
use std::time::Duration;

use super::entry::{Entry, Running, Slot};
use super::known::Known;
use super::{Inner, Loaded, Models, Unavailable};
use crate::model::file;

/// A model that is not there after so long is given up by whoever waits; it goes on loading.
const PATIENCE: Duration = Duration::from_secs(300);

/// How often whoever waits looks again, if nothing has changed.
const LOOK: Duration = Duration::from_secs(1);

/// What failed is tried again after this long, or as soon as its file is another.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// A file that was replaced is looked at once it has been left alone for this long: it may still be copied.
const SETTLED: Duration = Duration::from_secs(2);

impl Models {
    /// Takes a model, and waits for it where it has to be loaded first. Dropping the future gives it up.
    pub async fn take_known(&self, known: Known) -> Result<Loaded, Unavailable> {
        let began = tokio::time::Instant::now();
        let mut look = tokio::time::interval(LOOK);
        let mut waiting = None;
        loop {
            let changed = self.inner.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            if let Some(loaded) = Inner::step(&self.inner, &known, began.elapsed())? {
                return Ok(loaded);
            }
            if waiting.is_none() {
                waiting = Some(Waiting::join(&self.inner, &known)?);
            }
            tokio::select! {
                () = changed => {}
                // Time passes too: whoever waits long enough is given room.
                _ = look.tick() => {}
            }
            if began.elapsed() >= PATIENCE {
                return Err(Unavailable::NotYet { id: known.id });
            }
        }
    }
}

impl Inner {
    /// Takes the model if it is there, else does what brings it nearer.
    fn step(self: &Arc<Self>, known: &Known, waited: Duration) -> Result<Option<Loaded>, Unavailable> {
        let mut shelf = self.shelf();
        if shelf.closed {
            return Err(Unavailable::ShuttingDown);
        }
        shelf.takings += 1;
        let taking = shelf.takings;
        let entry = shelf.entries.entry(known.id.clone()).or_insert_with(|| Entry::new(known.clone()));
        match &entry.slot {
            Slot::Ready(running, serving) => {
                if self.was_replaced(running, known) {
                    tracing::info!(model = known.id, "the model's file was replaced: it is loaded anew");
                    entry.close();
                    return Ok(None);
                }
                let (engine, serving) = (running.engine.clone(), Arc::clone(serving));
                entry.in_use += 1;
                entry.taken = taking;
                let id = known.id.as_str().into();
                Ok(Some(Loaded::new(self, id, engine, serving, Arc::clone(&entry.counts))))
            }
            Slot::Loading(_) | Slot::Closing(_) | Slot::Leaving(_) => Ok(None),
            Slot::Failed { reason, file, at }
                if at.elapsed() < AFTER_FAILURE && *file == file::id(&known.path) =>
            {
                Err(Unavailable::Failed { id: known.id.clone(), reason: reason.clone() })
            }
            Slot::Failed { .. } | Slot::Unloaded => {
                // A folder's file may be another one by now.
                entry.known = known.clone();
                self.begin(&mut shelf, known, waited).map(|()| None)
            }
        }
    }

    /// Is there another sound file in the place of the one that is served?
    fn was_replaced(&self, running: &Running, known: &Known) -> bool {
        let Some(now) = file::id(&known.path) else { return false };
        running.file.as_ref() != Some(&now)
            && now.is_left_alone(SETTLED)
            && self.shapes.get(&known.path).is_ok()
    }
}

/// One of those who wait for a model; there are as many as may wait for an answer.
struct Waiting {
    inner: Arc<Inner>,
    id: String,
}

impl Waiting {
    fn join(inner: &Arc<Inner>, known: &Known) -> Result<Self, Unavailable> {
        let most = known.settings.parallel + known.settings.queue;
        let mut shelf = inner.shelf();
        let waiting = shelf.entries.get_mut(&known.id).map(|entry| &mut entry.waiting);
        match waiting {
            Some(waiting) if *waiting < most => *waiting += 1,
            _ => return Err(Unavailable::QueueFull { id: known.id.clone() }),
        }
        Ok(Self { inner: Arc::clone(inner), id: known.id.clone() })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(entry) = self.inner.shelf().entries.get_mut(&self.id) {
            entry.waiting = entry.waiting.saturating_sub(1);
        }
        // A model that nobody waits for any more may go for another.
        self.inner.changed.notify_waiters();
    }
}
