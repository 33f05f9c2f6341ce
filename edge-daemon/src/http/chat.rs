//! `POST /v1/chat/completions`, streamed or whole.

mod request;
mod stream;
mod whole;

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hearth_wire::{ChatRequest, Message};
use llama_cpp_2::token::LlamaToken;

use super::error::ApiError;
use super::json::Json;
use super::{Daemon, unix_seconds};
use crate::engine::{Request, Serving};
use crate::prompt;
use request::Wishes;

/// What every object and chunk of one answer repeats.
#[derive(Clone, Debug)]
struct Answer {
    id: String,
    /// Seconds since 1970.
    created: u64,
    model: Arc<str>,
}

pub async fn complete(
    State(daemon): State<Daemon>,
    Json(body): Json<ChatRequest>,
) -> Result<Response, ApiError> {
    let serving = daemon.serving()?;
    if let Some(model) = body.model.as_deref().filter(|model| !daemon.is_served(Some(model))) {
        return Err(ApiError::model_not_found(model, &daemon.id));
    }
    let Wishes { messages, sampling, max_tokens, stops, streaming, stream_usage } = Wishes::read(body)?;
    let place = daemon.engine.place().ok_or_else(ApiError::queue_full)?;

    let n_ctx = serving.n_ctx;
    let prompt = tokenize(&daemon, serving, messages).await?;
    if prompt.is_empty() {
        return Err(ApiError::invalid_value("messages", "The messages come to an empty prompt."));
    }
    if prompt.len() >= n_ctx as usize {
        return Err(ApiError::context_length_exceeded(prompt.len(), n_ctx));
    }

    let id = format!("chatcmpl-{}", uuid::Uuid::new_v4().simple());
    let events = daemon
        .engine
        .submit(Request { sampling, max_tokens, stops, ..Request::new(id.clone(), prompt) }, place);
    let answer = Answer { id, created: unix_seconds(), model: daemon.id };
    if streaming {
        Ok(stream::respond(answer, events, stream_usage))
    } else {
        whole::respond(answer, events).await.map(IntoResponse::into_response)
    }
}

/// A prompt of more bytes than this takes a noticeable while to tokenize.
const LONG_PROMPT: usize = 64 << 10;

async fn tokenize(
    daemon: &Daemon,
    serving: Arc<Serving>,
    messages: Vec<Message>,
) -> Result<Vec<LlamaToken>, ApiError> {
    let bytes: usize = messages
        .iter()
        .filter_map(|message| message.content.as_ref())
        .map(|content| content.text().len())
        .sum();
    let _turn = if bytes > LONG_PROMPT { daemon.long_prompts.acquire().await.ok() } else { None };
    tokio::task::spawn_blocking(move || prompt::build(&serving.model, &messages))
        .await
        .map_err(|_| ApiError::internal("The prompt could not be tokenized."))?
        .map_err(|error| ApiError::template(&error.to_string()))
}
