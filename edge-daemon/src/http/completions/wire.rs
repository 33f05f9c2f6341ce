//! The objects of the completions API that are sent.

use hearth_wire::FinishReason;
use serde_json::{Map, Value, json};

use crate::engine::event::Written;
use crate::http::chat::logprobs::{finite, text};
use crate::http::object::ObjectHead;

/// One answer, or a piece of it.
pub struct Choice<'a> {
    pub index: usize,
    pub text: &'a str,
    pub tokens: &'a [Written],
    /// Characters of the answer before this piece.
    pub offset: usize,
    pub reason: Option<FinishReason>,
}

/// The object of a whole answer, and of a chunk.
pub fn object(head: &ObjectHead, choices: Vec<Value>) -> Value {
    json!({
        "id": head.id,
        "object": "text_completion",
        "created": head.created,
        "model": &*head.model,
        "choices": choices,
    })
}

impl Choice<'_> {
    pub fn to_json(&self) -> Value {
        json!({
            "index": self.index,
            "text": self.text,
            "logprobs": self.logprobs(),
            "finish_reason": self.reason,
        })
    }

    /// Four lists, one entry a token each.
    fn logprobs(&self) -> Value {
        let (mut tokens, mut logprobs, mut top, mut offsets) = (vec![], vec![], vec![], vec![]);
        let mut offset = self.offset;
        for probabilities in self.tokens.iter().filter_map(|token| token.probabilities.as_ref()) {
            let word = text(&probabilities.written);
            offsets.push(offset);
            offset += word.chars().count();
            tokens.push(word);
            logprobs.push(finite(probabilities.written.logprob));
            let others: Map<String, Value> = probabilities
                .top
                .iter()
                .map(|candidate| (text(candidate), json!(finite(candidate.logprob))))
                .collect();
            top.push(others);
        }
        if tokens.is_empty() {
            return Value::Null;
        }
        json!({"tokens": tokens, "token_logprobs": logprobs, "top_logprobs": top, "text_offset": offsets})
    }
}
