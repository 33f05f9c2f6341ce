//! `GET /v1/models`.

use axum::{Json, extract::State};
use hearth_wire::ModelList;

use crate::{
    App,
    answer::{Failure, from_provider},
    auth::Caller,
};

/// The models that can answer
#[utoipa::path(get, path = "/v1/models", tag = "openai", responses((status = 200, body = Object)))]
pub async fn list(State(app): State<App>, _caller: Caller) -> Result<Json<ModelList>, Failure> {
    let edge = app.edge()?;
    edge.models.refresh(&edge.provider).await.map(Json).map_err(|error| from_provider(&error).into())
}
