//! One `hearth up` a home. The lock is the operating system's: it goes with its process, however
//! that ends, so none is ever stale.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;

use super::SuperviseError;
use crate::home::Home;

/// Held while `up` runs.
#[derive(Debug)]
pub struct HomeLock {
    file: File,
}

impl HomeLock {
    /// Takes the lock, or says which process has it and where it answers.
    pub fn take(home: &Home) -> Result<Self, SuperviseError> {
        let path = home.pid_file();
        let trouble = |source| SuperviseError::File { what: path.display().to_string(), source };
        let mut file = open(home).map_err(trouble)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let pid = pid_in(&mut file).unwrap_or_default();
                let place = address(home).map(|url| format!(", at {url}")).unwrap_or_default();
                return Err(SuperviseError::RunsAlready { home: home.root().to_owned(), pid, place });
            }
            Err(TryLockError::Error(source)) => return Err(trouble(source)),
        }
        file.set_len(0).map_err(trouble)?;
        file.rewind().map_err(trouble)?;
        write!(file, "{}", std::process::id()).map_err(trouble)?;
        Ok(Self { file })
    }
}

impl Drop for HomeLock {
    fn drop(&mut self) {
        // The file stays, empty: removing it could let two processes lock two files of one name.
        let _ = self.file.set_len(0);
    }
}

/// The process that runs this home, if one does.
pub fn running(home: &Home) -> Option<u32> {
    let mut file = File::open(home.pid_file()).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => pid_in(&mut file),
        _ => None,
    }
}

fn open(home: &Home) -> std::io::Result<File> {
    OpenOptions::new().create(true).read(true).write(true).truncate(false).mode(0o644).open(home.pid_file())
}

fn pid_in(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn address(home: &Home) -> Option<String> {
    let text = std::fs::read_to_string(home.up_file()).ok()?;
    let up: serde_json::Value = serde_json::from_str(&text).ok()?;
    Some(up.get("url")?.as_str()?.to_owned())
}
