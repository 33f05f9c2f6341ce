//! A request of the Responses API, as a turn.

use hearth_wire::Role;
use serde_json::{Map, Value, json};

use super::input;
use crate::http::chat::format::named_schema;
use crate::http::chat::request::LABELS;
use crate::http::chat::tools::{self, function};
use crate::http::error::ApiError;
use crate::http::fields::{Fields, wrong_kind};
use crate::http::settings;
use crate::http::turn::{Format, Turn};
use crate::prompt::Conversation;
use crate::prompt::message::ChatMessage;
use crate::tools::Tool;

pub struct Read {
    pub turn: Turn,
    pub streamed: bool,
    /// What the response repeats of the request.
    pub echo: Map<String, Value>,
}

/// Reads all but `model`.
pub fn read(mut body: Fields) -> Result<Read, ApiError> {
    refuse_what_needs_a_store(&mut body)?;
    let mut echo = Map::new();
    let streaming = settings::streaming(&mut body)?;
    let mut settings = settings::read_sampling(&mut body)?;
    let most = body.whole("max_output_tokens", 1, i64::from(u32::MAX))?;
    settings.max_tokens = most.and_then(|most| u32::try_from(most).ok());
    echo.insert("max_output_tokens".to_owned(), json!(settings.max_tokens));
    echo.insert("temperature".to_owned(), json!(settings.sampling.temperature));
    echo.insert("top_p".to_owned(), json!(settings.sampling.top_p));

    let instructions = body.string("instructions")?;
    echo.insert("instructions".to_owned(), json!(instructions));
    let mut messages: Vec<ChatMessage> =
        instructions.into_iter().map(|text| ChatMessage::new(Role::System, text)).collect();
    messages.extend(input::read(body.needed("input")?)?);

    let declared = body.list("tools")?.unwrap_or_default();
    echo.insert("tools".to_owned(), Value::Array(declared.clone()));
    let declared = declared.into_iter().enumerate().map(tool).collect::<Result<Vec<_>, _>>()?;
    let choice = body.take("tool_choice");
    echo.insert("tool_choice".to_owned(), choice.clone().unwrap_or(json!("auto")));
    let choice = tools::choice(choice)?;
    let parallel = body.boolean("parallel_tool_calls")?.unwrap_or(true);
    echo.insert("parallel_tool_calls".to_owned(), json!(parallel));
    let toolbox = tools::toolbox(declared, choice, parallel)?;

    let mut variables = Map::new();
    let mut effort = None;
    if let Some(mut reasoning) = body.object("reasoning")? {
        effort = reasoning.string("effort")?;
        reasoning.only("summary", &[], "what a model thinks comes whole, as `reasoning` items")?;
        reasoning.finish()?;
    }
    if let Some(effort) = &effort {
        variables.insert("reasoning_effort".to_owned(), json!(effort));
    }
    echo.insert("reasoning".to_owned(), json!({"effort": effort, "summary": null}));

    let (format, shown) = format(&mut body)?;
    if format != Format::Text && toolbox.forced().is_some() {
        return Err(ApiError::unsupported(
            "text.format",
            "An answer cannot be a forced call and JSON of another form at once. Leave `text.format` or `tool_choice` out.",
        ));
    }
    echo.insert("text".to_owned(), json!({"format": shown}));
    echo.insert("metadata".to_owned(), body.take("metadata").unwrap_or(json!({})));
    body.pass_over(LABELS);
    harmless(&mut body)?;
    body.finish()?;
    let conversation = Conversation { messages, variables, ..Conversation::default() };
    let turn = Turn { conversation, toolbox, format, format_param: "text.format", settings };
    Ok(Read { turn, streamed: streaming.streamed, echo })
}

/// OpenAI stores by default; here `store` left out means that nothing is stored, which the response says.
fn refuse_what_needs_a_store(body: &mut Fields) -> Result<(), ApiError> {
    body.only("store", &[json!(false)], "nothing is stored here; send `store: false`, or leave it out")?;
    body.only("previous_response_id", &[], "nothing is stored here; send the whole conversation as `input`")?;
    body.only("conversation", &[], "nothing is stored here; send the whole conversation as `input`")?;
    body.only("background", &[json!(false)], "nothing is stored here that could be fetched later")
}

fn harmless(body: &mut Fields) -> Result<(), ApiError> {
    body.only("truncation", &[json!("disabled")], "nothing is cut silently; shorten the input")?;
    body.only("include", &[json!([])], "there is nothing more to include")?;
    body.only("service_tier", &[json!("auto"), json!("default")], "there is one tier")?;
    body.only("top_logprobs", &[json!(0)], "ask for them at /v1/chat/completions")
}

fn tool((at, tool): (usize, Value)) -> Result<Tool, ApiError> {
    let mut fields = Fields::of(&format!("tools[{at}]"), tool)?;
    fields.only("type", &[json!("function")], "functions are the only kind of tool")?;
    function(fields)
}

/// `text.format`, and the form in which the response shows it.
fn format(body: &mut Fields) -> Result<(Format, Value), ApiError> {
    let plain = json!({"type": "text"});
    let Some(mut text) = body.object("text")? else { return Ok((Format::Text, plain)) };
    text.only("verbosity", &[json!("medium")], "ask for it in the instructions")?;
    let format = text.take("format");
    text.finish()?;
    let Some(shown) = format else { return Ok((Format::Text, plain)) };
    let mut fields = Fields::of("text.format", shown.clone())?;
    let kind = fields.needed("type")?;
    let format = match kind.as_str() {
        Some("text") => Format::Text,
        Some("json_object") => Format::JsonObject,
        Some("json_schema") => return named_schema(fields).map(|format| (format, shown)),
        _ => return Err(wrong_kind("text.format.type", &kind, "`text`, `json_object` or `json_schema`")),
    };
    fields.finish()?;
    Ok((format, shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_from(fields: Value) -> Result<Read, String> {
        let mut body = json!({"input": "Hi"});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let read = Fields::of_body(body).and_then(read);
        read.map_err(|error| error.into_envelope().error.param.unwrap_or_default())
    }

    #[test]
    fn items_become_the_messages_that_templates_know() {
        let read = read_from(json!({
            "instructions": "Be brief.",
            "input": [
                {"role": "user", "content": [{"type": "input_text", "text": "Weather?"}]},
                {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]},
                {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant",
                 "content": [{"type": "output_text", "text": "I'll look.", "annotations": [], "logprobs": []}]},
                {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "look", "arguments": "{\"a\":1}", "status": "completed"},
                {"type": "function_call", "call_id": "c2", "name": "look", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c1", "output": "sunny"},
            ],
        }))
        .unwrap();
        let messages = read.turn.conversation.messages;
        let shown: Vec<(Role, &str)> =
            messages.iter().map(|message| (message.role, message.content.as_str())).collect();
        assert_eq!(
            shown,
            [
                (Role::System, "Be brief."),
                (Role::User, "Weather?"),
                (Role::Assistant, "I'll look."),
                (Role::Tool, "sunny")
            ]
        );
        assert_eq!((messages[2].tool_calls.len(), messages[2].reasoning.as_deref()), (2, Some("hm")));
        assert_eq!(messages[3].tool_call_id.as_deref(), Some("c1"));
    }

    #[test]
    fn what_needs_a_store_and_what_is_unknown_is_refused_by_name() {
        for (fields, param) in [
            (json!({"store": true}), "store"),
            (json!({"previous_response_id": "resp_1"}), "previous_response_id"),
            (json!({"conversation": "conv_1"}), "conversation"),
            (json!({"background": true}), "background"),
            (json!({"truncation": "auto"}), "truncation"),
            (json!({"input": []}), "input"),
            (json!({"input": [{"type": "item_reference", "id": "x"}]}), "input[0].type"),
            (json!({"tools": [{"type": "web_search"}]}), "tools[0].type"),
            (json!({"max_output_tokens": 0}), "max_output_tokens"),
            (json!({"max_tokens": 5}), "max_tokens"),
            (json!({"text": {"format": {"type": "xml"}}}), "text.format.type"),
        ] {
            assert_eq!(read_from(fields.clone()).err().as_deref(), Some(param), "{fields}");
        }
        assert!(read_from(json!({"store": false, "truncation": "disabled", "include": []})).is_ok());
    }
}
