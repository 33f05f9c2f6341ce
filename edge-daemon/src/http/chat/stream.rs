//! An answer as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures_util::StreamExt;
use hearth_wire::completion::{CHUNK_OBJECT, STREAM_END};
use hearth_wire::sse;
use hearth_wire::{ChatChunk, ChunkChoice, Delta, FinishReason, Role, Usage};
use serde::Serialize;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

use super::Answer;
use crate::engine::Event;
use crate::engine::event::{Finished, Piece};
use crate::http::error::ApiError;

/// A comment goes out after this much silence, so that proxies and clients do not take the stream for dead.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// The head goes out at once, before the prompt has been read. Dropping the body (the caller left) drops `events`, which
/// ends the request in the engine.
pub fn respond(answer: Answer, mut events: UnboundedReceiver<Event>, with_usage: bool) -> Response {
    let frames = async_stream::stream! {
        let mut begun = false;
        loop {
            let event = match timeout(KEEPALIVE, events.recv()).await {
                Err(_) => {
                    yield comment("working");
                    continue;
                }
                Ok(None) => {
                    yield data(&ApiError::internal("The engine ended while it computed this answer.").into_envelope());
                    return;
                }
                Ok(Some(event)) => event,
            };
            match event {
                Event::Waiting { ahead } => yield comment(&format!("queued {ahead}")),
                Event::Reading => yield comment("reading"),
                Event::Text(Piece { text, .. }) => {
                    if text.is_empty() {
                        continue;
                    }
                    let role = (!std::mem::replace(&mut begun, true)).then_some(Role::Assistant);
                    yield data(&answer.chunk(Delta { role, content: Some(text), ..Delta::default() }, None));
                }
                Event::Failed(failure) => {
                    yield data(&ApiError::from(failure).into_envelope());
                    return;
                }
                Event::Finished(Finished { reason, usage, .. }) => {
                    if !begun {
                        let delta = Delta { role: Some(Role::Assistant), content: Some(String::new()), ..Delta::default() };
                        yield data(&answer.chunk(delta, None));
                    }
                    yield data(&answer.chunk(Delta::default(), Some(reason)));
                    if with_usage {
                        yield data(&answer.usage_chunk(usage));
                    }
                    yield sse::Event::data(STREAM_END).to_string().into();
                    return;
                }
            }
        }
    };
    let mut response = Response::new(Body::from_stream(frames.map(Ok::<Bytes, Infallible>)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // nginx and its like would otherwise collect the stream.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

impl Answer {
    fn chunk(&self, delta: Delta, finish_reason: Option<FinishReason>) -> ChatChunk {
        self.with(vec![ChunkChoice { index: 0, delta, logprobs: None, finish_reason }], None)
    }

    fn usage_chunk(&self, usage: Usage) -> ChatChunk {
        self.with(Vec::new(), Some(usage))
    }

    fn with(&self, choices: Vec<ChunkChoice>, usage: Option<Usage>) -> ChatChunk {
        ChatChunk {
            id: self.id.clone(),
            object: CHUNK_OBJECT.to_owned(),
            created: self.created,
            model: self.model.to_string(),
            choices,
            usage,
        }
    }
}

fn comment(text: &str) -> Bytes {
    format!(": {text}\n\n").into()
}

fn data(value: &impl Serialize) -> Bytes {
    // Our own types are always JSON; an empty event would still keep the stream's form.
    sse::Event::data(serde_json::to_string(value).unwrap_or_default()).to_string().into()
}
