//! Which file a path names, so that one that was replaced is noticed.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// A file as it was at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileId {
    device: u64,
    inode: u64,
    bytes: u64,
    changed: Option<SystemTime>,
}

/// The file at `path`, if there is one.
pub fn id(path: &Path) -> Option<FileId> {
    let metadata = std::fs::metadata(path).ok()?;
    Some(FileId {
        device: metadata.dev(),
        inode: metadata.ino(),
        bytes: metadata.len(),
        changed: metadata.modified().ok(),
    })
}

impl FileId {
    /// Has nobody written to it for so long?
    pub fn is_left_alone(&self, long: Duration) -> bool {
        // A time in the future is another clock's.
        self.changed.is_none_or(|changed| changed.elapsed().map_or(true, |since| since >= long))
    }
}
