//! `POST /v1/chat/completions`, streamed or whole.
//!
//! Source: <https://platform.openai.com/docs/api-reference/chat>.

pub mod format;
pub mod logprobs;
pub mod messages;
pub mod request;
mod stream;
pub mod tools;
mod whole;
mod wire;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::Daemon;
use super::asked::check_variables;
use super::caller::Caller;
use super::error::ApiError;
use super::fields::Fields;
use super::json::Json;
use super::object::ObjectHead;
use crate::models::Purpose;
pub use wire::usage;

pub async fn complete(
    State(daemon): State<Daemon>,
    caller: Caller,
    Json(body): Json<Value>,
) -> Result<Response, ApiError> {
    let mut body = Fields::of_body(body)?;
    let asked = daemon.asked(&mut body, Purpose::Write).await?;
    let (turn, streaming) = request::read(body)?;
    let model = daemon.take_writer(asked).await?;
    check_variables(&model, &turn)?;
    let head = ObjectHead::new("chatcmpl-", &model);
    let answers = daemon.ask(&model, turn, &head.id, &caller).await?;
    if streaming.streamed {
        Ok(stream::respond(head, answers, streaming.usage))
    } else {
        whole::respond(head, answers).await.map(IntoResponse::into_response)
    }
}
