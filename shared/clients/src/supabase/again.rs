//! When a call is made again, and after what pause.
//!
//! The pauses grow, and no two callers' are alike: many who failed at the same moment must not come back at the same moment.

use std::time::Duration;

use uuid::Uuid;
use web_time::Instant;

/// About how long the first pause is; each later one is three times as long.
const FIRST: Duration = Duration::from_millis(150);

/// What calling twice comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twice {
    /// The same as calling once.
    IsOnce,
    /// Something else: it may be made again only where it certainly had no effect.
    IsTwice,
}

/// The attempts that one call has left.
pub struct Again {
    left: u32,
    pause: Duration,
    until: Instant,
}

impl Again {
    /// For so many attempts within this time, counted from now.
    pub fn new(attempts: u32, within: Duration) -> Self {
        Self { left: attempts.saturating_sub(1), pause: FIRST, until: Instant::now() + within }
    }

    /// The pause before the next attempt. None where no attempt is left, or no time for one: the other side may have said
    /// (`Retry-After`, in seconds) that it wants to be left alone for longer.
    pub fn pause(&mut self, retry_after: Option<u64>) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        let pause = Duration::from_secs(retry_after.unwrap_or(0)) + jittered(self.pause, chance());
        self.pause *= 3;
        (Instant::now() + pause < self.until).then_some(pause)
    }
}

/// Between half of `pause` and one and a half of it.
fn jittered(pause: Duration, chance: f64) -> Duration {
    pause.mul_f64(0.5 + chance)
}

/// From 0 to 1.
fn chance() -> f64 {
    // The last two bytes of a random UUID are random whole.
    let bytes = Uuid::new_v4().into_bytes();
    f64::from(u16::from_be_bytes([bytes[14], bytes[15]])) / f64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Again, FIRST, chance, jittered};
    use std::time::Duration;

    #[test]
    fn pauses_grow_and_end() {
        let mut again = Again::new(3, Duration::from_secs(8));
        let (first, second) = (again.pause(None).unwrap(), again.pause(None).unwrap());
        assert!((FIRST / 2..=FIRST * 3 / 2).contains(&first), "{first:?}");
        assert!((FIRST * 3 / 2..=FIRST * 9 / 2).contains(&second), "{second:?}");
        assert!(again.pause(None).is_none(), "three attempts have two pauses");
    }

    #[test]
    fn who_asks_to_be_left_alone_is() {
        let pause = Again::new(2, Duration::from_secs(8)).pause(Some(2)).unwrap();
        assert!(pause >= Duration::from_secs(2), "{pause:?}");
        assert!(
            Again::new(2, Duration::from_secs(8)).pause(Some(60)).is_none(),
            "later than the caller waits"
        );
    }

    #[test]
    fn no_two_pauses_are_alike() {
        let mut seen: Vec<_> = (0..20).map(|_| jittered(FIRST, chance())).collect();
        seen.sort_unstable();
        seen.dedup();
        assert!(seen.len() > 10, "{seen:?}");
    }
}
