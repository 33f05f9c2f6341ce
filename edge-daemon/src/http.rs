//! The HTTP side: routes, and one answer for every mistake.

mod chat;
mod error;
mod guard;
mod health;
mod json;
mod models;

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use tokio::sync::Semaphore;

use crate::engine::{Engine, Serving, Status};
use error::ApiError;

/// A request's body may have this many bytes: room for the longest context there is, and for no more.
const BODY_LIMIT: usize = 2 << 20;

/// What every handler shares.
#[derive(Clone, Debug)]
struct Daemon {
    engine: Engine,
    /// The model's id in the API.
    id: Arc<str>,
    /// When the daemon started, in seconds since 1970.
    started: u64,
    /// One long prompt is tokenized at a time: several would take the cores from the engine.
    long_prompts: Arc<Semaphore>,
}

/// All routes of the daemon.
pub fn router(engine: Engine, id: String) -> Router {
    let daemon =
        Daemon { engine, id: id.into(), started: unix_seconds(), long_prompts: Arc::new(Semaphore::new(1)) };
    Router::new()
        .route("/health", get(health::health))
        .route("/v1/models", get(models::list))
        .route("/v1/models/{id}", get(models::one))
        .route("/v1/chat/completions", post(chat::complete))
        .fallback(error::no_route)
        .method_not_allowed_fallback(error::wrong_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn(guard::refuse_foreign_pages))
        .with_state(daemon)
}

impl Daemon {
    /// The model, once it is loaded.
    fn serving(&self) -> Result<Arc<Serving>, ApiError> {
        match self.engine.status() {
            Status::Ready(serving) => Ok(serving),
            Status::Loading => Err(ApiError::loading()),
            Status::Ended(_) => Err(ApiError::shutting_down()),
        }
    }

    /// Does a request's `model` mean the one that is served? No name means it, and so does `default`.
    fn is_served(&self, model: Option<&str>) -> bool {
        model.is_none_or(|model| matches!(model, "" | "default") || model == &*self.id)
    }
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
