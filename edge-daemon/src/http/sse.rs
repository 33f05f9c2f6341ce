//! Answers as server-sent events, whichever API they are in.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures_util::{Stream, StreamExt as _};
use hearth_wire::sse;
use serde::Serialize;
use tokio::time::timeout;

use super::answers::{Answers, Said};
use super::error::ApiError;

/// A comment goes out after this much silence, so that proxies and clients do not take the stream for dead.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// What is next in a stream.
pub enum Next {
    Said(usize, Said),
    /// A comment line that says how far things are.
    Comment(Bytes),
    Failed(ApiError),
    /// All answers are over.
    Over,
}

/// The next thing to send. The head of a stream goes out at once, before the prompt has been read.
pub async fn next(answers: &mut Answers) -> Next {
    match timeout(KEEPALIVE, answers.next()).await {
        Err(_) => Next::Comment(comment("working")),
        Ok(None) => Next::Over,
        Ok(Some((_, Err(error)))) => Next::Failed(error),
        Ok(Some((_, Ok(Said::Waiting { ahead })))) => Next::Comment(comment(&format!("queued {ahead}"))),
        Ok(Some((_, Ok(Said::Reading)))) => Next::Comment(comment("reading")),
        Ok(Some((at, Ok(said)))) => Next::Said(at, said),
    }
}

/// Dropping the body (the caller left) drops the answers in it, which ends them in the engine.
pub fn response(frames: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let mut response = Response::new(Body::from_stream(frames.map(Ok::<Bytes, Infallible>)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // nginx and its like would otherwise collect the stream.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

fn comment(text: &str) -> Bytes {
    format!(": {text}\n\n").into()
}

/// An event without a name.
pub fn data(value: &impl Serialize) -> Bytes {
    // Our own types are always JSON; an empty event would still keep the stream's form.
    text(serde_json::to_string(value).unwrap_or_default())
}

/// An event with this text.
pub fn text(text: impl Into<String>) -> Bytes {
    sse::Event::data(text).to_string().into()
}

/// An event with a name.
pub fn named(name: &str, value: &impl Serialize) -> Bytes {
    let data = serde_json::to_string(value).unwrap_or_default();
    format!("event: {name}\ndata: {data}\n\n").into()
}
