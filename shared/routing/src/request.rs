//! What a turn asks of the model that answers it.

use hearth_domain::Sensitivity;
use serde::{Deserialize, Serialize};

/// What the turn is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    #[default]
    Chat,
    Code,
    Summarize,
    Quick,
}

/// How soon the answer is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Latency {
    /// Somebody waits.
    #[default]
    Interactive,
    /// Whenever it is cheapest.
    Batch,
}

/// A turn, as far as the decision reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The most private of all that is in the prompt.
    pub sensitivity: Sensitivity,
    pub task: Task,
    pub latency: Latency,
    /// A model that the caller, or else the conversation, asks for by name.
    pub model: Option<String>,
}

/// What the workspace narrows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    pub on_prem_only: bool,
}
