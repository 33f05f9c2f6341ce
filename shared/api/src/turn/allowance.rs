//! How many batches a journal may write, on hosts that count a request's calls.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use crate::host::Host;

/// Batches that may still be written; shared by all turns of one connection. Without a limit there are always more.
#[derive(Clone, Debug)]
pub struct Allowance(Option<Arc<AtomicU32>>);

impl Allowance {
    /// What a request on this host may write.
    pub fn of(host: &Host) -> Self {
        Self(host.repeats().map(|batches| Arc::new(AtomicU32::new(batches))))
    }

    /// Batches that are left.
    pub fn left(&self) -> u32 {
        self.0.as_ref().map_or(u32::MAX, |left| left.load(Ordering::Relaxed))
    }

    /// Takes one batch, if there is one to take. The last one is kept for the end of the turn.
    pub fn take(&self, is_last: bool) -> bool {
        let Some(left) = &self.0 else { return true };
        let least = u32::from(!is_last);
        let taken =
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| (left > least).then(|| left - 1));
        // The end is told in any case: it is one call, and frees the lease.
        taken.is_ok() || is_last
    }

    /// The pause that follows `pause`: a fifth longer where batches are counted. 24 of them cover ten minutes.
    pub fn pause(&self, pause: Duration) -> Duration {
        if self.0.is_some() { pause * 6 / 5 } else { pause }
    }
}

#[cfg(test)]
mod tests {
    use super::Allowance;
    use crate::host::Host;
    use std::time::Duration;

    #[test]
    fn the_batches_of_a_counted_turn_cover_its_deadline() {
        let host = Host { subrequests: Some(40), ..Host::default() };
        let allowance = Allowance::of(&host);
        let (mut pause, mut covered) = (Duration::from_secs(2), Duration::ZERO);
        while allowance.take(false) {
            covered += pause;
            pause = allowance.pause(pause);
        }
        assert!(covered >= Duration::from_secs(570), "{covered:?}");
        assert!(allowance.take(true), "the end is told");
        assert_eq!(allowance.left(), 0);
    }

    #[test]
    fn nothing_is_counted_where_nothing_is_limited() {
        let allowance = Allowance::of(&Host::default());
        assert!((0..1000).all(|_| allowance.take(false)));
        assert_eq!(allowance.pause(Duration::from_secs(2)), Duration::from_secs(2));
    }
}
