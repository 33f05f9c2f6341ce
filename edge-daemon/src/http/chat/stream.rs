//! An answer as a stream of chunks.

use axum::response::Response;
use hearth_wire::completion::STREAM_END;
use serde_json::{Value, json};

use super::{logprobs, wire};
use crate::http::answers::{Answers, Said};
use crate::http::object::ObjectHead;
use crate::http::sse::{self, Next};

pub fn respond(head: ObjectHead, mut answers: Answers, with_usage: bool) -> Response {
    sse::response(async_stream::stream! {
        let mut begun = vec![false; answers.len()];
        let mut ends = Vec::new();
        loop {
            let (at, said) = match sse::next(&mut answers).await {
                Next::Comment(comment) => {
                    yield comment;
                    continue;
                }
                Next::Failed(error) => {
                    yield sse::data(&error.into_envelope());
                    return;
                }
                Next::Over => break,
                Next::Said(at, said) => (at, said),
            };
            let first = !std::mem::replace(&mut begun[at], true);
            match said {
                Said::End(end) => {
                    if first {
                        let delta = json!({"role": "assistant", "content": ""});
                        yield sse::data(&wire::chunk(&head, at, delta, Value::Null, None));
                    }
                    yield sse::data(&wire::chunk(&head, at, json!({}), Value::Null, Some(end.reason)));
                    ends.push(end);
                }
                said => match delta(said) {
                    Some((mut delta, logprobs)) => {
                        if first {
                            delta["role"] = json!("assistant");
                        }
                        yield sse::data(&wire::chunk(&head, at, delta, logprobs, None));
                    }
                    None => begun[at] = !first,
                },
            }
        }
        if with_usage {
            yield sse::data(&wire::usage_chunk(&head, &answers, &ends));
        }
        yield sse::text(STREAM_END);
    })
}

/// What a chunk adds, and how likely its tokens were.
fn delta(said: Said) -> Option<(Value, Value)> {
    match said {
        Said::Text { text, tokens } => {
            let logprobs = logprobs::content(&tokens);
            let says_something = !text.is_empty() || !logprobs.is_null();
            says_something.then(|| (json!({"content": text}), logprobs))
        }
        Said::Reasoning(text) => Some((json!({"reasoning_content": text}), Value::Null)),
        Said::CallBegins { index, id, name } => {
            let mut call = wire::tool_call(&id, &name, "");
            call["index"] = json!(index);
            Some((json!({"tool_calls": [call]}), Value::Null))
        }
        Said::CallArguments { index, text } => {
            Some((json!({"tool_calls": [{"index": index, "function": {"arguments": text}}]}), Value::Null))
        }
        Said::Waiting { .. } | Said::Reading | Said::End(_) => None,
    }
}
