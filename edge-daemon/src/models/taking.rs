//! A request takes a model, and waits until it is there.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};

use super::disk::{self, Seen};
use super::entry::{Entry, Slot};
use super::known::Known;
use super::{Inner, Loaded, Models, Unavailable};

/// A model that is not there after so long is given up by whoever waits; it goes on loading.
const PATIENCE: Duration = Duration::from_secs(300);

/// How often whoever waits looks again, if nothing has changed.
const LOOK: Duration = Duration::from_secs(1);

/// What failed is tried again after this long, or as soon as its file is another.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// What became of an attempt to take a model.
enum Step {
    Taken(Loaded),
    /// It is on its way, or waits for room.
    Wait,
    /// Its files have to be looked at first.
    Look,
}

impl Models {
    /// Takes a model, and waits for it where it has to be loaded first. Dropping the future gives it up.
    pub async fn take_known(&self, known: Known) -> Result<Loaded, Unavailable> {
        let began = Instant::now();
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut waiting = None;
        let mut seen: Option<(Instant, Seen)> = None;
        loop {
            let changed = self.inner.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            let fresh = seen.as_ref().filter(|(at, _)| at.elapsed() < LOOK).map(|(_, seen)| seen);
            let step = Inner::step(&self.inner, &known, began.elapsed(), fresh)?;
            if let Step::Taken(loaded) = step {
                return Ok(loaded);
            }
            if waiting.is_none() {
                waiting = Some(Waiting::join(&self.inner, &known)?);
            }
            if matches!(step, Step::Look) {
                seen = Some((Instant::now(), self.seen(&known).await?));
                continue;
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

    pub(super) async fn seen(&self, known: &Known) -> Result<Seen, Unavailable> {
        let (inner, path, known) = (Arc::clone(&self.inner), known.path.clone(), known.clone());
        self.inner.disk.look(&path, disk::PATIENCE, move || inner.seen(&known)).await?
    }
}

impl Inner {
    /// Takes the model if it is there, else does what brings it nearer. `seen` is what its files were a moment ago.
    fn step(
        self: &Arc<Self>,
        known: &Known,
        waited: Duration,
        seen: Option<&Seen>,
    ) -> Result<Step, Unavailable> {
        let mut shelf = self.shelf();
        if shelf.closed {
            return Err(Unavailable::ShuttingDown);
        }
        shelf.takings += 1;
        let taking = shelf.takings;
        let Some(entry) = shelf.entries.get_mut(&known.id) else { return Ok(Step::Look) };
        match (&entry.slot, seen) {
            (Slot::Ready(running, serving), _) => {
                let (engine, serving) = (running.engine.clone(), Arc::clone(serving));
                entry.in_use += 1;
                entry.taken = taking;
                let id = known.id.as_str().into();
                Ok(Step::Taken(Loaded::new(self, id, engine, serving, Arc::clone(&entry.counts))))
            }
            (Slot::Loading(_) | Slot::Closing(_) | Slot::Leaving(_), _) => Ok(Step::Wait),
            (Slot::Failed { .. } | Slot::Unloaded, None) => Ok(Step::Look),
            (Slot::Failed { reason, files, at }, Some(seen))
                if at.elapsed() < AFTER_FAILURE && *files == seen.files =>
            {
                Err(Unavailable::Failed { id: known.id.clone(), reason: reason.clone() })
            }
            (Slot::Failed { .. } | Slot::Unloaded, Some(seen)) => {
                // A folder's file may be another one by now.
                entry.known = known.clone();
                self.begin(&mut shelf, known, seen, waited).map(|()| Step::Wait)
            }
        }
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
        let entry = shelf.entries.entry(known.id.clone()).or_insert_with(|| Entry::new(known.clone()));
        if entry.waiting >= most {
            return Err(Unavailable::QueueFull { id: known.id.clone() });
        }
        entry.waiting += 1;
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
