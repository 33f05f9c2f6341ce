//! Fetching a model: into `FILE.part`, with resume, verified against the hub's digest, and only then under its own name.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::fs;

use super::hub::{Hub, HubError, RemoteFile};
use super::part::Part;
use super::room::{bytes, free_disk};
use super::{Catalogue, Model};

/// How often a connection that broke is taken up again without a byte of progress.
const FRUITLESS_TRIES: u32 = 4;
/// Left free on the disk, for everything else that runs there.
const SPARE_DISK: u64 = 256 << 20;

/// Shown while a file is fetched.
pub trait Progress {
    /// The file's size is known, and how much of it is here from an earlier try.
    fn begin(&self, here: u64, size: u64);
    /// So many bytes are here now.
    fn reached(&self, here: u64);
    /// A pause or a repetition, in words.
    fn note(&self, text: &str);
}

#[derive(Debug, thiserror::Error)]
pub enum PullError {
    #[error(transparent)]
    Hub(#[from] HubError),
    #[error(
        "no model is called {name}. Known are {known}; OWNER/NAME/FILE.gguf fetches any other from the hub."
    )]
    Unknown { name: String, known: String },
    #[error("{name} comes with Hearth: ./hearth up fetches it.")]
    ComesWithHearth { name: String },
    #[error("{} are needed, {} are free in {folder}. Make room, then run the same command again.", bytes(*.needed), bytes(*.free))]
    NoRoom { needed: u64, free: u64, folder: PathBuf },
    #[error("the disk is full, {} of {} are here. Make room, then run the same command again: it goes on from there.", bytes(*.here), bytes(*.size))]
    DiskFull { here: u64, size: u64 },
    #[error("the connection broke off at {} of {}. Run the same command again: it goes on from there.", bytes(*.here), bytes(*.size))]
    CutOff { here: u64, size: u64 },
    #[error(
        "what came is not what the hub describes (SHA-256 {found}, expected {expected}), so it was thrown away. Try again; should it happen twice, don't trust the network in between."
    )]
    WrongDigest { expected: String, found: String },
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
}

/// What to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub repository: String,
    pub file: String,
}

impl Wanted {
    /// A catalogue name, or `OWNER/NAME/FILE.gguf` on the hub.
    pub fn named(name: &str, catalogue: &Catalogue) -> Result<Self, PullError> {
        if let Some(model) = catalogue.find(name) {
            return Self::of(model);
        }
        match name.splitn(3, '/').collect::<Vec<_>>()[..] {
            [owner, repository, file] if file.to_ascii_lowercase().ends_with(".gguf") => {
                Ok(Self { repository: format!("{owner}/{repository}"), file: file.into() })
            }
            _ => Err(PullError::Unknown { name: name.into(), known: catalogue.names() }),
        }
    }

    fn of(model: &Model) -> Result<Self, PullError> {
        if model.package.is_some() {
            return Err(PullError::ComesWithHearth { name: model.name.clone() });
        }
        Ok(Self { repository: model.repository.clone(), file: model.file.clone() })
    }

    /// Its name in a home's models folder.
    pub fn file_name(&self) -> &str {
        self.file.rsplit('/').next().unwrap_or(&self.file)
    }
}

/// Fetches `wanted` into `folder` and answers the file's path. An earlier, unfinished try is taken up where it ended.
pub async fn pull(
    hub: &Hub,
    wanted: &Wanted,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<PathBuf, PullError> {
    let target = folder.join(wanted.file_name());
    fs::create_dir_all(folder).await.map_err(|source| PullError::Io { path: folder.into(), source })?;
    let mut remote = hub.describe(&wanted.repository, &wanted.file).await?;
    let mut part = Part::open(&target, &remote).await?;
    check_room(folder, &remote, part.here())?;
    progress.begin(part.here(), remote.size);

    let mut fruitless = 0;
    while part.here() < remote.size {
        let before = part.here();
        match part.fetch(hub, &remote, progress).await {
            Ok(()) | Err(PullError::Hub(HubError::Unreachable { .. }) | PullError::CutOff { .. }) => {}
            Err(error) => return Err(error),
        }
        if part.here() >= remote.size {
            break;
        }
        fruitless = if part.here() > before { 0 } else { fruitless + 1 };
        if fruitless >= FRUITLESS_TRIES {
            return Err(PullError::CutOff { here: part.here(), size: remote.size });
        }
        progress.note("the connection broke off; going on from there");
        tokio::time::sleep(Duration::from_millis(250 << fruitless)).await;
        // The address was signed for minutes only: ask for a fresh one.
        remote.address = hub.describe(&wanted.repository, &wanted.file).await?.address;
    }
    part.finish(&remote, &target).await?;
    Ok(target)
}

fn check_room(folder: &Path, remote: &RemoteFile, here: u64) -> Result<(), PullError> {
    let needed = remote.size.saturating_sub(here) + SPARE_DISK;
    match free_disk(folder) {
        Some(free) if free < needed => Err(PullError::NoRoom { needed, free, folder: folder.into() }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
