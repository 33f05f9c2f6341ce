//! The models of a daemon: several at once under one memory budget, loaded when they are asked for.
//!
//! Each model in memory has an engine thread of its own. A request takes a model out ([`Models::take`]), which loads it where
//! it is not in memory, and holds it until its answer is over; what nobody holds may be unloaded for another.

pub mod budget;
mod disk;
mod entry;
pub mod known;
mod lease;
mod leaving;
mod listing;
mod loading;
mod naming;
mod replaced;
mod shapes;
mod taking;
mod unavailable;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

use crate::engine::Weights;
use disk::Disk;
use entry::Entry;
use known::Catalogue;
pub use lease::Loaded;
pub use listing::{Listed, State};
pub use naming::Purpose;
use shapes::Shapes;
pub use unavailable::Unavailable;

/// All models that can be asked for, and those that are in memory.
#[derive(Clone, Debug)]
pub struct Models {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    catalogue: Catalogue,
    /// Bytes that all models together may take.
    limit: u64,
    weights: Weights,
    shapes: Shapes,
    disk: Disk,
    shelf: Mutex<Shelf>,
    /// Told whenever a model comes or goes, or is no longer held.
    changed: Notify,
    broken: watch::Sender<Option<Broken>>,
}

/// What changes while the daemon runs.
#[derive(Debug, Default)]
struct Shelf {
    /// By id; whoever was asked for once has one.
    entries: HashMap<String, Entry>,
    /// Counts the takings, so that the least recent is known.
    takings: u64,
    /// The daemon is stopping: nothing is taken any more.
    closed: bool,
}

/// A model without which the daemon should not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It was named on the command line and cannot be served, for this reason.
    NotLoaded(String),
    /// Its engine ended by itself.
    Crashed(String),
}

impl Models {
    /// `limit` is the bytes of memory that all of them together may take.
    pub fn new(catalogue: Catalogue, limit: u64) -> Self {
        let inner = Inner {
            catalogue,
            limit,
            weights: Weights::default(),
            shapes: Shapes::default(),
            disk: Disk::default(),
            shelf: Mutex::default(),
            changed: Notify::new(),
            broken: watch::Sender::new(None),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Whether the files of the pinned are sound. The error is a sentence for the operator.
    pub fn check_pinned(&self) -> Result<(), String> {
        let mut pinned = self.inner.catalogue.named.iter().filter(|known| known.pinned);
        pinned.try_for_each(|known| self.inner.shapes.get(&known.path).map(drop))
    }

    /// Loads the pinned, in their order, and from now on unloads what nobody has asked for in a while and follows files that
    /// are replaced. To be called inside a runtime.
    pub fn start(&self) {
        tokio::spawn(self.clone().load_pinned());
        tokio::spawn(leaving::unload_idle(Arc::downgrade(&self.inner)));
        tokio::spawn(replaced::follow_files(Arc::downgrade(&self.inner)));
    }

    /// One after the other: files are read one at a time, and what is loaded first has the first say in how much room it takes.
    async fn load_pinned(self) {
        for known in self.inner.catalogue.named.iter().filter(|known| known.pinned) {
            let taken = loop {
                match self.take_known(known.clone()).await {
                    // A slow disk is no reason to give up.
                    Err(Unavailable::NotYet { .. } | Unavailable::Disk) => {}
                    taken => break taken,
                }
            };
            if let Err(error) = taken {
                self.inner.broken.send_replace(Some(Broken::NotLoaded(format!("{}: {error}", known.id))));
                return;
            }
        }
    }

    /// Waits until a model breaks without which the daemon should not go on.
    pub async fn broken(&self) -> Broken {
        let mut broken = self.inner.broken.subscribe();
        let found = broken.wait_for(Option::is_some).await.map(|found| found.clone());
        match found {
            Ok(Some(broken)) => broken,
            // The sender lives as long as `self`.
            _ => std::future::pending().await,
        }
    }
}

impl Inner {
    /// What is kept stays sound even if a thread ended while it held it.
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
