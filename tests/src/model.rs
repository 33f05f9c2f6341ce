//! A model that says what a test tells it to, when it is told to: for the moments that a real one cannot be made to have.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc};

use crate::proxy::serve;

/// What the model does next.
#[derive(Clone, Debug)]
pub enum Act {
    Say(String),
    /// Ends well, with this usage.
    End {
        prompt_tokens: u64,
        completion_tokens: u64,
    },
    /// Hangs up without an end.
    HangUp,
    /// Refuses the prompt as too long: the count and the limit.
    TooLong(u64, u64),
}

/// A scripted model behind a real HTTP server.
pub struct Model {
    pub url: String,
    acts: mpsc::UnboundedSender<Act>,
    heard: Arc<Mutex<Vec<Value>>>,
}

struct Stage {
    acts: Mutex<mpsc::UnboundedReceiver<Act>>,
    heard: Arc<Mutex<Vec<Value>>>,
}

impl Model {
    pub async fn new() -> Self {
        let (acts, script) = mpsc::unbounded_channel();
        let heard = Arc::new(Mutex::default());
        let stage = Arc::new(Stage { acts: Mutex::new(script), heard: Arc::clone(&heard) });
        let models = json!({ "object": "list", "data": [{ "id": "scripted", "meta": { "n_ctx": 8192 } }] });
        let router = Router::new()
            .route("/v1/models", get(move || async move { Json(models) }))
            .route("/v1/chat/completions", post(answer))
            .with_state(stage);
        Self { url: serve(router).await, acts, heard }
    }

    /// Tells the model what to do next.
    pub fn act(&self, act: Act) {
        self.acts.send(act).expect("a model that listens");
    }

    pub fn say(&self, text: &str) {
        self.act(Act::Say(text.into()));
    }

    pub fn end(&self) {
        self.act(Act::End { prompt_tokens: 10, completion_tokens: 5 });
    }

    /// The requests that it was sent.
    pub async fn heard(&self) -> Vec<Value> {
        self.heard.lock().await.clone()
    }
}

async fn answer(State(stage): State<Arc<Stage>>, Json(request): Json<Value>) -> Response {
    stage.heard.lock().await.push(request);
    let first = next(&stage).await;
    if let Act::TooLong(count, limit) = first {
        let error = json!({ "error": { "message": "too long", "type": "invalid_request_error",
            "code": "context_length_exceeded", "n_prompt_tokens": count, "n_ctx": limit } });
        return (http::StatusCode::BAD_REQUEST, Json(error)).into_response();
    }
    let stream = async_stream::stream! {
        let mut act = first;
        loop {
            match act {
                Act::Say(text) => yield Ok(chunk(&json!({ "choices": [{ "delta": { "content": text } }] }))),
                Act::End { prompt_tokens, completion_tokens } => {
                    yield Ok(chunk(&json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }] })));
                    let usage = json!({ "prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens });
                    yield Ok(chunk(&json!({ "choices": [], "usage": usage })));
                    yield Ok("data: [DONE]\n\n".to_owned());
                    return;
                }
                Act::HangUp | Act::TooLong(..) => {
                    yield Err(std::io::Error::other("hung up"));
                    return;
                }
            }
            act = next(&stage).await;
        }
    };
    ([(http::header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(stream)).into_response()
}

async fn next(stage: &Stage) -> Act {
    stage.acts.lock().await.recv().await.unwrap_or(Act::HangUp)
}

fn chunk(value: &Value) -> String {
    format!("data: {value}\n\n")
}
