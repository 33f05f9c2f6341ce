//! A model that answers by itself, at a pace of its own, as long as it is allowed to: for tests whose turns nobody directs.

use std::time::Duration;

use axum::{
    Json, Router,
    body::Body,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::proxy::serve;

/// What it says, over and over: text that a careless writer of events would break.
const WORDS: [&str; 7] = ["A river", ",", " “so to say”", "\n\n", "data: 🙂", " goes on", " and on"];
/// The most that it says where nobody has said how much.
const MOST: u64 = 256;

/// Starts one that says a word each `pace`; gives its URL.
pub async fn talker(pace: Duration) -> String {
    let list = json!({ "object": "list", "data": [{ "id": "scripted", "object": "model", "meta": { "n_ctx": 8192 } }] });
    let router = Router::new()
        .route("/v1/models", get(move || async move { Json(list) }))
        .route("/v1/chat/completions", post(async move |Json(request): Json<Value>| answer(&request, pace)));
    serve(router).await
}

fn answer(request: &Value, pace: Duration) -> Response {
    let said = request["max_tokens"].as_u64().unwrap_or(MOST);
    // A token is a word, more or less.
    let read = request["messages"].to_string().split(' ').count() as u64;
    let usage = json!({ "prompt_tokens": read, "completion_tokens": said, "total_tokens": read + said });
    if request["stream"] == true {
        stream(said, usage, request["stream_options"]["include_usage"] == true, pace)
    } else {
        let text: String = words(said).collect();
        let message = json!({ "role": "assistant", "content": text });
        let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
        Json(json!({ "id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": "scripted",
            "choices": [choice], "usage": usage }))
        .into_response()
    }
}

fn words(count: u64) -> impl Iterator<Item = &'static str> {
    WORDS.into_iter().cycle().take(usize::try_from(count).unwrap_or(usize::MAX))
}

fn stream(said: u64, usage: Value, counted: bool, pace: Duration) -> Response {
    let events = async_stream::stream! {
        for word in words(said) {
            tokio::time::sleep(pace).await;
            yield chunk(json!([{ "index": 0, "delta": { "content": word } }]), Value::Null);
        }
        yield chunk(json!([{ "index": 0, "delta": {}, "finish_reason": "stop" }]), Value::Null);
        if counted {
            yield chunk(json!([]), usage);
        }
        yield "data: [DONE]\n\n".to_owned();
    };
    (
        [(http::header::CONTENT_TYPE, "text/event-stream")],
        Body::from_stream(events.map(Ok::<_, std::convert::Infallible>)),
    )
        .into_response()
}

fn chunk(choices: Value, usage: Value) -> String {
    let mut chunk =
        json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": "scripted" });
    chunk["choices"] = choices;
    if !usage.is_null() {
        chunk["usage"] = usage;
    }
    format!("data: {chunk}\n\n")
}
