//! The objects of the chat API that are sent.

use hearth_wire::FinishReason;
use serde_json::{Map, Value, json};

use crate::http::answers::{Answers, End};
use crate::http::object::ObjectHead;

/// A call, as it stands in a message.
pub fn tool_call(id: &str, name: &str, arguments: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
}

/// The tokens of a whole request: its prompt once, and all answers.
pub fn usage(prompt_tokens: u64, ends: &[End]) -> Value {
    let completion: u64 = ends.iter().map(|end| end.completion_tokens).sum();
    let cached = ends.iter().map(|end| end.cached_tokens).min().unwrap_or(0);
    json!({
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion,
        "total_tokens": prompt_tokens + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
    })
}

/// A chunk with one answer's delta.
pub fn chunk(
    head: &ObjectHead,
    index: usize,
    delta: Value,
    logprobs: Value,
    reason: Option<FinishReason>,
) -> Value {
    chunk_of(head, json!([{"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": reason}]))
}

/// The chunk that carries the usage.
pub fn usage_chunk(head: &ObjectHead, answers: &Answers, ends: &[End]) -> Value {
    let mut chunk = chunk_of(head, json!([]));
    chunk["usage"] = usage(answers.prompt_tokens(), ends);
    chunk
}

fn chunk_of(head: &ObjectHead, choices: Value) -> Value {
    let mut chunk = Map::new();
    chunk.insert("id".to_owned(), json!(head.id));
    chunk.insert("object".to_owned(), json!("chat.completion.chunk"));
    chunk.insert("created".to_owned(), json!(head.created));
    chunk.insert("model".to_owned(), json!(&*head.model));
    chunk.insert("choices".to_owned(), choices);
    Value::Object(chunk)
}
