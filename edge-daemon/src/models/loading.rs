//! How models come into memory, and what becomes of their engines.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::budget::{Held, Verdict, make_room, total};
use super::disk::Seen;
use super::entry::{Entry, Running, Slot};
use super::known::Known;
use super::{Inner, Shelf, Unavailable};
use crate::engine::{End, Engine, Plan, Sizes};
use crate::model::Shape;
use crate::model::file::Files;

/// Who has waited so long for room is given that of a model that is always busy.
const LONG: Duration = Duration::from_secs(20);

impl Inner {
    /// A model's kind and sizes: of what is in memory, whatever has become of its file, or else by the file's header, for
    /// which it may wait.
    pub(super) fn shape(&self, known: &Known) -> Result<Shape, String> {
        self.shape_in_memory(&known.id).map_or_else(|| self.shapes.get(&known.path), Ok)
    }

    pub(super) fn shape_in_memory(&self, id: &str) -> Option<Shape> {
        self.shelf().entries.get(id).and_then(Entry::running).map(|running| running.shape.clone())
    }

    /// Loads a model where there is room for it, else sees to it that there will be.
    pub(super) fn begin(
        self: &Arc<Self>,
        shelf: &mut Shelf,
        known: &Known,
        seen: &Seen,
        waited: Duration,
    ) -> Result<(), Unavailable> {
        let failed = |reason| Unavailable::Failed { id: known.id.clone(), reason };
        let plan = self.plan(shelf, known, seen);
        let need = plan.need();
        let (ids, mut held) = Self::held(shelf);
        if waited >= LONG {
            // Those that are always busy make room too: they finish their answers, and take on no more. Not what was loaded
            // for others who have waited as well: they have their turn first.
            for (id, one) in ids.iter().zip(&mut held) {
                one.busy &= shelf.entries[id].in_use == 0;
            }
        }
        let shared = ids.iter().position(|id| shelf.entries[id].serves(known, &seen.files));
        let wanted = Held {
            file: shared.map_or(held.len(), |at| held[at].file),
            weights: need.weights,
            own: need.own(),
            pinned: known.pinned,
            busy: true,
            leaving: false,
            used: shelf.takings,
        };
        match make_room(self.limit, wanted, &held) {
            Verdict::Fits => self.load(shelf, known, plan, seen.files.clone()).map_err(failed),
            Verdict::Wait => Ok(()),
            Verdict::Unload(going) => {
                for id in going.into_iter().map(|at| &ids[at]) {
                    tracing::info!(model = id, "unloading, to make room for another");
                    if let Some(entry) = shelf.entries.get_mut(id) {
                        entry.close();
                    }
                }
                Ok(())
            }
            Verdict::Never { pinned } => {
                Err(Unavailable::TooLarge { id: known.id.clone(), need, limit: self.limit, pinned })
            }
        }
    }

    /// Who is in memory, by id, and what each holds.
    pub(super) fn held(shelf: &Shelf) -> (Vec<String>, Vec<Held>) {
        let running = || shelf.entries.iter().filter(|(_, entry)| entry.running().is_some());
        // The same files have the same number: the first place that they are met at.
        let number = |entry: &Entry| {
            let files = &entry.running()?.files;
            running().position(|(_, other)| other.serves(&entry.known, files))
        };
        running().filter_map(|(id, entry)| Some((id.clone(), entry.held(number(entry)?)?))).unzip()
    }

    /// What serving a model would come to, beside what is pinned.
    pub(super) fn plan(&self, shelf: &Shelf, known: &Known, seen: &Seen) -> Plan {
        let shape = seen.shape.clone();
        let (ids, held) = Self::held(shelf);
        let others = || {
            ids.iter().map(|id| &shelf.entries[id]).zip(&held).filter(|(other, _)| other.known.id != known.id)
        };
        let pinned: Vec<Held> =
            others().filter(|(_, one)| one.pinned && !one.leaving).map(|(_, one)| *one).collect();
        // Weights that are there already take no more room.
        let shared =
            others().any(|(other, one)| one.pinned && !one.leaving && other.serves(known, &seen.files));
        let room =
            self.limit.saturating_sub(total(&pinned)).saturating_add(if shared { shape.bytes } else { 0 });
        let sizes = Sizes::new(&known.settings, &shape, Some(room));
        Plan {
            id: known.id.as_str().into(),
            path: known.path.clone(),
            adapter: known.adapter.as_ref().map(|(adapter, _)| adapter.clone()),
            adapters: self.catalogue.adapters_of(&known.path),
            adapter_bytes: seen.files.adapter_bytes(),
            shape,
            settings: known.settings.clone(),
            sizes,
        }
    }

    fn load(
        self: &Arc<Self>,
        shelf: &mut Shelf,
        known: &Known,
        plan: Plan,
        files: Files,
    ) -> Result<(), String> {
        let (shape, need, n_ctx) = (plan.shape.clone(), plan.need(), plan.sizes.n_ctx);
        tracing::info!(model = known.id, memory_mb = need.total() / 1_000_000, "loading");
        let engine = Engine::start(plan, self.weights.clone())
            .map_err(|error| format!("no thread for the engine: {error}"))?;
        tokio::spawn(watch(Arc::clone(self), known.id.clone(), engine.clone()));
        let takings = shelf.takings;
        if let Some(entry) = shelf.entries.get_mut(&known.id) {
            entry.slot = Slot::Loading(Running { engine, shape, need, n_ctx, files });
            entry.taken = takings;
        }
        Ok(())
    }
}

/// Follows an engine from its start to its end.
async fn watch(inner: Arc<Inner>, id: String, engine: Engine) {
    if let Some(serving) = engine.ready().await {
        let mut shelf = inner.shelf();
        if let Some(entry) = shelf.entries.get_mut(&id) {
            entry.slot = match std::mem::replace(&mut entry.slot, Slot::Unloaded) {
                Slot::Loading(running) => Slot::Ready(running, serving),
                other => other,
            };
            entry.loads += 1;
            entry.last = Instant::now();
        }
        drop(shelf);
        inner.changed.notify_waiters();
    }
    inner.ended(&id, engine.ended().await);
}

impl Inner {
    fn ended(&self, id: &str, end: End) {
        let mut shelf = self.shelf();
        let closed = shelf.closed;
        if let Some(entry) = shelf.entries.get_mut(id) {
            let as_told = closed || matches!(entry.slot, Slot::Leaving(_));
            let reason = match end {
                End::NotLoaded(reason) => Some(reason),
                End::AsTold if as_told => None,
                End::AsTold | End::Crashed => Some("its engine ended by itself".to_owned()),
            };
            if let Some(reason) = &reason {
                tracing::error!(model = id, "{reason}");
            } else {
                tracing::info!(model = id, "unloaded");
            }
            let was_served = matches!(entry.slot, Slot::Ready(..) | Slot::Closing(_));
            if was_served && reason.is_some() && entry.known.pinned {
                let why = format!("the engine of {id} ended by itself");
                self.broken.send_replace(Some(super::Broken::Crashed(why)));
            }
            let files = entry.running().map(|running| running.files.clone());
            entry.slot = match (reason, files) {
                (Some(reason), Some(files)) => Slot::Failed { reason, files, at: Instant::now() },
                _ => Slot::Unloaded,
            };
        }
        drop(shelf);
        self.changed.notify_waiters();
    }
}
