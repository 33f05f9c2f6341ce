//! `GET /v1/models` and `GET /v1/models/{id}`.

use axum::Json;
use axum::extract::{Path, State};
use hearth_wire::{Model, ModelList};

use super::Daemon;
use super::error::ApiError;

const OWNER: &str = "hearth";

pub async fn list(State(daemon): State<Daemon>) -> Result<Json<ModelList>, ApiError> {
    Ok(Json(ModelList::new(vec![entry(&daemon)?])))
}

pub async fn one(State(daemon): State<Daemon>, Path(id): Path<String>) -> Result<Json<Model>, ApiError> {
    if !daemon.is_served(Some(&id)) {
        return Err(ApiError::model_not_found(&id, &daemon.id));
    }
    entry(&daemon).map(Json)
}

fn entry(daemon: &Daemon) -> Result<Model, ApiError> {
    let serving = daemon.serving()?;
    Ok(Model::new(&*daemon.id, daemon.started, OWNER, Some(serving.model.meta(serving.n_ctx))))
}
