//! Which files a model is read from, so that one that was replaced is noticed.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The files of a model's weights and of the adapters that come with them, as they were at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    pub weights: Option<FileId>,
    /// By their paths.
    pub adapters: BTreeMap<PathBuf, Option<FileId>>,
}

impl Files {
    pub fn of(weights: &Path, adapters: &[PathBuf]) -> Self {
        let adapters = adapters.iter().map(|path| (path.clone(), FileId::of(path))).collect();
        Self { weights: FileId::of(weights), adapters }
    }

    /// Can what was read from these files serve for what is in `wanted`? `own` is the adapter that matters.
    pub fn hold(&self, wanted: &Self, own: Option<&Path>) -> bool {
        self.weights == wanted.weights
            && own.is_none_or(|own| self.adapters.get(own) == wanted.adapters.get(own))
    }

    /// Bytes of the adapters.
    pub fn adapter_bytes(&self) -> u64 {
        self.adapters.values().flatten().map(|file| file.bytes).sum()
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
    pub fn is_left_alone(&self, long: Duration) -> bool {
        // A time in the future is another clock's.
        self.changed.is_none_or(|changed| changed.elapsed().map_or(true, |since| since >= long))
    }
}
