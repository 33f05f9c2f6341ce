//! Weights in memory, once for all that serve them: a model and its adapters are one file.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::Plan;
use crate::model::Model;
use crate::model::file::Files;
use crate::model::load::{LoadError, LoadOptions};

/// The weights that somebody serves.
#[derive(Clone, Debug, Default)]
pub struct Weights {
    held: Arc<Mutex<HashMap<PathBuf, Held>>>,
}

#[derive(Debug)]
struct Held {
    files: Files,
    model: Weak<Model>,
}

impl Weights {
    /// The weights of a plan: those that are in memory, unless a file of theirs has been replaced, or else read from the file.
    /// Blocks until they are there; one file is read at a time.
    pub fn get(
        &self,
        plan: &Plan,
        progress: impl FnMut(f32) -> bool + 'static,
    ) -> Result<Arc<Model>, LoadError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, held| held.model.strong_count() > 0);
        let own = plan.adapter.as_ref().map(|adapter| adapter.path.as_path());
        let files = Files::of(&plan.path, &plan.adapters);
        if let Some(known) = held.get(&plan.path).filter(|known| known.files.hold(&files, own))
            && let Some(model) = known.model.upgrade()
        {
            return Ok(model);
        }
        let options = LoadOptions { mmap: plan.settings.mmap, gpu_layers: plan.settings.gpu_layers };
        let mut model = Model::load(&plan.path, plan.shape.clone(), options, progress)?;
        // Later it is shared, and cannot be added to.
        plan.adapters.iter().for_each(|path| model.add_adapter(path));
        let model = Arc::new(model);
        held.insert(plan.path.clone(), Held { files, model: Arc::downgrade(&model) });
        Ok(model)
    }
}
