//! `input`: a text, or the items of a conversation.

use hearth_wire::Role;
use serde_json::{Value, json};

use crate::http::chat::messages::{arguments, text};
use crate::http::error::ApiError;
use crate::http::fields::{Fields, wrong_kind};
use crate::prompt::message::ChatMessage;
use crate::tools::ToolCall;

/// Fields of items that came out of an earlier response and say nothing to the model.
const TRACES: &[&str] = &["id", "status", "phase"];

pub fn read(input: Value) -> Result<Vec<ChatMessage>, ApiError> {
    let items = match input {
        Value::String(text) => vec![json!({"role": "user", "content": text})],
        Value::Array(items) => items,
        other => return Err(wrong_kind("input", &other, "a string or a list of items")),
    };
    if items.is_empty() {
        return Err(ApiError::invalid_value("input", "`input` is empty: there is nothing to answer."));
    }
    let mut messages = Vec::new();
    let mut thought = None;
    for (at, item) in items.into_iter().enumerate() {
        read_item(Fields::of(&format!("input[{at}]"), item)?, &mut messages, &mut thought)?;
    }
    if messages.iter().any(|message| message.content.contains('\0')) {
        return Err(ApiError::invalid_value("input", "`input` contains a NUL character."));
    }
    Ok(messages)
}

/// `thought` waits for the assistant's item that it belongs to.
fn read_item(
    mut item: Fields,
    messages: &mut Vec<ChatMessage>,
    thought: &mut Option<String>,
) -> Result<(), ApiError> {
    let kind = item.take("type").unwrap_or(json!("message"));
    item.pass_over(TRACES);
    match kind.as_str() {
        Some("message") => {
            let path = item.path("content");
            let role = role(&mut item)?;
            let content = text(&path, item.needed("content")?)?;
            let reasoning = if role == Role::Assistant { thought.take() } else { None };
            messages.push(ChatMessage { reasoning, ..ChatMessage::new(role, content) });
        }
        Some("function_call") => {
            let id = item.string("call_id")?.unwrap_or_default();
            let name = item.string("name")?.unwrap_or_default();
            let arguments = arguments(&item.path("arguments"), item.take("arguments"))?;
            let call = ToolCall { id, name, arguments };
            // Calls belong to what the assistant said with them.
            match messages.last_mut().filter(|last| last.role == Role::Assistant) {
                Some(last) => last.tool_calls.push(call),
                None => messages.push(ChatMessage {
                    tool_calls: vec![call],
                    reasoning: thought.take(),
                    ..ChatMessage::new(Role::Assistant, "")
                }),
            }
        }
        Some("function_call_output") => {
            let path = item.path("output");
            let id = item.string("call_id")?;
            let output = text(&path, item.needed("output")?)?;
            messages.push(ChatMessage { tool_call_id: id, ..ChatMessage::new(Role::Tool, output) });
        }
        Some("reasoning") => {
            item.pass_over(&["summary", "encrypted_content"]);
            let parts = item.list("content")?.unwrap_or_default();
            let words =
                parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect::<String>();
            *thought = (!words.is_empty()).then_some(words);
        }
        _ => {
            let path = item.path("type");
            let message = format!(
                "`{path}` must be `message`, `function_call`, `function_call_output` or `reasoning`."
            );
            return Err(ApiError::unsupported(&path, message));
        }
    }
    item.finish()
}

fn role(item: &mut Fields) -> Result<Role, ApiError> {
    let path = item.path("role");
    let word = item.needed("role")?;
    let roles = [Role::System, Role::Developer, Role::User, Role::Assistant];
    let found = roles.into_iter().find(|role| word.as_str() == Some(role.as_str()));
    found.ok_or_else(|| wrong_kind(&path, &word, "`system`, `developer`, `user` or `assistant`"))
}
