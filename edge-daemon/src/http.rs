//! The HTTP side: routes, and one answer for every mistake.

mod answers;
mod anthropic;
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
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use tokio::sync::Semaphore;

use crate::engine::{Engine, Serving, Status};
use crate::keys::live::LiveKeys;
use crate::model::Kind;
use crate::pairing::live::LivePairings;
use error::ApiError;
use fields::Fields;
use metrics::Metrics;
use turn::Turn;

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
    metrics: Arc<Metrics>,
    /// Where callers need one.
    keys: Option<Arc<LiveKeys>>,
    /// Where Hearth's functions may call.
    pairings: Option<Arc<LivePairings>>,
    /// Web origins whose pages may call.
    origins: Arc<[String]>,
}

/// All routes of the daemon.
pub fn router(
    engine: Engine,
    id: String,
    keys: Option<Arc<LiveKeys>>,
    pairings: Option<Arc<LivePairings>>,
    origins: Vec<String>,
) -> Router {
    let daemon = Daemon {
        engine,
        id: id.into(),
        started: unix_seconds(),
        long_prompts: Arc::new(Semaphore::new(1)),
        metrics: Arc::default(),
        keys,
        pairings,
        origins: origins.into(),
    };
    Router::new()
        .route("/v1/models", get(models::list))
        .route("/v1/models/{id}", get(models::one))
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

impl Daemon {
    /// The model, once it is loaded.
    fn serving(&self) -> Result<Arc<Serving>, ApiError> {
        match self.engine.status() {
            Status::Ready(serving) => Ok(serving),
            Status::Loading => Err(ApiError::loading()),
            Status::Ended(_) => Err(ApiError::shutting_down()),
        }
    }

    /// The model, where it writes.
    fn writing(&self) -> Result<Arc<Serving>, ApiError> {
        let serving = self.serving()?;
        match serving.model.kind() {
            Kind::Chat => Ok(serving),
            Kind::Embedding => Err(ApiError::unsupported(
                "model",
                "This model embeds and does not write: ask it at /v1/embeddings, or serve a chat model.",
            )),
        }
    }

    /// Does a request's `model` mean the one that is served? No name means it, and so does `default`.
    fn is_served(&self, model: Option<&str>) -> bool {
        model.is_none_or(|model| matches!(model, "" | "default") || model == &*self.id)
    }

    /// Reads `model`, which must be the one that is served.
    fn check_model(&self, body: &mut Fields) -> Result<(), ApiError> {
        self.serving()?;
        match body.string("model")? {
            Some(model) if !self.is_served(Some(&model)) => Err(ApiError::model_not_found(&model, &self.id)),
            _ => Ok(()),
        }
    }

    /// A variable that the model's template does not read would be silently ignored.
    fn check_variables(&self, turn: &Turn) -> Result<(), ApiError> {
        let serving = self.serving()?;
        let unknown = turn.conversation.variables.keys().find(|name| !serving.model.template().knows(name));
        let Some(name) = unknown else { return Ok(()) };
        let param = if name == "reasoning_effort" { name } else { "chat_template_kwargs" };
        let shown: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
        Err(ApiError::unsupported(
            param,
            format!("This model's chat template does not read `{shown}`. Leave it out."),
        ))
    }
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
