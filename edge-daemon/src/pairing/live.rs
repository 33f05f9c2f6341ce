//! Pairings in use: the file is read again while the daemon runs.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::store::{PairingFile, StoreError};
use super::token::{Refusal, Trusted};

/// How often the file is looked at: a pairing that was revoked ends within this time.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// The pairings of a running daemon.
#[derive(Debug)]
pub struct LivePairings {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    looked: Instant,
    version: Option<Version>,
    trusted: Arc<Trusted>,
}

/// What tells one writing of the file from the next: each makes a new file, and renames it.
type Version = (u64, SystemTime);

impl LivePairings {
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let version = version(path);
        let trusted = Arc::new(read(path)?);
        let state = State { looked: Instant::now(), version, trusted };
        Ok(Self { path: path.to_owned(), state: Mutex::new(state) })
    }

    pub fn is_empty(&self) -> bool {
        self.trusted(Instant::now()).is_empty()
    }

    /// The caller that this token lets in.
    pub fn verify(&self, token: &str) -> Result<String, Refusal> {
        let now = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
        self.trusted(Instant::now()).verify(token, now)
    }

    /// Whose tokens are taken, by the file as it is, or was within [`LOOK_AGAIN`].
    fn trusted(&self, now: Instant) -> Arc<Trusted> {
        // What is in there is whole even if a thread ended while it held it.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(state.looked) >= LOOK_AGAIN {
            state.looked = now;
            self.reload(&mut state);
        }
        Arc::clone(&state.trusted)
    }

    fn reload(&self, state: &mut State) {
        let version = version(&self.path);
        if version == state.version {
            return;
        }
        match read(&self.path) {
            Ok(trusted) => {
                tracing::info!(pairings = trusted.len(), "the pairings were read again");
                state.version = version;
                state.trusted = Arc::new(trusted);
            }
            Err(error) => tracing::error!(%error, "the pairings could not be read again: the old ones hold"),
        }
    }
}

/// A file that is gone lets nobody in.
fn read(path: &Path) -> Result<Trusted, StoreError> {
    Ok(PairingFile::read(path)?.as_ref().map_or_else(Trusted::nobody, Trusted::new))
}

fn version(path: &Path) -> Option<Version> {
    let seen = |path: &Path| -> io::Result<Version> {
        let metadata = std::fs::metadata(path)?;
        Ok((metadata.ino(), metadata.modified()?))
    };
    seen(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paired() -> (tempfile::TempDir, PathBuf, LivePairings) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pairings.json");
        PairingFile::change(&path, |file| file.add("hearth")).unwrap();
        let live = LivePairings::open(&path).unwrap();
        (folder, path, live)
    }

    fn soon() -> Instant {
        Instant::now() + LOOK_AGAIN
    }

    #[test]
    fn pairings_come_and_go_while_the_daemon_runs() {
        let (_folder, path, live) = paired();
        PairingFile::change(&path, |file| file.add("second")).unwrap();
        assert_eq!((live.trusted(Instant::now()).len(), live.trusted(soon()).len()), (1, 2));
        for name in ["hearth", "second"] {
            PairingFile::change(&path, |file| file.revoke(name)).unwrap();
        }
        assert!(live.trusted(soon() + LOOK_AGAIN).is_empty());
    }

    #[test]
    fn a_file_that_is_gone_lets_nobody_in() {
        let (_folder, path, live) = paired();
        std::fs::remove_file(&path).unwrap();
        assert!(live.trusted(soon()).is_empty());
    }

    #[test]
    fn a_file_that_is_damaged_changes_nothing_until_it_is_whole() {
        let (_folder, path, live) = paired();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &text[..40]).unwrap();
        assert_eq!(live.trusted(soon()).len(), 1);
        std::fs::remove_file(&path).unwrap();
        PairingFile::change(&path, |file| file.add("other")).unwrap();
        PairingFile::change(&path, |file| file.add("another")).unwrap();
        assert_eq!(live.trusted(soon() + LOOK_AGAIN).len(), 2);
    }
}
