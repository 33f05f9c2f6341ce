//! What was done with a model: requests and tokens, never words.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Since the start.
#[derive(Debug)]
pub struct Counts {
    pub finished: AtomicU64,
    pub failed: AtomicU64,
    /// The caller went away before the end.
    pub abandoned: AtomicU64,
    pub prompt_tokens: AtomicU64,
    pub cached_tokens: AtomicU64,
    pub completion_tokens: AtomicU64,
    /// Until the first token, in seconds.
    pub first_token: Histogram<10>,
    /// Tokens a second of one answer, from its first token on.
    pub speed: Histogram<9>,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            finished: AtomicU64::default(),
            failed: AtomicU64::default(),
            abandoned: AtomicU64::default(),
            prompt_tokens: AtomicU64::default(),
            cached_tokens: AtomicU64::default(),
            completion_tokens: AtomicU64::default(),
            first_token: Histogram::new([0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0]),
            speed: Histogram::new([1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0]),
        }
    }
}

/// Counts values by their size.
#[derive(Debug)]
pub struct Histogram<const N: usize> {
    bounds: [f64; N],
    counts: [AtomicU64; N],
    count: AtomicU64,
    /// In thousandths.
    sum: AtomicU64,
}

impl<const N: usize> Histogram<N> {
    fn new(bounds: [f64; N]) -> Self {
        let counts = std::array::from_fn(|_| AtomicU64::default());
        Self { bounds, counts, count: AtomicU64::default(), sum: AtomicU64::default() }
    }

    pub fn add(&self, value: f64) {
        for (bound, count) in self.bounds.iter().zip(&self.counts) {
            if value <= *bound {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add((value * 1000.0).max(0.0) as u64, Ordering::Relaxed);
    }

    /// How many values were no larger than each bound, each with its bound.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        self.bounds.iter().copied().zip(self.counts.iter().map(|count| count.load(Ordering::Relaxed)))
    }

    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    pub fn sum(&self) -> f64 {
        self.sum.load(Ordering::Relaxed) as f64 / 1000.0
    }
}

impl Counts {
    pub fn count(counter: &AtomicU64, by: u64) {
        counter.fetch_add(by, Ordering::Relaxed);
    }

    /// An answer's speed, once it is over.
    pub fn wrote(&self, tokens: u64, since_first: Duration) {
        let seconds = since_first.as_secs_f64();
        if tokens > 1 && seconds > 0.0 {
            self.speed.add((tokens - 1) as f64 / seconds);
        }
    }
}
