//! The file of API keys: is it there, does it hold any, and who can read it?

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::finding::Finding;
use crate::keys::store::KeyFile;

pub fn file(path: &Path) -> Finding {
    let shown = path.display();
    let add = format!("make a key with `hearth-edge keys add NAME --keys {shown}`");
    let mode = match std::fs::metadata(path) {
        Ok(metadata) => metadata.permissions().mode(),
        Err(error) => return Finding::fail("keys", format!("{shown} cannot be read: {error}"), add),
    };
    match KeyFile::read(path) {
        Err(error) => Finding::fail("keys", error.to_string(), "the daemon would end with status 2"),
        Ok(file) if file.keys.is_empty() => Finding::fail("keys", format!("{shown} holds none"), add),
        Ok(_) if mode & 0o077 != 0 => Finding::warn(
            "keys",
            format!("{shown} can be read or written by others (mode {:o})", mode & 0o777),
            format!("`chmod 600 {shown}`"),
        ),
        Ok(file) => Finding::ok("keys", format!("{} in {shown}", file.keys.len())),
    }
}
