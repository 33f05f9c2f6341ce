//! `GET /v1/models` and `GET /v1/models/{id}`.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::Daemon;
use super::error::ApiError;
use crate::model::Kind;

pub async fn list(State(daemon): State<Daemon>) -> Result<Json<Value>, ApiError> {
    Ok(Json(json!({"object": "list", "data": [entry(&daemon)?]})))
}

pub async fn one(State(daemon): State<Daemon>, Path(id): Path<String>) -> Result<Json<Value>, ApiError> {
    if !daemon.is_served(Some(&id)) {
        return Err(ApiError::model_not_found(&id, &daemon.id));
    }
    entry(&daemon).map(Json)
}

/// OpenAI's fields, llama-server's sizes in `meta`, and what this model can do in `capabilities`.
fn entry(daemon: &Daemon) -> Result<Value, ApiError> {
    let serving = daemon.serving()?;
    let model = &serving.model;
    let capabilities = match model.kind() {
        Kind::Chat => json!({
            "chat": true,
            "completions": true,
            "embeddings": false,
            "prefix_sharing": serving.prefix_sharing,
            "tools": if model.template().knows_tools() { "template" } else { "preamble" },
            "tool_format": format!("{:?}", model.template().family()).to_lowercase(),
        }),
        Kind::Embedding => json!({
            "chat": false,
            "completions": false,
            "embeddings": true,
            "dimensions": model.n_embd(),
        }),
    };
    Ok(json!({
        "id": &*daemon.id,
        "object": "model",
        "created": daemon.started,
        "owned_by": "hearth",
        "meta": model.meta(serving.n_ctx),
        "capabilities": capabilities,
    }))
}
