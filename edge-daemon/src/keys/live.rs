//! Keys in use: found by what a caller sends, and held to their rate and their quota.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::store::{self, KeyFile, KeyRecord, StoreError};
use crate::private_file;

/// How often the file is looked at: a key that was revoked ends within this time.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

const SECONDS_A_DAY: u64 = 86_400;

/// The keys of a running daemon.
#[derive(Debug)]
pub struct LiveKeys {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    looked: Instant,
    changed: Option<SystemTime>,
    /// By hash.
    keys: HashMap<String, Arc<LiveKey>>,
}

/// A key in use.
#[derive(Debug)]
pub struct LiveKey {
    record: KeyRecord,
    counts: Mutex<Counts>,
}

#[derive(Debug)]
struct Counts {
    /// Requests that may be made at once, a part of one included.
    allowance: f64,
    refilled: Instant,
    /// Days since 1970, and the tokens used in that one.
    day: u64,
    used: u64,
    saved: bool,
}

/// Why a known key may not ask now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// In so many seconds it may.
    Rate {
        per_minute: u32,
        seconds: u32,
    },
    Quota {
        per_day: u64,
        seconds: u32,
    },
}

impl LiveKeys {
    /// Reads the file of keys, and how much of today's quotas has been used.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let file = KeyFile::read(path)?;
        let used = read_usage(path);
        let keys = file.keys.into_iter().map(|record| {
            let counts = used.get(&record.id).copied();
            (record.hash.clone(), Arc::new(LiveKey::new(record, counts)))
        });
        let state = State { looked: Instant::now(), changed: changed(path), keys: keys.collect() };
        Ok(Self { path: path.to_owned(), state: Mutex::new(state) })
    }

    pub fn is_empty(&self) -> bool {
        held(&self.state).keys.is_empty()
    }

    /// The key that a caller sent, if it is one. By its hash, which says nothing about how close a guess was.
    pub fn find(&self, secret: &str) -> Option<Arc<LiveKey>> {
        let mut state = held(&self.state);
        if state.looked.elapsed() >= LOOK_AGAIN {
            state.looked = Instant::now();
            self.reload(&mut state);
        }
        state.keys.get(&store::hash(secret)).cloned()
    }

    fn reload(&self, state: &mut State) {
        let changed = changed(&self.path);
        if changed == state.changed {
            return;
        }
        match KeyFile::read(&self.path) {
            Ok(file) => {
                state.changed = changed;
                let mut before = std::mem::take(&mut state.keys);
                state.keys = file
                    .keys
                    .into_iter()
                    .map(|record| {
                        let known = before.remove(&record.hash).filter(|key| key.record == record);
                        (record.hash.clone(), known.unwrap_or_else(|| Arc::new(LiveKey::new(record, None))))
                    })
                    .collect();
                tracing::info!(keys = state.keys.len(), "the keys were read again");
            }
            Err(error) => tracing::error!(%error, "the keys could not be read again: the old ones hold"),
        }
    }

    /// Writes down how much was used, if that has changed: a restart gives nobody a new day.
    pub fn save(&self) {
        let keys: Vec<Arc<LiveKey>> = held(&self.state).keys.values().cloned().collect();
        let mut news = false;
        let used: BTreeMap<&str, (u64, u64)> = keys
            .iter()
            .map(|key| {
                let mut counts = held(&key.counts);
                news |= !std::mem::replace(&mut counts.saved, true);
                (key.id(), (counts.day, counts.used))
            })
            .collect();
        if !news {
            return;
        }
        let written = serde_json::to_vec(&used).map_err(std::io::Error::from);
        if let Err(error) = written.and_then(|bytes| private_file::replace(&usage_path(&self.path), &bytes)) {
            tracing::error!(%error, "what the keys have used could not be written down");
        }
    }
}

impl LiveKey {
    fn new(record: KeyRecord, used: Option<(u64, u64)>) -> Self {
        let (day, used) = used.unwrap_or((today().0, 0));
        let allowance = f64::from(record.rate.unwrap_or(0));
        let counts = Counts { allowance, refilled: Instant::now(), day, used, saved: true };
        Self { record, counts: Mutex::new(counts) }
    }

    pub fn id(&self) -> &str {
        &self.record.id
    }

    /// Whether its holder may load, unload and pin models.
    pub fn manages(&self) -> bool {
        self.record.manage
    }

    /// Counts a request, unless there have been too many or the day's tokens are used up.
    pub fn admit(&self) -> Result<(), Refusal> {
        let mut counts = held(&self.counts);
        let left_of_day = counts.turn_day();
        if let Some(per_day) = self.record.tokens.filter(|most| counts.used >= *most) {
            return Err(Refusal::Quota { per_day, seconds: left_of_day });
        }
        let Some(per_minute) = self.record.rate else { return Ok(()) };
        let most = f64::from(per_minute);
        let new = counts.refilled.elapsed().as_secs_f64() * most / 60.0;
        counts.allowance = (counts.allowance + new).min(most);
        counts.refilled = Instant::now();
        if counts.allowance < 1.0 {
            let seconds = ((1.0 - counts.allowance) * 60.0 / most.max(1e-9)).ceil();
            return Err(Refusal::Rate { per_minute, seconds: (seconds as u32).max(1) });
        }
        counts.allowance -= 1.0;
        Ok(())
    }

    /// Counts tokens that were read or written. An answer that has begun is finished, even if it goes beyond.
    pub fn spend(&self, tokens: u64) {
        let mut counts = held(&self.counts);
        counts.turn_day();
        counts.used = counts.used.saturating_add(tokens);
        counts.saved = false;
    }
}

impl Counts {
    /// Starts a new day where one has come; the seconds that are left of it.
    fn turn_day(&mut self) -> u32 {
        let (day, left) = today();
        if day != self.day {
            self.day = day;
            self.used = 0;
        }
        left
    }
}

/// Days since 1970 in UTC, and the seconds that are left of the day.
fn today() -> (u64, u32) {
    let now = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
    (now / SECONDS_A_DAY, (SECONDS_A_DAY - now % SECONDS_A_DAY) as u32)
}

fn changed(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

fn usage_path(path: &Path) -> PathBuf {
    path.with_extension("used.json")
}

/// By key's id: the day, and the tokens used in it. What cannot be read counts as nothing used.
fn read_usage(path: &Path) -> HashMap<String, (u64, u64)> {
    let bytes = std::fs::read(usage_path(path)).ok();
    bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// Counters stay sound even if a thread ended while it held them.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::store::Grant;
    use super::*;

    fn opened(rate: Option<u32>, tokens: Option<u64>) -> (tempfile::TempDir, PathBuf, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let secret = KeyFile::change(&path, |file| file.add("a", Grant { rate, tokens, manage: false }))
            .unwrap()
            .secret;
        (folder, path, secret)
    }

    #[test]
    fn only_the_key_itself_is_found() {
        let (_folder, path, secret) = opened(None, None);
        let keys = LiveKeys::open(&path).unwrap();
        assert!(keys.find(&secret).is_some());
        let known = KeyFile::read(&path).unwrap().keys[0].clone();
        for other in ["", "hearth_edge_sk_", &secret[..secret.len() - 1], &known.hash, &known.id] {
            assert!(keys.find(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_rate_is_held_and_says_when_to_come_again() {
        let (_folder, path, secret) = opened(Some(2), None);
        let key = LiveKeys::open(&path).unwrap().find(&secret).unwrap();
        assert_eq!((key.admit(), key.admit()), (Ok(()), Ok(())));
        let Err(Refusal::Rate { per_minute: 2, seconds }) = key.admit() else { panic!("a third one got in") };
        assert!((1..=30).contains(&seconds), "{seconds}");
    }

    #[test]
    fn a_days_tokens_are_counted_across_a_restart() {
        let (_folder, path, secret) = opened(None, Some(100));
        let keys = LiveKeys::open(&path).unwrap();
        let key = keys.find(&secret).unwrap();
        key.spend(60);
        assert_eq!(key.admit(), Ok(()));
        key.spend(60);
        assert!(matches!(key.admit(), Err(Refusal::Quota { per_day: 100, .. })));
        keys.save();
        let again = LiveKeys::open(&path).unwrap().find(&secret).unwrap();
        assert!(matches!(again.admit(), Err(Refusal::Quota { .. })));
    }

    #[test]
    fn a_revoked_key_ends_while_the_daemon_runs() {
        let (_folder, path, secret) = opened(None, None);
        let keys = LiveKeys::open(&path).unwrap();
        KeyFile::change(&path, |file| file.revoke("a")).unwrap();
        let mut state = held(&keys.state);
        state.looked = Instant::now().checked_sub(LOOK_AGAIN).unwrap();
        // A file that was written within the clock's step must be seen too.
        state.changed = None;
        drop(state);
        assert!(keys.find(&secret).is_none());
        assert!(keys.is_empty());
    }
}
