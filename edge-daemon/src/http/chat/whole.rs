//! An answer as one object.

use axum::Json;
use serde_json::{Value, json};

use super::{logprobs, wire};
use crate::http::answers::Answers;
use crate::http::collected::{Collected, collect};
use crate::http::error::ApiError;
use crate::http::object::ObjectHead;

pub async fn respond(head: ObjectHead, mut answers: Answers) -> Result<Json<Value>, ApiError> {
    let collected = collect(&mut answers).await?;
    let ends: Vec<_> = collected.iter().filter_map(|answer| answer.end.clone()).collect();
    let choices: Vec<Value> =
        collected.into_iter().enumerate().map(|(index, answer)| choice(index, answer)).collect();
    Ok(Json(json!({
        "id": head.id,
        "object": "chat.completion",
        "created": head.created,
        "model": &*head.model,
        "choices": choices,
        "usage": wire::usage(answers.prompt_tokens(), &ends),
    })))
}

fn choice(index: usize, answer: Collected) -> Value {
    let Collected { text, tokens, reasoning, calls, end } = answer;
    // OpenAI has null where there are calls alone.
    let content = if text.is_empty() && !calls.is_empty() { Value::Null } else { json!(text) };
    let mut message = json!({"role": "assistant", "content": content});
    if !reasoning.is_empty() {
        message["reasoning_content"] = json!(reasoning);
    }
    if !calls.is_empty() {
        message["tool_calls"] =
            calls.iter().map(|call| wire::tool_call(&call.id, &call.name, &call.arguments)).collect();
    }
    json!({
        "index": index,
        "message": message,
        "logprobs": logprobs::content(&tokens),
        "finish_reason": end.map(|end| end.reason),
    })
}
