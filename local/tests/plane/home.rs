//! A home for one test.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use hearth_local::home::Home;
use tempfile::TempDir;

/// Removed when dropped.
pub struct TestHome {
    folder: TempDir,
}

impl TestHome {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("hearth-").tempdir().unwrap();
        // PostgreSQL's own user passes through it.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn home(&self) -> Home {
        Home::at(self.path()).unwrap()
    }
}
