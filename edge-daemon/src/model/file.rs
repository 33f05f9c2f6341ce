//! Which files a model is read from, so that one that was replaced is noticed.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The files of a model's weights and of the adapters that come with them, as they were at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    weights: Option<FileId>,
    adapters: Vec<Option<FileId>>,
}

impl Files {
    pub fn of(weights: &Path, adapters: &[PathBuf]) -> Self {
        Self {
            weights: FileId::of(weights),
            adapters: adapters.iter().map(|path| FileId::of(path)).collect(),
        }
    }

    /// Are all of them there, and has nobody written to them for so long?
    pub fn are_left_alone(&self, long: Duration) -> bool {
        let is_left_alone =
            |file: &Option<FileId>| file.as_ref().is_some_and(|file| file.is_left_alone(long));
        is_left_alone(&self.weights) && self.adapters.iter().all(is_left_alone)
    }

    /// Bytes of the adapters.
    pub fn adapter_bytes(&self) -> u64 {
        self.adapters.iter().flatten().map(|file| file.bytes).sum()
    }
}

/// A file as it was at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileId {
    device: u64,
    inode: u64,
    bytes: u64,
    changed: Option<SystemTime>,
}

impl FileId {
    /// The file at `path`, if there is one.
    pub fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.len(),
            changed: metadata.modified().ok(),
        })
    }

    /// Has nobody written to it for so long?
    fn is_left_alone(&self, long: Duration) -> bool {
        // A time in the future is another clock's.
        self.changed.is_none_or(|changed| changed.elapsed().map_or(true, |since| since >= long))
    }
}
