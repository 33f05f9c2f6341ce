//! Tokens that were verified already: a signature is checked once, and the clock each time.
//!
//! A client sends the same token with every request for an hour. Checking an elliptic-curve signature is most of what a small
//! request costs, on Workers above all.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use hearth_domain::UserId;
use sha2::{Digest, Sha256};

/// Tokens that are remembered, at most: about 100 KB of them.
const MOST: usize = 1024;

/// A token's digest. The token itself is not kept.
type Fingerprint = [u8; 32];

/// Who a token stands for, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    pub user: UserId,
    /// Seconds since the epoch.
    pub expires: u64,
    /// The key set that it was verified with; another one asks again.
    pub keys: u64,
}

/// What has been verified of late.
#[derive(Default)]
pub struct Remembered(Mutex<HashMap<Fingerprint, Verified>>);

impl Remembered {
    /// Who the token stands for, if it was verified with these keys and still counts at `now`.
    pub fn get(&self, token: &str, keys: u64, now: u64) -> Option<UserId> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let verified = known.get(&fingerprint(token))?;
        (verified.keys == keys && now < verified.expires).then_some(verified.user)
    }

    /// Remembers a token.
    pub fn put(&self, token: &str, verified: Verified, now: u64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, verified| now < verified.expires);
        }
        // All of them may still count: then everybody is verified once more.
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(fingerprint(token), verified);
    }
}

fn fingerprint(token: &str) -> Fingerprint {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use super::{MOST, Remembered, Verified};
    use hearth_domain::UserId;
    use uuid::Uuid;

    const USER: UserId = UserId(Uuid::max());

    fn until(expires: u64) -> Verified {
        Verified { user: USER, expires, keys: 1 }
    }

    #[test]
    fn a_token_counts_until_it_expires_or_the_keys_change() {
        let remembered = Remembered::default();
        remembered.put("a.b.c", until(100), 10);
        assert_eq!(remembered.get("a.b.c", 1, 99), Some(USER));
        assert_eq!(remembered.get("a.b.c", 1, 100), None, "expired");
        assert_eq!(remembered.get("a.b.c", 2, 99), None, "other keys");
        assert_eq!(remembered.get("a.b.d", 1, 99), None, "another token");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let remembered = Remembered::default();
        for n in 0..MOST * 3 {
            remembered.put(&n.to_string(), until(100), 10);
        }
        assert!(remembered.0.lock().unwrap().len() <= MOST);
        assert_eq!(remembered.get(&(MOST * 3 - 1).to_string(), 1, 11), Some(USER));
    }
}
