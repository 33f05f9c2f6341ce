//! What `/v1/models`, `/health` and `/metrics` tell of the models.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::entry::{Entry, Slot};
use super::known::{self, Known};
use super::{Inner, Models, Unavailable, budget, disk};
use crate::counts::Counts;
use crate::engine::{Engine, Need, Serving};
use crate::model::Shape;

/// Where a model stands.
#[derive(Clone, Debug)]
pub enum State {
    /// On the disk; it is loaded when it is asked for.
    Unloaded,
    /// This part of its file is in memory, from 0 to 1.
    Loading(f32),
    Ready(Arc<Serving>),
    /// It goes once its answers are over.
    Unloading,
    /// For this reason.
    Failed(String),
    /// So many bytes are on the disk.
    Downloading(u64),
}

/// A model, as it is told of.
#[derive(Clone, Debug)]
pub struct Listed {
    pub id: String,
    pub aliases: Vec<String>,
    /// Of an adapter: the model that it changes.
    pub parent: Option<String>,
    pub state: State,
    pub pinned: bool,
    /// Its kind and sizes, or why they are not known.
    pub shape: Result<Shape, String>,
    /// Tokens that one request may use.
    pub n_ctx: u32,
    /// What it takes in memory, or would.
    pub need: Need,
    pub loads: u64,
    pub engine: Option<Engine>,
    pub counts: Arc<Counts>,
}

impl Models {
    /// All models there are, the default first, and those that are being fetched.
    pub async fn list(&self) -> Result<Vec<Listed>, Unavailable> {
        let models = self.clone();
        self.inner.disk.look(self.inner.folder(), disk::LONG_PATIENCE, move || models.look_through()).await
    }

    /// What is told of one model.
    pub async fn tell(&self, known: Known) -> Result<Listed, Unavailable> {
        if self.inner.shape_in_memory(&known.id).is_some() {
            return Ok(self.listed(&known));
        }
        let (models, path) = (self.clone(), known.path.clone());
        self.inner.disk.look(&path, disk::PATIENCE, move || models.listed(&known)).await
    }

    fn look_through(&self) -> Vec<Listed> {
        let catalogue = &self.inner.catalogue;
        let mut known = catalogue.all();
        for entry in self.inner.shelf().entries.values().filter(|entry| entry.running().is_some()) {
            if known.iter().all(|other| other.id != entry.known.id) {
                known.push(entry.known.clone());
            }
        }
        let mut listed: Vec<Listed> = known.iter().map(|known| self.listed(known)).collect();
        if let Some(default) = catalogue.aliases.get("default") {
            // Stable: the others keep their order.
            listed.sort_by_key(|one| one.id != *default);
        }
        let fetched = catalogue.folder.as_deref().map(known::being_fetched).unwrap_or_default();
        let fetched: Vec<_> =
            fetched.into_iter().filter(|(id, _)| listed.iter().all(|one| one.id != *id)).collect();
        listed.extend(fetched.into_iter().map(|(id, bytes)| Listed {
            id,
            aliases: Vec::new(),
            parent: None,
            state: State::Downloading(bytes),
            pinned: false,
            shape: Err("it is being fetched".to_owned()),
            n_ctx: 0,
            need: Need::default(),
            loads: 0,
            engine: None,
            counts: Arc::default(),
        }));
        listed
    }

    fn listed(&self, known: &Known) -> Listed {
        let inner = &self.inner;
        // Before the shelf is held: it may take a while.
        let seen = if inner.shape_in_memory(&known.id).is_none() { Some(inner.seen(known)) } else { None };
        let shelf = inner.shelf();
        let entry = shelf.entries.get(&known.id);
        let running = entry.and_then(Entry::running);
        let (shape, need, n_ctx) = match (running, seen) {
            (Some(running), _) => (Ok(running.shape.clone()), running.need, running.n_ctx),
            (None, Some(Ok(seen))) => {
                let plan = inner.plan(&shelf, known, &seen);
                (Ok(seen.shape), plan.need(), plan.sizes.n_ctx)
            }
            (None, Some(Err(Unavailable::Failed { reason, .. }))) => (Err(reason), Need::default(), 0),
            (None, Some(Err(error))) => (Err(error.to_string()), Need::default(), 0),
            // It has gone meanwhile.
            (None, None) => {
                drop(shelf);
                return self.listed(known);
            }
        };
        let engine = running.map(|running| running.engine.clone());
        let state = entry.map_or(State::Unloaded, state);
        let n_ctx = match &state {
            State::Ready(serving) => serving.n_ctx,
            _ => n_ctx,
        };
        let state = match (&shape, state) {
            (Err(reason), State::Unloaded) => State::Failed(reason.clone()),
            (_, state) => state,
        };
        Listed {
            id: known.id.clone(),
            aliases: inner.catalogue.aliases_of(&known.id).into_iter().map(str::to_owned).collect(),
            parent: known.adapter.as_ref().map(|(_, parent)| parent.clone()),
            state,
            pinned: entry.map_or(known.pinned, |entry| entry.pinned),
            shape,
            n_ctx,
            need,
            loads: entry.map_or(0, |entry| entry.loads),
            engine,
            counts: entry.map(|entry| Arc::clone(&entry.counts)).unwrap_or_default(),
        }
    }

    /// Keeps a model in memory, or lets it go for others again.
    pub fn pin(&self, id: &str, pinned: bool) {
        if let Some(entry) = self.inner.shelf().entries.get_mut(id) {
            entry.pinned = pinned;
            entry.last = Instant::now();
        }
        self.inner.changed.notify_waiters();
    }

    /// Where a model stands; none where nobody has asked for it yet.
    pub fn standing(&self, id: &str) -> Option<State> {
        self.inner.shelf().entries.get(id).map(state)
    }

    /// The engines that run.
    pub fn engines(&self) -> Vec<Engine> {
        let shelf = self.inner.shelf();
        shelf.entries.values().filter_map(Entry::running).map(|running| running.engine.clone()).collect()
    }

    /// Bytes that the models in memory take, by their estimates; weights that several serve count once.
    pub fn used(&self) -> u64 {
        budget::total(&Inner::held(&self.inner.shelf()).1)
    }

    /// Bytes that all models together may take.
    pub fn limit(&self) -> u64 {
        self.inner.limit
    }
}

fn state(entry: &Entry) -> State {
    match &entry.slot {
        // It is on its way: its file is being looked at, or others are to make room.
        Slot::Unloaded if entry.waiting > 0 => State::Loading(0.0),
        Slot::Unloaded => State::Unloaded,
        Slot::Loading(running) => {
            State::Loading(running.engine.gauges().loaded.load(Ordering::Relaxed) as f32 / 1000.0)
        }
        Slot::Ready(_, serving) => State::Ready(Arc::clone(serving)),
        Slot::Closing(_) | Slot::Leaving(_) => State::Unloading,
        Slot::Failed { reason, .. } => State::Failed(reason.clone()),
    }
}
