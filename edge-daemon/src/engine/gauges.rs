//! What the engine is doing right now, readable from any thread.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts, as of the engine's latest step.
#[derive(Debug, Default)]
pub struct Gauges {
    /// Requests in the batch.
    pub active: AtomicUsize,
    /// Requests that wait for their turn.
    pub waiting: AtomicUsize,
    /// KV cells that hold something.
    pub cells_used: AtomicUsize,
    /// All KV cells there are.
    pub cells: AtomicUsize,
}

impl Gauges {
    /// The four counts: active, waiting, used cells, all cells.
    pub fn read(&self) -> [usize; 4] {
        [&self.active, &self.waiting, &self.cells_used, &self.cells]
            .map(|gauge| gauge.load(Ordering::Relaxed))
    }
}
