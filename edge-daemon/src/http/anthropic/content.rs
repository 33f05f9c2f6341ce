//! Content blocks of the Messages API.

use hearth_wire::Role;
use serde_json::Value;

use crate::http::chat::messages::arguments;
use crate::http::error::ApiError;
use crate::http::fields::{Fields, wrong_kind};
use crate::prompt::message::ChatMessage;
use crate::tools::ToolCall;

/// A string, or a list of text blocks.
pub fn text(path: &str, value: Value) -> Result<String, ApiError> {
    let blocks = match value {
        Value::String(text) => return Ok(text),
        Value::Array(blocks) => blocks,
        other => return Err(wrong_kind(path, &other, "a string or a list of text blocks")),
    };
    let block = |(at, block)| {
        let mut block = Fields::of(&format!("{path}[{at}]"), block)?;
        match block.string("type")?.as_deref() {
            Some("text") => text_of(block),
            _ => Err(not_text(&format!("{path}[{at}]"))),
        }
    };
    blocks.into_iter().enumerate().map(block).collect()
}

/// One message; a user's message with tool results is several.
pub fn message(at: usize, message: Value) -> Result<Vec<ChatMessage>, ApiError> {
    let mut fields = Fields::of(&format!("messages[{at}]"), message)?;
    let path = fields.path("content");
    let role_path = fields.path("role");
    let role = fields.needed("role")?;
    let content = fields.needed("content")?;
    fields.finish()?;
    match role.as_str() {
        Some("user") => user(&path, content),
        Some("assistant") => assistant(&path, content).map(|message| vec![message]),
        _ => Err(wrong_kind(&role_path, &role, "`user` or `assistant`; the system prompt is `system`")),
    }
}

fn user(path: &str, content: Value) -> Result<Vec<ChatMessage>, ApiError> {
    let Value::Array(blocks) = content else {
        return Ok(vec![ChatMessage::new(Role::User, text(path, content)?)]);
    };
    let mut messages: Vec<ChatMessage> = Vec::new();
    for (at, block) in blocks.into_iter().enumerate() {
        let path = format!("{path}[{at}]");
        let mut block = Fields::of(&path, block)?;
        match block.string("type")?.as_deref() {
            Some("text") => {
                let text = text_of(block)?;
                match messages.last_mut().filter(|last| last.role == Role::User) {
                    Some(last) => last.content.push_str(&text),
                    None => messages.push(ChatMessage::new(Role::User, text)),
                }
            }
            Some("tool_result") => {
                let id = block.string("tool_use_id")?.unwrap_or_default();
                let content =
                    block.take("content").map_or(Ok(String::new()), |content| text(&path, content))?;
                // The model learns of a failure from its words.
                block.boolean("is_error")?;
                block.pass_over(&["cache_control"]);
                block.finish()?;
                messages
                    .push(ChatMessage { tool_call_id: Some(id), ..ChatMessage::new(Role::Tool, content) });
            }
            _ => return Err(not_text(&path)),
        }
    }
    Ok(messages)
}

fn assistant(path: &str, content: Value) -> Result<ChatMessage, ApiError> {
    let mut message = ChatMessage::new(Role::Assistant, "");
    let Value::Array(blocks) = content else {
        message.content = text(path, content)?;
        return Ok(message);
    };
    for (at, block) in blocks.into_iter().enumerate() {
        let path = format!("{path}[{at}]");
        let mut block = Fields::of(&path, block)?;
        match block.string("type")?.as_deref() {
            Some("text") => message.content.push_str(&text_of(block)?),
            Some("thinking") => {
                let thought = block.string("thinking")?.unwrap_or_default();
                message.reasoning.get_or_insert_default().push_str(&thought);
            }
            // Another server's, and readable by that one alone.
            Some("redacted_thinking") => {}
            Some("tool_use") => {
                let id = block.string("id")?.unwrap_or_default();
                let name = block.string("name")?.unwrap_or_default();
                let input = arguments(&block.path("input"), block.take("input"))?;
                block.pass_over(&["cache_control", "caller"]);
                block.finish()?;
                message.tool_calls.push(ToolCall { id, name, arguments: input });
            }
            _ => return Err(not_text(&path)),
        }
    }
    Ok(message)
}

fn text_of(mut block: Fields) -> Result<String, ApiError> {
    let path = block.path("text");
    let text = block.string("text")?;
    block.pass_over(&["cache_control", "citations"]);
    block.finish()?;
    text.ok_or_else(|| ApiError::invalid_value(&path, format!("`{path}` is missing.")))
}

fn not_text(path: &str) -> ApiError {
    let message = format!(
        "`{path}` is a block of a kind that this model does not read; it reads text, and tools' calls and results."
    );
    ApiError::unsupported(path, message)
}
