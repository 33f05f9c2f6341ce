//! What every object and chunk of one answer repeats.

use std::sync::Arc;

use super::unix_seconds;
use crate::models::Loaded;

/// An answer's id, time and model.
#[derive(Clone, Debug)]
pub struct ObjectHead {
    pub id: String,
    /// Seconds since 1970.
    pub created: u64,
    /// The model's id in the API.
    pub model: Arc<str>,
}

impl ObjectHead {
    /// `prefix` is the API's own: `chatcmpl-`, `resp_`, …
    pub fn new(prefix: &str, model: &Loaded) -> Self {
        Self { id: new_id(prefix), created: unix_seconds(), model: Arc::clone(&model.id) }
    }
}

/// A fresh id.
pub fn new_id(prefix: &str) -> String {
    format!("{prefix}{}", uuid::Uuid::new_v4().simple())
}
