//! What an engine is to serve, decided before it starts.

use std::path::PathBuf;
use std::sync::Arc;

use super::need::Need;
use super::settings::{Settings, Sizes};
use crate::model::Shape;

/// A model with its sizes.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The model's id in the API.
    pub id: Arc<str>,
    pub path: PathBuf,
    /// What it answers by, beside its weights.
    pub adapter: Option<Adapter>,
    /// All adapters of these weights, which come into memory with them.
    pub adapters: Vec<PathBuf>,
    /// Bytes of those.
    pub adapter_bytes: u64,
    pub shape: Shape,
    pub settings: Settings,
    pub sizes: Sizes,
}

/// A LoRA adapter: a small file that changes what a model says.
#[derive(Clone, Debug, PartialEq)]
pub struct Adapter {
    pub path: PathBuf,
    /// How much of it; 1 is what it was trained for.
    pub scale: f32,
}

impl Plan {
    /// Bytes of memory that it will take.
    pub fn need(&self) -> Need {
        let mut need = Need::new(&self.shape, &self.settings, self.sizes);
        need.weights = need.weights.saturating_add(self.adapter_bytes);
        need
    }
}
