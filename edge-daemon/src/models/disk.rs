//! What models' files say, looked at where waiting holds nobody up: a network share can hang for minutes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::known::{Catalogue, Known};
use super::shapes::Shapes;
use super::{Inner, Unavailable};
use crate::model::Shape;
use crate::model::file::Files;

/// Looks that run at once. A disk that hangs takes no more threads than these.
const LOOKS: usize = 4;

/// Who asks is told after this long that the disk does not answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A model's files, as they were found.
#[derive(Clone, Debug)]
pub struct Seen {
    pub shape: Shape,
    pub files: Files,
}

/// The threads that wait for the disk.
#[derive(Debug)]
pub struct Disk {
    looks: Arc<Semaphore>,
}

impl Default for Disk {
    fn default() -> Self {
        Self { looks: Arc::new(Semaphore::new(LOOKS)) }
    }
}

impl Disk {
    /// Does work that may wait for the disk.
    pub async fn look<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        let looks = Arc::clone(&self.looks);
        let look = async move {
            // The semaphore is never closed.
            let place = looks.acquire_owned().await.ok();
            tokio::task::spawn_blocking(move || {
                let _until_it_is_done = place;
                work()
            })
            .await
        };
        match tokio::time::timeout(PATIENCE, look).await {
            Ok(Ok(seen)) => Ok(seen),
            Ok(Err(_)) | Err(_) => Err(Unavailable::Disk),
        }
    }
}

impl Inner {
    /// A model's files. May wait for the disk.
    pub(super) fn seen(&self, known: &Known) -> Result<Seen, Unavailable> {
        let failed = |reason| Unavailable::Failed { id: known.id.clone(), reason };
        // In this order: what is replaced in between is noticed later.
        let files = files(&self.catalogue, known);
        let shape = self.shapes.get(&known.path).map_err(failed)?;
        Ok(Seen { shape, files })
    }

    /// Are there other sound files in the place of those that are served? May wait for the disk.
    pub(super) fn were_replaced(&self, known: &Known, served: &Files) -> bool {
        let now = files(&self.catalogue, known);
        now != *served && now.are_left_alone(SETTLED) && self.are_sound(known)
    }

    fn are_sound(&self, known: &Known) -> bool {
        let mut adapters = self.catalogue.adapters_of(&known.path).into_iter();
        self.shapes.get(&known.path).is_ok() && adapters.all(|path| Shapes::is_sound_adapter(&path))
    }
}

/// A file that was replaced is looked at once it has been left alone for this long: it may still be copied.
const SETTLED: Duration = Duration::from_secs(2);

fn files(catalogue: &Catalogue, known: &Known) -> Files {
    Files::of(&known.path, &catalogue.adapters_of(&known.path))
}
