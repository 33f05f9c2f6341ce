//! A chat request, checked: what is out of range, and what this server does not do, is refused by name.

use hearth_wire::{ChatRequest, Content, Message};
use serde_json::Value;

use crate::engine::sampling::Sampling;
use crate::http::error::ApiError;

/// What a caller asked for, within its limits.
#[derive(Debug)]
pub struct Wishes {
    pub messages: Vec<Message>,
    pub sampling: Sampling,
    pub max_tokens: Option<u32>,
    pub stops: Vec<String>,
    pub streaming: bool,
    pub stream_usage: bool,
}

const MOST_STOPS: usize = 16;
const LONGEST_STOP: usize = 256;

impl Wishes {
    pub fn read(body: ChatRequest) -> Result<Self, ApiError> {
        refuse_unsupported(&body)?;
        check_messages(&body.messages)?;
        let max_tokens = body.max_new_tokens();
        if max_tokens == Some(0) {
            return Err(ApiError::invalid_value("max_tokens", "`max_tokens` must be at least 1."));
        }
        Ok(Self {
            sampling: sampling(&body)?,
            max_tokens,
            streaming: body.is_streaming(),
            stream_usage: body.wants_stream_usage(),
            stops: stops(body.stop.map(hearth_wire::OneOrMany::into_vec).unwrap_or_default())?,
            messages: body.messages,
        })
    }
}

fn refuse_unsupported(body: &ChatRequest) -> Result<(), ApiError> {
    let is_empty = |value: &Value| match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        other => other.is_null(),
    };
    let asks_for_more_than_text = |format: &Value| format.get("type").and_then(Value::as_str) != Some("text");
    let forces_a_tool = |choice: &Value| !matches!(choice.as_str(), Some("none" | "auto"));
    let refusals = [
        ("n", body.n.is_some_and(|n| n != 1), "one answer a request is all there is"),
        ("logprobs", body.logprobs == Some(true), "log probabilities are not given"),
        ("top_logprobs", body.top_logprobs.is_some_and(|n| n > 0), "log probabilities are not given"),
        (
            "logit_bias",
            body.logit_bias.as_ref().is_some_and(|bias| !is_empty(bias)),
            "biases are not applied",
        ),
        (
            "response_format",
            body.response_format.as_ref().is_some_and(asks_for_more_than_text),
            "answers are plain text",
        ),
        ("tools", body.tools.as_ref().is_some_and(|tools| !is_empty(tools)), "tools are not called"),
        ("tool_choice", body.tool_choice.as_ref().is_some_and(forces_a_tool), "tools are not called"),
    ];
    match refusals.into_iter().find(|(_, asked, _)| *asked) {
        Some((param, _, why)) => {
            Err(ApiError::unsupported(param, format!("`{param}` is not supported: {why}.")))
        }
        None => Ok(()),
    }
}

fn check_messages(messages: &[Message]) -> Result<(), ApiError> {
    if messages.is_empty() {
        return Err(ApiError::invalid_value("messages", "`messages` is empty: there is nothing to answer."));
    }
    for (at, message) in messages.iter().enumerate() {
        let param = format!("messages[{at}].content");
        if message.tool_calls.as_ref().is_some_and(|calls| !calls.is_null()) {
            let param = format!("messages[{at}].tool_calls");
            return Err(ApiError::unsupported(
                &param,
                format!("`{param}` is not supported: tools are not called."),
            ));
        }
        let Some(content) = &message.content else {
            return Err(ApiError::invalid_value(&param, format!("`{param}` is missing.")));
        };
        if let Some(kind) = content.first_other_type() {
            let message = format!("`{param}` has a part of type `{kind}`; this model reads text only.");
            return Err(ApiError::unsupported(&param, message));
        }
        if has_nul(content) {
            return Err(ApiError::invalid_value(&param, format!("`{param}` contains a NUL character.")));
        }
    }
    Ok(())
}

fn has_nul(content: &Content) -> bool {
    match content {
        Content::Text(text) => text.contains('\0'),
        Content::Parts(parts) => {
            parts.iter().any(|part| part.as_text().is_some_and(|text| text.contains('\0')))
        }
    }
}

fn stops(stops: Vec<String>) -> Result<Vec<String>, ApiError> {
    if stops.len() > MOST_STOPS {
        let message = format!("`stop` has {} strings; at most {MOST_STOPS} are watched for.", stops.len());
        return Err(ApiError::invalid_value("stop", message));
    }
    if stops.iter().any(|stop| stop.is_empty() || stop.len() > LONGEST_STOP) {
        let message = format!("A string in `stop` must have 1 to {LONGEST_STOP} bytes.");
        return Err(ApiError::invalid_value("stop", message));
    }
    Ok(stops)
}

fn sampling(body: &ChatRequest) -> Result<Sampling, ApiError> {
    let default = Sampling::default();
    Ok(Sampling {
        temperature: within("temperature", body.temperature, 0.0, 2.0, default.temperature)?,
        top_p: within("top_p", body.top_p, 0.0, 1.0, default.top_p)?,
        top_k: top_k(body.top_k, default.top_k)?,
        min_p: within("min_p", body.min_p, 0.0, 1.0, default.min_p)?,
        repeat_penalty: within("repeat_penalty", body.repeat_penalty, 0.01, 10.0, default.repeat_penalty)?,
        frequency_penalty: within(
            "frequency_penalty",
            body.frequency_penalty,
            -2.0,
            2.0,
            default.frequency_penalty,
        )?,
        presence_penalty: within(
            "presence_penalty",
            body.presence_penalty,
            -2.0,
            2.0,
            default.presence_penalty,
        )?,
        logit_bias: Vec::new(),
        seed: seed(body.seed),
    })
}

fn within(param: &str, value: Option<f64>, least: f64, most: f64, default: f32) -> Result<f32, ApiError> {
    match value {
        None => Ok(default),
        Some(value) if (least..=most).contains(&value) => Ok(value as f32),
        Some(value) => Err(ApiError::invalid_value(
            param,
            format!("`{param}` is {value}; it must be from {least} to {most}."),
        )),
    }
}

/// 0 and -1 both mean "all tokens", as in llama.cpp and vLLM.
fn top_k(value: Option<i64>, default: i32) -> Result<i32, ApiError> {
    match value {
        None => Ok(default),
        Some(-1) => Ok(0),
        Some(value) => i32::try_from(value).ok().filter(|value| *value >= 0).ok_or_else(|| {
            ApiError::invalid_value("top_k", format!("`top_k` is {value}; it must be 0 or more."))
        }),
    }
}

/// The whole range folds onto llama.cpp's 32 bits; none, and llama-server's -1, is a new one each time.
fn seed(value: Option<i64>) -> u32 {
    match value {
        None | Some(-1) => uuid::Uuid::new_v4().as_u64_pair().1 as u32,
        Some(value) => (value ^ (value >> 32)) as u32,
    }
}

#[cfg(test)]
mod tests;
