//! A chat request, checked: what is out of range, and what this server does not do, is refused by name.

use hearth_wire::Role;
use serde_json::{Value, json};

use super::{format, messages, tools};
use crate::engine::MOST_CANDIDATES;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::settings::{self, Streaming};
use crate::http::turn::{Format, Turn};
use crate::prompt::Conversation;

/// A caller's own labels, which change nothing anywhere.
pub const LABELS: &[&str] = &["user", "metadata", "safety_identifier", "prompt_cache_key"];

/// Reads all of a chat request but its `model`.
pub fn read(mut body: Fields) -> Result<(Turn, Streaming), ApiError> {
    let streaming = settings::streaming(&mut body)?;
    let mut settings = settings::read(&mut body)?;
    settings.probabilities = probabilities(&mut body)?;
    let conversation = Conversation {
        messages: messages::read(body.needed("messages")?)?,
        variables: variables(&mut body)?,
        ..Conversation::default()
    };
    if conversation
        .messages
        .iter()
        .any(|message| message.role == Role::Tool && message.tool_call_id.is_none())
    {
        return Err(ApiError::invalid_value(
            "messages",
            "A message of the role `tool` needs its `tool_call_id`.",
        ));
    }
    let toolbox = tools::read(&mut body)?;
    let format = format::read(&mut body)?;
    if format != Format::Text && toolbox.forced().is_some() {
        return Err(ApiError::unsupported(
            "response_format",
            "An answer cannot be a forced tool call and JSON of another form at once. Leave `response_format` or `tool_choice` out.",
        ));
    }
    body.pass_over(LABELS);
    harmless(&mut body)?;
    body.finish()?;
    let turn = Turn { conversation, toolbox, format, format_param: "response_format", settings };
    Ok((turn, streaming))
}

fn probabilities(body: &mut Fields) -> Result<Option<usize>, ApiError> {
    let wanted = body.boolean("logprobs")?.unwrap_or(false);
    let top = body.whole("top_logprobs", 0, MOST_CANDIDATES as i64)?;
    match top {
        Some(1..) if !wanted => {
            Err(ApiError::invalid_value("top_logprobs", "`top_logprobs` needs `logprobs` to be true."))
        }
        top => Ok(wanted.then(|| top.and_then(|top| usize::try_from(top).ok()).unwrap_or(0))),
    }
}

/// Variables of the template: `chat_template_kwargs`, as llama-server and vLLM have it, and OpenAI's `reasoning_effort`
/// where the model's template reads that.
fn variables(body: &mut Fields) -> Result<serde_json::Map<String, Value>, ApiError> {
    let mut variables = body.object("chat_template_kwargs")?.map(Fields::into_map).unwrap_or_default();
    if let Some(effort) = body.string("reasoning_effort")? {
        variables.insert("reasoning_effort".to_owned(), json!(effort));
    }
    Ok(variables)
}

/// What OpenAI offers and this server does not, in the values that ask for nothing.
fn harmless(body: &mut Fields) -> Result<(), ApiError> {
    body.only("store", &[json!(false)], "nothing is stored")?;
    body.only("service_tier", &[json!("auto"), json!("default")], "there is one tier")?;
    body.only("modalities", &[json!(["text"])], "answers are text")?;
    body.only("verbosity", &[json!("medium")], "ask for it in the messages")?;
    body.only("cache_prompt", &[json!(true)], "prompts are always kept while there is room")?;
    Ok(())
}

#[cfg(test)]
mod tests;
