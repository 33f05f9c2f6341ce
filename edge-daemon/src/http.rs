//! The HTTP side: routes, and one answer for every mistake.

mod answers;
mod anthropic;
mod asked;
mod caller;
mod chat;
mod collected;
mod completions;
mod cors;
mod embeddings;
mod error;
mod fields;
mod guard;
mod health;
mod json;
mod metrics;
mod models;
mod object;
mod page;
mod responses;
mod settings;
mod sse;
mod tokens;
mod turn;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use tokio::sync::Semaphore;

use crate::keys::live::LiveKeys;
use crate::models::Models;
use crate::pairing::live::LivePairings;

/// A request's body may have this many bytes: room for the longest context there is, and for no more.
const BODY_LIMIT: usize = 2 << 20;

/// What every handler shares.
#[derive(Clone, Debug)]
struct Daemon {
    models: Models,
    /// When the daemon started, in seconds since 1970.
    started: u64,
    /// One long prompt is tokenized at a time: several would take the cores from the engine.
    long_prompts: Arc<Semaphore>,
    /// Requests that were refused for want of a key, or beyond its limits.
    refused: Arc<AtomicU64>,
    /// Where callers need one.
    keys: Option<Arc<LiveKeys>>,
    /// Where Hearth's functions may call.
    pairings: Option<Arc<LivePairings>>,
    /// Web origins whose pages may call.
    origins: Arc<[String]>,
}

/// All routes of the daemon.
pub fn router(
    models: Models,
    keys: Option<Arc<LiveKeys>>,
    pairings: Option<Arc<LivePairings>>,
    origins: Vec<String>,
) -> Router {
    let daemon = Daemon {
        models,
        started: unix_seconds(),
        long_prompts: Arc::new(Semaphore::new(1)),
        refused: Arc::default(),
        keys,
        pairings,
        origins: origins.into(),
    };
    Router::new()
        .route("/v1/models", get(models::list))
        .route("/v1/models/{id}", get(models::one))
        .route("/v1/models/load", post(models::load))
        .route("/v1/models/unload", post(models::unload))
        .route("/v1/chat/completions", post(chat::complete))
        .route("/v1/completions", post(completions::complete))
        .route("/v1/embeddings", post(embeddings::embed))
        .route("/v1/responses", post(responses::respond))
        .route("/v1/messages", post(anthropic::messages))
        .route("/v1/messages/count_tokens", post(anthropic::count_tokens))
        .route("/tokenize", post(tokens::tokenize))
        .route("/detokenize", post(tokens::detokenize))
        .route("/apply-template", post(tokens::apply_template))
        .route("/metrics", get(metrics::metrics))
        .fallback(error::no_route)
        .method_not_allowed_fallback(error::wrong_method)
        .layer(middleware::from_fn_with_state(daemon.clone(), guard::ask_for_key))
        // Without a key: what tells whether the daemon is well, and a page that holds nothing by itself.
        .route("/", get(page::page))
        .route("/health", get(health::health))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn(anthropic::errors::in_their_form))
        .layer(middleware::from_fn_with_state(daemon.clone(), cors::answer_pages))
        .with_state(daemon)
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
