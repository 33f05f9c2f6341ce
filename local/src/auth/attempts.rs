//! How often a wrong password may be tried: per caller and account, in a window of time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::AuthError;

const WINDOW: Duration = Duration::from_secs(5 * 60);
const WRONG_IN_WINDOW: usize = 10;
/// Names that were never accounts must not fill the memory.
const MOST_NAMES: usize = 10_000;

type Name = (IpAddr, String);

/// Wrong attempts by caller and e-mail address. In memory: a restart forgives.
pub(super) struct Attempts {
    wrong: Mutex<HashMap<Name, Vec<Instant>>>,
}

impl Attempts {
    pub(super) fn new() -> Self {
        Self { wrong: Mutex::new(HashMap::new()) }
    }

    /// Refuses where too many were wrong; counts this one as wrong until [`Self::right`] says otherwise,
    /// so that many at the same moment gain nothing.
    pub(super) fn begin(&self, caller: IpAddr, email: &str, now: Instant) -> Result<(), AuthError> {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if wrong.len() >= MOST_NAMES {
            wrong.retain(|_, times| times.iter().any(|time| now.duration_since(*time) < WINDOW));
        }
        let times = wrong.entry((caller, email.to_owned())).or_default();
        times.retain(|time| now.duration_since(*time) < WINDOW);
        if let Some(oldest) = times.first()
            && times.len() >= WRONG_IN_WINDOW
        {
            let wait = WINDOW.saturating_sub(now.duration_since(*oldest));
            return Err(AuthError::TooManyAttempts { seconds: wait.as_secs() + 1 });
        }
        times.push(now);
        Ok(())
    }

    pub(super) fn right(&self, caller: IpAddr, email: &str) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.remove(&(caller, email.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn the_eleventh_wrong_attempt_waits() {
        let (attempts, now) = (Attempts::new(), Instant::now());
        for _ in 0..WRONG_IN_WINDOW {
            attempts.begin(HERE, "a@b.c", now).unwrap();
        }
        assert!(attempts.begin(HERE, "a@b.c", now).is_err());
        attempts.begin(HERE, "other@b.c", now).unwrap();
        attempts.begin(HERE, "a@b.c", now + WINDOW).unwrap();
    }

    #[test]
    fn a_right_one_forgives_the_wrong_ones() {
        let (attempts, now) = (Attempts::new(), Instant::now());
        for _ in 0..100 {
            attempts.begin(HERE, "a@b.c", now).unwrap();
            attempts.right(HERE, "a@b.c");
        }
    }
}
