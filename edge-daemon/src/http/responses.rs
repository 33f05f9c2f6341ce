//! OpenAI's Responses API, as a conversion onto the same turns: `POST /v1/responses`. Nothing is stored, so a response
//! cannot be gone on with by its id: the caller sends the conversation.
//!
//! Source: <https://platform.openai.com/docs/api-reference/responses>.

mod input;
mod request;
mod sending;

use axum::Json as JsonBody;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::Daemon;
use super::answers::Answers;
use super::asked::check_variables;
use super::caller::Caller;
use super::error::ApiError;
use super::fields::Fields;
use super::json::Json;
use super::object::ObjectHead;
use super::sse::{self, Next};
use crate::models::Purpose;
use sending::Sending;

pub async fn respond(
    State(daemon): State<Daemon>,
    caller: Caller,
    Json(body): Json<Value>,
) -> Result<Response, ApiError> {
    let mut body = Fields::of_body(body)?;
    let asked = daemon.asked(&mut body, Purpose::Write).await?;
    let request::Read { turn, streamed, echo } = request::read(body)?;
    let model = daemon.take_writer(asked).await?;
    check_variables(&model, &turn)?;
    let head = ObjectHead::new("resp_", &model);
    let answers = daemon.ask(&model, turn, &head.id, &caller).await?;
    let sending = Sending::new(head, echo, answers.prompt_tokens());
    if streamed {
        Ok(stream(sending, answers))
    } else {
        whole(sending, answers).await.map(IntoResponse::into_response)
    }
}

async fn whole(mut sending: Sending, mut answers: Answers) -> Result<JsonBody<Value>, ApiError> {
    while let Some((_, said)) = answers.next().await {
        sending.take(said?);
    }
    Ok(JsonBody(sending.response()))
}

fn stream(mut sending: Sending, mut answers: Answers) -> Response {
    sse::response(async_stream::stream! {
        for event in sending.start() {
            yield event;
        }
        loop {
            match sse::next(&mut answers).await {
                Next::Comment(comment) => yield comment,
                Next::Failed(error) => {
                    yield sending.fail(&error);
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
