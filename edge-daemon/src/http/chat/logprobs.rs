//! `logprobs`: how likely each token was, and what else might have stood in its place.

use serde_json::{Value, json};

use crate::engine::event::{Candidate, Written};

/// Stands for a probability of zero, whose logarithm JSON cannot write; OpenAI's own number.
const NEVER: f32 = -9999.0;

/// The tokens in the form of the chat API, each with its probabilities; none where they were not asked for.
pub fn tokens(written: &[Written]) -> Vec<Value> {
    let token = |written: &Written| {
        let probabilities = written.probabilities.as_ref()?;
        let mut token = candidate(&probabilities.written);
        token["top_logprobs"] = probabilities.top.iter().map(candidate).collect();
        Some(token)
    };
    written.iter().filter_map(token).collect()
}

/// `{"content": […], "refusal": null}`, or null.
pub fn content(written: &[Written]) -> Value {
    let tokens = tokens(written);
    if tokens.is_empty() { Value::Null } else { json!({"content": tokens, "refusal": null}) }
}

/// A logarithm that JSON can write.
pub fn finite(logprob: f32) -> f32 {
    if logprob.is_finite() { logprob } else { NEVER }
}

/// A token's text; where it is a part of a character, what can be shown of it.
pub fn text(candidate: &Candidate) -> String {
    String::from_utf8_lossy(&candidate.bytes).into_owned()
}

fn candidate(candidate: &Candidate) -> Value {
    json!({"token": text(candidate), "logprob": finite(candidate.logprob), "bytes": candidate.bytes})
}
