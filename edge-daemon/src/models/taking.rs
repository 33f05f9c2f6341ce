//! A request takes a model: which one it means, and what happens until it is there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::timeout_at;

use super::budget::{Held, Verdict, make_room};
use super::entry::{Entry, Running, Slot};
use super::known::Known;
use super::{Inner, Loaded, Models, Shelf, Unavailable};
use crate::engine::{End, Engine, Plan, Sizes};
use crate::model::{Kind, Shape, file};

/// What a model is wanted for, which tells what no name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Write,
    Embed,
    /// To count its tokens, say.
    Any,
}

/// A model that is not there after so long is given up by whoever waits; it goes on loading.
const PATIENCE: Duration = Duration::from_secs(300);

/// What failed is tried again after this long, or as soon as its file is another.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// A file that was replaced is looked at once it has been left alone for this long: it may still be copied.
const SETTLED: Duration = Duration::from_secs(2);

impl Models {
    /// The model that a request means. No name, and `default`, mean the first one, or what an alias says; where texts are to
    /// be embedded and that one writes, they mean `embed`: an alias, or the first that embeds.
    pub fn find(&self, name: Option<&str>, purpose: Purpose) -> Result<Known, Unavailable> {
        let asked = name.filter(|name| !name.is_empty()).unwrap_or("default");
        let found = match (asked, purpose) {
            ("default", Purpose::Embed) => {
                let default = self.default();
                default.clone().filter(|known| self.embeds(known)).or_else(|| self.embedding()).or(default)
            }
            ("default", _) => self.default(),
            ("embed", _) => self.embedding(),
            _ => self.named(self.inner.catalogue.aliases.get(asked).map_or(asked, String::as_str)),
        };
        found.ok_or_else(|| {
            let known: Vec<String> = self.inner.catalogue.all().into_iter().map(|known| known.id).collect();
            if asked == "default" && known.is_empty() {
                return Unavailable::None;
            }
            Unavailable::Unknown { asked: asked.to_owned(), known }
        })
    }

    fn default(&self) -> Option<Known> {
        match self.inner.catalogue.aliases.get("default") {
            Some(id) => self.named(id),
            None => self.inner.catalogue.first(),
        }
    }

    fn embedding(&self) -> Option<Known> {
        match self.inner.catalogue.aliases.get("embed") {
            Some(id) => self.named(id),
            None => self.inner.catalogue.all().into_iter().find(|known| self.embeds(known)),
        }
    }

    fn named(&self, id: &str) -> Option<Known> {
        self.inner.catalogue.find(id)
    }

    fn embeds(&self, known: &Known) -> bool {
        self.kind(known).is_ok_and(|kind| kind == Kind::Embedding)
    }

    /// What a model is for.
    pub fn kind(&self, known: &Known) -> Result<Kind, Unavailable> {
        self.inner
            .shape(known)
            .map(|shape| shape.kind)
            .map_err(|reason| Unavailable::Failed { id: known.id.clone(), reason })
    }

    /// Takes a model, and waits for it where it has to be loaded first. Dropping the future gives it up.
    pub async fn take_known(&self, known: Known) -> Result<Loaded, Unavailable> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let mut waiting = None;
        loop {
            let changed = self.inner.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            if let Some(loaded) = Inner::step(&self.inner, &known)? {
                return Ok(loaded);
            }
            if waiting.is_none() {
                waiting = Some(Waiting::join(&self.inner, &known)?);
            }
            if timeout_at(deadline, changed).await.is_err() {
                return Err(Unavailable::NotYet { id: known.id });
            }
        }
    }
}

impl Inner {
    /// A model's kind and sizes: of what is in memory, whatever has become of its file, or else by the file's header.
    pub(super) fn shape(&self, known: &Known) -> Result<Shape, String> {
        let in_memory =
            self.shelf().entries.get(&known.id).and_then(Entry::running).map(|running| running.shape.clone());
        in_memory.map_or_else(|| self.shapes.get(&known.path), Ok)
    }

    /// Takes the model if it is there, else does what brings it nearer.
    fn step(self: &Arc<Self>, known: &Known) -> Result<Option<Loaded>, Unavailable> {
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
                self.begin(&mut shelf, known).map(|()| None)
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

    /// Loads a model where there is room for it, else sees to it that there will be.
    fn begin(self: &Arc<Self>, shelf: &mut Shelf, known: &Known) -> Result<(), Unavailable> {
        let failed = |reason| Unavailable::Failed { id: known.id.clone(), reason };
        let plan = self.plan(shelf, known).map_err(failed)?;
        let need = plan.need();
        let (ids, held) = Self::held(shelf);
        // Held already where another serves the same file.
        let shared = ids.iter().position(|id| shelf.entries[id].known.path == known.path);
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
            Verdict::Fits => self.load(shelf, known, plan).map_err(failed),
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
        // The same file has the same number: the first place that it is met at.
        let number = |entry: &Entry| running().position(|(_, other)| other.known.path == entry.known.path);
        running().filter_map(|(id, entry)| Some((id.clone(), entry.held(number(entry)?)?))).unzip()
    }

    /// What serving a model would come to, beside what is pinned.
    pub(super) fn plan(&self, shelf: &Shelf, known: &Known) -> Result<Plan, String> {
        let shape = self.shapes.get(&known.path)?;
        let others = shelf.entries.values().filter(|entry| entry.pinned && entry.known.id != known.id);
        let pinned: u64 = others.filter_map(Entry::running).map(|running| running.need.total()).sum();
        let sizes = Sizes::new(&known.settings, &shape, Some(self.limit.saturating_sub(pinned)));
        Ok(Plan {
            id: known.id.as_str().into(),
            path: known.path.clone(),
            adapter: known.adapter.as_ref().map(|(adapter, _)| adapter.clone()),
            adapters: self.catalogue.adapters_of(&known.path),
            shape,
            settings: known.settings.clone(),
            sizes,
        })
    }

    fn load(self: &Arc<Self>, shelf: &mut Shelf, known: &Known, plan: Plan) -> Result<(), String> {
        let (shape, need, file) = (plan.shape.clone(), plan.need(), file::id(&known.path));
        tracing::info!(model = known.id, memory_mb = need.total() / 1_000_000, "loading");
        let engine = Engine::start(plan, self.weights.clone())
            .map_err(|error| format!("no thread for the engine: {error}"))?;
        tokio::spawn(watch(Arc::clone(self), known.id.clone(), engine.clone()));
        if let Some(entry) = shelf.entries.get_mut(&known.id) {
            entry.slot = Slot::Loading(Running { engine, shape, need, file });
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
            entry.slot = reason.map_or(Slot::Unloaded, |reason| Slot::Failed {
                reason,
                file: file::id(&entry.known.path),
                at: Instant::now(),
            });
        }
        drop(shelf);
        self.changed.notify_waiters();
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
    }
}
