//! What models' files say, looked at where waiting holds nobody up: a network share can hang for minutes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::known::{Catalogue, Known};
use super::shapes::Shapes;
use super::{Inner, Unavailable};
use crate::model::Shape;
use crate::model::file::{FileId, Files};

/// Who asks is told after this long that the disk does not answer.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// All models of a slow disk take longer to look through.
pub const LONG_PATIENCE: Duration = Duration::from_secs(60);

/// A model's files, as they were found.
#[derive(Clone, Debug)]
pub struct Seen {
    pub shape: Shape,
    pub files: Files,
}

/// Who waits for the disk: one thread for each place, so that one that hangs takes no more, and holds up no other.
#[derive(Debug, Default)]
pub struct Disk {
    places: Mutex<HashMap<PathBuf, Arc<Semaphore>>>,
}

impl Disk {
    /// Does work that may wait for the disk at `place`, a file or a folder.
    pub async fn look<T: Send + 'static>(
        &self,
        place: &Path,
        patience: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        let turn = self.turn(place);
        let look = async move {
            // The semaphore is never closed.
            let turn = turn.acquire_owned().await.ok();
            tokio::task::spawn_blocking(move || {
                let _until_it_is_done = turn;
                work()
            })
            .await
        };
        match tokio::time::timeout(patience, look).await {
            Ok(Ok(seen)) => Ok(seen),
            Ok(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Ok(Err(_)) => Err(Unavailable::ShuttingDown),
            Err(_) => Err(Unavailable::Disk),
        }
    }

    fn turn(&self, place: &Path) -> Arc<Semaphore> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that nobody looks at need not be known.
        places.retain(|_, turn| Arc::strong_count(turn) > 1 || turn.available_permits() == 0);
        Arc::clone(places.entry(place.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(1))))
    }
}

impl Inner {
    /// Where all models are looked for.
    pub(super) fn folder(&self) -> &Path {
        self.catalogue.folder.as_deref().unwrap_or(Path::new(""))
    }

    /// A model's files. May wait for the disk.
    pub(super) fn seen(&self, known: &Known) -> Result<Seen, Unavailable> {
        let failed = |reason| Unavailable::Failed { id: known.id.clone(), reason };
        // In this order: what is replaced in between is noticed later.
        let files = files(&self.catalogue, known);
        let shape = self.shapes.get(&known.path).map_err(failed)?;
        Ok(Seen { shape, files })
    }

    /// What is to be served in the place of a model that was read from these files, where there is something else now. May
    /// wait for the disk.
    pub(super) fn successor(&self, known: &Known, served: &Files) -> Option<Known> {
        let now = files(&self.catalogue, known);
        if now.weights.is_none() {
            // A folder's model may go on under another file's name.
            let found = self.catalogue.find(&known.id).filter(|found| found.path != known.path)?;
            return self.has_settled(&found.path, FileId::of(&found.path)).then_some(found);
        }
        let adapter_is_new = |(path, file): (&PathBuf, &Option<FileId>)| {
            served.adapters.get(path) != Some(file)
                && is_left_alone(file.as_ref())
                && Shapes::is_sound_adapter(path)
        };
        // An adapter that is missing or damaged is no reason to leave its base as it was.
        let is_new = if now.weights == served.weights {
            now.adapters.iter().any(adapter_is_new)
        } else {
            self.has_settled(&known.path, now.weights)
        };
        is_new.then(|| known.clone())
    }

    fn has_settled(&self, path: &Path, file: Option<FileId>) -> bool {
        is_left_alone(file.as_ref()) && self.shapes.get(path).is_ok()
    }
}

/// A file that was replaced is looked at once it has been left alone for this long: it may still be copied.
const SETTLED: Duration = Duration::from_secs(2);

fn is_left_alone(file: Option<&FileId>) -> bool {
    file.is_some_and(|file| file.is_left_alone(SETTLED))
}

fn files(catalogue: &Catalogue, known: &Known) -> Files {
    Files::of(&known.path, &catalogue.adapters_of(&known.path))
}
