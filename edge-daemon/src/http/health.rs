//! `GET /health`: is the model loaded, and how busy is it?

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use super::Daemon;
use crate::engine::Status;

#[derive(Serialize)]
pub struct Health {
    /// `ok`, `loading` or `ended`.
    status: &'static str,
    model: String,
    requests: Requests,
    cells: Cells,
}

#[derive(Serialize)]
struct Requests {
    active: usize,
    waiting: usize,
}

/// The KV cache, in tokens.
#[derive(Serialize)]
struct Cells {
    used: usize,
    total: usize,
}

pub async fn health(State(daemon): State<Daemon>) -> (StatusCode, Json<Health>) {
    let (code, status) = match daemon.engine.status() {
        Status::Ready(_) => (StatusCode::OK, "ok"),
        Status::Loading => (StatusCode::SERVICE_UNAVAILABLE, "loading"),
        Status::Ended(_) => (StatusCode::SERVICE_UNAVAILABLE, "ended"),
    };
    let [active, waiting, used, total] = daemon.engine.gauges().read();
    let model = daemon.id.to_string();
    (
        code,
        Json(Health { status, model, requests: Requests { active, waiting }, cells: Cells { used, total } }),
    )
}
