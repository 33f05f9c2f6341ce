//! `GET /v1/models`.

use serde::{Deserialize, Serialize};

/// `"object": "list"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelList {
    #[serde(default = "list_object")]
    pub object: String,
    pub data: Vec<Model>,
}

impl ModelList {
    pub fn new(data: Vec<Model>) -> Self {
        Self { object: list_object(), data }
    }
}

/// One model: `"object": "model"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    pub id: String,
    #[serde(default = "model_object")]
    pub object: String,
    /// Seconds since 1970, UTC.
    #[serde(default)]
    pub created: u64,
    #[serde(default)]
    pub owned_by: String,
    /// What a local server knows about its model; hosted providers leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<ModelMeta>,
}

impl Model {
    pub fn new(
        id: impl Into<String>,
        created: u64,
        owned_by: impl Into<String>,
        meta: Option<ModelMeta>,
    ) -> Self {
        Self { id: id.into(), object: model_object(), created, owned_by: owned_by.into(), meta }
    }
}

/// Sizes of a loaded model, by llama-server's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelMeta {
    /// Tokens that one request may use, prompt and answer together.
    #[serde(default)]
    pub n_ctx: u64,
    /// Tokens that the model was trained on.
    #[serde(default)]
    pub n_ctx_train: u64,
    #[serde(default)]
    pub n_params: u64,
    /// Bytes of all tensors.
    #[serde(default)]
    pub size: u64,
    #[serde(default)]
    pub n_vocab: u64,
}

fn list_object() -> String {
    "list".to_owned()
}

fn model_object() -> String {
    "model".to_owned()
}
