//! Files that only their owner can read: written whole or not at all, and changed by one command at a time.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// Changes a file of JSON, whole or not at all, while no other command does: of two at once, the second would write over what
/// the first one added. `unwritable` makes an error of the caller's own.
pub fn change<F: Serialize, T, E>(
    path: &Path,
    read: impl FnOnce(&Path) -> Result<F, E>,
    change: impl FnOnce(&mut F) -> Result<T, E>,
    unwritable: impl Fn(io::Error) -> E,
) -> Result<T, E> {
    let _held = hold(path).map_err(&unwritable)?;
    let mut file = read(path)?;
    let changed = change(&mut file)?;
    let bytes = serde_json::to_vec_pretty(&file).map_err(|error| unwritable(error.into()))?;
    replace(path, &bytes).map_err(unwritable)?;
    Ok(changed)
}

/// Writes a file that only its owner can read, whole or not at all.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    make_folder_of(path)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = PathBuf::from(beside);
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

/// Keeps other commands from changing the file until what is returned is dropped.
fn hold(path: &Path) -> io::Result<File> {
    make_folder_of(path)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(beside)?;
    file.lock()?;
    Ok(file)
}

fn make_folder_of(path: &Path) -> io::Result<()> {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or(Ok(()), fs::create_dir_all)
}
