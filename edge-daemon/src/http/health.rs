//! `GET /health`: does the daemon answer, and how busy is it?

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use super::Daemon;
use crate::models::{Purpose, State as Standing};

#[derive(Serialize)]
pub struct Health {
    /// `ok`; `loading` or `failed` where that is so of the default model and it is to be in memory always.
    status: &'static str,
    /// The default model.
    model: Option<String>,
    requests: Requests,
    cells: Cells,
    memory: Memory,
}

/// Of all models together.
#[derive(Serialize, Default)]
struct Requests {
    active: usize,
    waiting: usize,
}

/// The KV caches, in tokens.
#[derive(Serialize, Default)]
struct Cells {
    used: usize,
    total: usize,
}

/// Bytes.
#[derive(Serialize)]
struct Memory {
    /// What the models in memory take, by their estimates.
    used: u64,
    limit: u64,
}

pub async fn health(State(daemon): State<Daemon>) -> (StatusCode, Json<Health>) {
    let models = &daemon.models;
    let default = models.find(None, Purpose::Write).await.ok();
    // What is to be in memory always is asked for by the daemon itself, right at the start.
    let loading = Standing::Loading(0.0);
    let pinned = default.as_ref().filter(|known| known.pinned);
    let standing = pinned.map(|known| models.standing(&known.id).unwrap_or(loading));
    let (code, status) = match standing {
        Some(Standing::Loading(_) | Standing::Unloading) => (StatusCode::SERVICE_UNAVAILABLE, "loading"),
        Some(Standing::Failed(_)) => (StatusCode::SERVICE_UNAVAILABLE, "failed"),
        _ => (StatusCode::OK, "ok"),
    };
    let (mut requests, mut cells) = (Requests::default(), Cells::default());
    for engine in models.engines() {
        let [active, waiting, used, total] = engine.gauges().read();
        requests.active += active;
        requests.waiting += waiting;
        cells.used += used;
        cells.total += total;
    }
    let memory = Memory { used: models.used(), limit: models.limit() };
    let model = default.map(|known| known.id);
    (code, Json(Health { status, model, requests, cells, memory }))
}
