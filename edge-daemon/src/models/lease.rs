//! A model that was taken: it stays in memory until it is given back.

use std::sync::Arc;
use std::time::Instant;

use super::Inner;
use crate::counts::Counts;
use crate::engine::{Engine, Serving};

/// A loaded model in use. It is given back when the last copy is dropped.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub id: Arc<str>,
    pub engine: Engine,
    pub serving: Arc<Serving>,
    pub counts: Arc<Counts>,
    _lease: Arc<Lease>,
}

#[derive(Debug)]
struct Lease {
    id: Arc<str>,
    inner: Arc<Inner>,
}

impl Loaded {
    /// The caller has counted it among those in use.
    pub(super) fn new(
        inner: &Arc<Inner>,
        id: Arc<str>,
        engine: Engine,
        serving: Arc<Serving>,
        counts: Arc<Counts>,
    ) -> Self {
        let lease = Arc::new(Lease { id: Arc::clone(&id), inner: Arc::clone(inner) });
        Self { id, engine, serving, counts, _lease: lease }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(entry) = self.inner.shelf().entries.get_mut(&*self.id) {
            entry.in_use = entry.in_use.saturating_sub(1);
            entry.last = Instant::now();
            entry.let_go_if_closing();
        }
        self.inner.changed.notify_waiters();
    }
}
