//! The answers to a chat request: one object, or a stream of chunks.
//!
//! Source: <https://platform.openai.com/docs/api-reference/chat/object> and `…/chat/streaming`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Message, Role};

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model ended its answer, or a stop string was met.
    Stop,
    /// `max_tokens` or the context's end.
    Length,
    ToolCalls,
    ContentFilter,
    /// A provider's own word, which this crate does not know.
    #[serde(other)]
    Unknown,
}

/// Tokens read and written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    #[serde(default)]
    pub prompt_tokens: u64,
    #[serde(default)]
    pub completion_tokens: u64,
    #[serde(default)]
    pub total_tokens: u64,
}

impl Usage {
    pub const fn new(prompt_tokens: u64, completion_tokens: u64) -> Self {
        Self { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens }
    }
}

/// A whole answer: `"object": "chat.completion"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChatCompletion {
    #[serde(default)]
    pub id: String,
    #[serde(default = "completion_object")]
    pub object: String,
    /// Seconds since 1970, UTC.
    #[serde(default)]
    pub created: u64,
    #[serde(default)]
    pub model: String,
    pub choices: Vec<Choice>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

/// One answer; a request with `n` above 1 has several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    #[serde(default)]
    pub index: u32,
    pub message: Message,
    #[serde(default)]
    pub logprobs: Option<Value>,
    #[serde(default)]
    pub finish_reason: Option<FinishReason>,
}

/// A piece of a streamed answer: `"object": "chat.completion.chunk"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChatChunk {
    #[serde(default)]
    pub id: String,
    #[serde(default = "chunk_object")]
    pub object: String,
    /// Seconds since 1970, UTC; the same in every chunk of an answer.
    #[serde(default)]
    pub created: u64,
    #[serde(default)]
    pub model: String,
    /// Empty in the chunk that carries the usage.
    #[serde(default)]
    pub choices: Vec<ChunkChoice>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChunkChoice {
    #[serde(default)]
    pub index: u32,
    #[serde(default)]
    pub delta: Delta,
    #[serde(default)]
    pub logprobs: Option<Value>,
    /// Null until the last chunk of the choice.
    #[serde(default)]
    pub finish_reason: Option<FinishReason>,
}

/// What a chunk adds to the message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Delta {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<Value>,
}

pub const COMPLETION_OBJECT: &str = "chat.completion";
pub const CHUNK_OBJECT: &str = "chat.completion.chunk";
/// The data of the event that ends a stream.
pub const STREAM_END: &str = "[DONE]";

fn completion_object() -> String {
    COMPLETION_OBJECT.to_owned()
}

fn chunk_object() -> String {
    CHUNK_OBJECT.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_of_other_servers_are_read() {
        // As Groq, llama-server and vLLM send them: extra fields, fields left out, a usage-only chunk.
        for json in [
            r#"{"id":"1","object":"chat.completion.chunk","created":1,"model":"m","system_fingerprint":"f","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],"x_groq":{"id":"r"}}"#,
            r#"{"choices":[{"delta":{"content":"hi"}}]}"#,
            r#"{"id":"1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"prompt_tokens_details":{"cached_tokens":1}},"timings":{"predicted_ms":1.25}}"#,
            r#"{"choices":[{"delta":{},"finish_reason":"end_of_the_world"}]}"#,
        ] {
            let chunk: ChatChunk = serde_json::from_str(json).unwrap();
            assert!(chunk.choices.len() <= 1);
        }
    }

    #[test]
    fn the_last_chunk_says_why() {
        let chunk: ChatChunk =
            serde_json::from_str(r#"{"choices":[{"delta":{},"finish_reason":"length"}]}"#).unwrap();
        assert_eq!(chunk.choices[0].finish_reason, Some(FinishReason::Length));
    }
}
