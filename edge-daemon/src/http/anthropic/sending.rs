//! An answer in the blocks and events of the Messages API.

use axum::body::Bytes;
use hearth_wire::FinishReason;
use serde_json::{Map, Value, json};

use crate::http::answers::{End, Said};
use crate::http::object::ObjectHead;
use crate::http::sse;

/// A message as it grows; each piece of it is an event too.
pub struct Sending {
    head: ObjectHead,
    prompt_tokens: u64,
    blocks: Vec<Block>,
    /// Whether the last of the blocks goes on.
    open: bool,
    end: Option<End>,
}

enum Block {
    Text(String),
    Thinking(String),
    /// The input is the text of JSON, whole once the block is closed.
    Tool {
        id: String,
        name: String,
        input: String,
    },
}

impl Sending {
    pub fn new(head: ObjectHead, prompt_tokens: u64) -> Self {
        Self { head, prompt_tokens, blocks: Vec::new(), open: false, end: None }
    }

    /// The event that begins a stream.
    pub fn start(&self) -> Bytes {
        sse::named("message_start", &json!({"type": "message_start", "message": self.message()}))
    }

    /// Takes what is said next.
    pub fn take(&mut self, said: Said) -> Vec<Bytes> {
        let mut events = Vec::new();
        match said {
            Said::Waiting { .. } | Said::Reading => {}
            Said::Text { text, .. } if text.is_empty() => {}
            Said::Text { text, .. } => {
                self.open(
                    |block| matches!(block, Block::Text(_)),
                    || Block::Text(String::new()),
                    &mut events,
                );
                self.add(&text, json!({"type": "text_delta", "text": text}), &mut events);
            }
            Said::Reasoning(text) => {
                let thinking = |block: &Block| matches!(block, Block::Thinking(_));
                self.open(thinking, || Block::Thinking(String::new()), &mut events);
                self.add(&text, json!({"type": "thinking_delta", "thinking": text}), &mut events);
            }
            Said::CallBegins { id, name, .. } => {
                self.open(|_| false, || Block::Tool { id, name, input: String::new() }, &mut events);
            }
            Said::CallArguments { text, .. } => {
                self.add(&text, json!({"type": "input_json_delta", "partial_json": text}), &mut events);
            }
            Said::End(end) => {
                self.close(&mut events);
                self.end = Some(end);
                let (reason, stop) = self.stop();
                events.push(sse::named(
                    "message_delta",
                    &json!({
                        "type": "message_delta",
                        "delta": {"stop_reason": reason, "stop_sequence": stop},
                        "usage": self.usage(),
                    }),
                ));
                events.push(sse::named("message_stop", &json!({"type": "message_stop"})));
            }
        }
        events
    }

    /// The message so far.
    pub fn message(&self) -> Value {
        let (reason, stop) = self.stop();
        let content: Vec<Value> = self.blocks.iter().map(Block::to_json).collect();
        json!({
            "id": self.head.id,
            "type": "message",
            "role": "assistant",
            "model": &*self.head.model,
            "content": content,
            "stop_reason": reason,
            "stop_sequence": stop,
            "usage": self.usage(),
        })
    }

    /// Goes on with a block that fits, or begins one.
    fn open(&mut self, fits: impl Fn(&Block) -> bool, new: impl FnOnce() -> Block, events: &mut Vec<Bytes>) {
        if self.open && self.blocks.last().is_some_and(fits) {
            return;
        }
        self.close(events);
        let block = new();
        let begun = json!({"type": "content_block_start", "index": self.blocks.len(), "content_block": block.to_json()});
        events.push(sse::named("content_block_start", &begun));
        self.blocks.push(block);
        self.open = true;
    }

    fn add(&mut self, text: &str, delta: Value, events: &mut Vec<Bytes>) {
        let index = self.blocks.len().saturating_sub(1);
        match self.blocks.last_mut() {
            Some(Block::Text(whole) | Block::Thinking(whole) | Block::Tool { input: whole, .. }) => {
                whole.push_str(text);
            }
            None => return,
        }
        let delta = json!({"type": "content_block_delta", "index": index, "delta": delta});
        events.push(sse::named("content_block_delta", &delta));
    }

    fn close(&mut self, events: &mut Vec<Bytes>) {
        if std::mem::replace(&mut self.open, false) {
            let over = json!({"type": "content_block_stop", "index": self.blocks.len() - 1});
            events.push(sse::named("content_block_stop", &over));
        }
    }

    fn stop(&self) -> (Option<&'static str>, Option<&str>) {
        let Some(end) = &self.end else { return (None, None) };
        match (end.reason, &end.stop) {
            (FinishReason::Length, _) => (Some("max_tokens"), None),
            (FinishReason::ToolCalls, _) => (Some("tool_use"), None),
            (_, Some(stop)) => (Some("stop_sequence"), Some(stop)),
            _ => (Some("end_turn"), None),
        }
    }

    /// Tokens that had been computed before count by themselves in this API.
    fn usage(&self) -> Value {
        let cached = self.end.as_ref().map_or(0, |end| end.cached_tokens);
        json!({
            "input_tokens": self.prompt_tokens.saturating_sub(cached),
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": cached,
            "output_tokens": self.end.as_ref().map_or(0, |end| end.completion_tokens),
        })
    }
}

impl Block {
    fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => json!({"type": "text", "text": text}),
            Self::Thinking(text) => json!({"type": "thinking", "thinking": text, "signature": ""}),
            Self::Tool { id, name, input } => {
                // An input that was cut off is no JSON; `stop_reason` says that it was.
                let input = serde_json::from_str(input).unwrap_or(Value::Object(Map::new()));
                json!({"type": "tool_use", "id": id, "name": name, "input": input})
            }
        }
    }
}
