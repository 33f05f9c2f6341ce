//! Anthropic's Messages API, as a conversion onto the same turns: `POST /v1/messages` and `/v1/messages/count_tokens`.
//!
//! Source: <https://docs.anthropic.com/en/api/messages>.

mod content;
pub mod errors;
mod request;
mod sending;

use axum::Json as JsonBody;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::Daemon;
use super::answers::Answers;
use super::caller::Caller;
use super::error::ApiError;
use super::fields::Fields;
use super::json::Json;
use super::object::ObjectHead;
use super::sse::{self, Next};
use crate::models::Purpose;
use sending::Sending;

pub async fn messages(
    State(daemon): State<Daemon>,
    caller: Caller,
    Json(body): Json<Value>,
) -> Result<Response, ApiError> {
    let mut body = Fields::of_body(body)?;
    let asked = daemon.asked(&mut body, Purpose::Write).await?;
    let streamed = body.boolean("stream")?.unwrap_or(false);
    let turn = request::read(body)?;
    let model = daemon.take_writer(asked).await?;
    let head = ObjectHead::new("msg_", &model);
    let answers = daemon.ask(&model, turn, &head.id, &caller).await?;
    let sending = Sending::new(head, answers.prompt_tokens());
    if streamed {
        Ok(stream(sending, answers))
    } else {
        whole(sending, answers).await.map(IntoResponse::into_response)
    }
}

pub async fn count_tokens(
    State(daemon): State<Daemon>,
    Json(body): Json<Value>,
) -> Result<JsonBody<Value>, ApiError> {
    let mut body = Fields::of_body(body)?;
    let asked = daemon.asked(&mut body, Purpose::Write).await?;
    let turn = request::read_uncounted(body)?;
    let model = daemon.take_writer(asked).await?;
    Ok(JsonBody(json!({"input_tokens": daemon.count(&model, turn).await?})))
}

async fn whole(mut sending: Sending, mut answers: Answers) -> Result<JsonBody<Value>, ApiError> {
    while let Some((_, said)) = answers.next().await {
        sending.take(said?);
    }
    Ok(JsonBody(sending.message()))
}

fn stream(mut sending: Sending, mut answers: Answers) -> Response {
    sse::response(async_stream::stream! {
        yield sending.start();
        loop {
            match sse::next(&mut answers).await {
                Next::Comment(comment) => yield comment,
                Next::Failed(error) => {
                    yield sse::named("error", &errors::body(&error));
                    return;
                }
                Next::Over => return,
                Next::Said(_, said) => {
                    for event in sending.take(said) {
                        yield event;
                    }
                }
            }
        }
    })
}
