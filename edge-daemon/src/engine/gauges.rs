//! What the engine is doing right now and has done so far, readable from any thread.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use hearth_wire::Usage;

/// Counts, as of the engine's latest step.
#[derive(Debug, Default)]
pub struct Gauges {
    /// How far the model's file is loaded, in thousandths.
    pub loaded: AtomicUsize,
    /// Requests in the batch.
    pub active: AtomicUsize,
    /// Requests that wait for their turn.
    pub waiting: AtomicUsize,
    /// KV cells that requests being served hold.
    pub cells_used: AtomicUsize,
    /// KV cells of prefixes that are kept for whoever comes next; they are given up where cells are short.
    pub cells_kept: AtomicUsize,
    /// All KV cells there are.
    pub cells: AtomicUsize,
    /// Tokens that went through the model since the start.
    pub computed_tokens: AtomicU64,
    /// Tokens that were guessed, and computed to see whether they are right.
    pub guessed_tokens: AtomicU64,
    /// Of those the ones that were right.
    pub right_guesses: AtomicU64,
    /// Of the requests that were answered: tokens of their prompts.
    pub prompt_tokens: AtomicU64,
    /// Of those the ones that did not have to be computed, since another request had the same beginning.
    pub shared_tokens: AtomicU64,
    /// Tokens whose cells were read from files.
    pub restored_tokens: AtomicU64,
    /// Of the requests that were answered: tokens of the answers.
    pub written_tokens: AtomicU64,
}

impl Gauges {
    /// The four counts: active, waiting, used cells, all cells.
    pub fn read(&self) -> [usize; 4] {
        [&self.active, &self.waiting, &self.cells_used, &self.cells]
            .map(|gauge| gauge.load(Ordering::Relaxed))
    }

    /// A request is over.
    pub fn count(&self, usage: &Usage, shared: u64) {
        self.prompt_tokens.fetch_add(usage.prompt_tokens, Ordering::Relaxed);
        self.shared_tokens.fetch_add(shared, Ordering::Relaxed);
        self.written_tokens.fetch_add(usage.completion_tokens, Ordering::Relaxed);
    }
}
