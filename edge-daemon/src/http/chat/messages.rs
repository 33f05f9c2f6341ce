//! The messages of a chat request.

use hearth_wire::Role;
use serde_json::Value;

use crate::http::error::ApiError;
use crate::http::fields::{Fields, wrong_kind};
use crate::prompt::message::ChatMessage;
use crate::tools::ToolCall;

/// Reads `messages`.
pub fn read(messages: Value) -> Result<Vec<ChatMessage>, ApiError> {
    let Value::Array(messages) = messages else {
        return Err(wrong_kind("messages", &messages, "a list of messages"));
    };
    if messages.is_empty() {
        return Err(ApiError::invalid_value("messages", "`messages` is empty: there is nothing to answer."));
    }
    messages.into_iter().enumerate().map(|(at, message)| one(at, message)).collect()
}

fn one(at: usize, message: Value) -> Result<ChatMessage, ApiError> {
    let mut fields = Fields::of(&format!("messages[{at}]"), message)?;
    let role = role(&mut fields)?;
    let mut message = ChatMessage::new(role, "");
    let path = fields.path("content");
    let content = fields.take("content");
    message.name = fields.string("name")?;
    message.tool_call_id = fields.string("tool_call_id")?;
    if role == Role::Assistant {
        message.reasoning = fields.string("reasoning_content")?;
        let refusal = fields.string("refusal")?;
        message.tool_calls = tool_calls(&mut fields)?;
        fields.only("audio", &[], "this model reads text only")?;
        match (content, refusal) {
            (Some(content), _) => message.content = text(&path, content)?,
            (None, Some(refusal)) => message.content = refusal,
            (None, None) if message.tool_calls.is_empty() => return Err(missing(&path)),
            (None, None) => {}
        }
        // What the answers of this and other servers carry, when they are sent back as they came.
        fields.only("annotations", &[Value::Array(Vec::new())], "this model reads text only")?;
        fields.only("function_call", &[], "use `tool_calls`")?;
    } else {
        message.content = text(&path, content.ok_or_else(|| missing(&path))?)?;
    }
    let texts = [Some(&message.content), message.name.as_ref(), message.reasoning.as_ref()];
    if texts.into_iter().flatten().any(|text| text.contains('\0')) {
        return Err(nul(&path));
    }
    fields.finish()?;
    Ok(message)
}

fn role(fields: &mut Fields) -> Result<Role, ApiError> {
    let path = fields.path("role");
    let word = fields.needed("role")?;
    let roles = [Role::System, Role::Developer, Role::User, Role::Assistant, Role::Tool];
    roles
        .into_iter()
        .find(|role| word.as_str() == Some(role.as_str()))
        .ok_or_else(|| wrong_kind(&path, &word, "`system`, `developer`, `user`, `assistant` or `tool`"))
}

/// A text, or a list of parts of which all are text; they follow one another without a separator, as in llama-server.
pub fn text(path: &str, content: Value) -> Result<String, ApiError> {
    let parts = match content {
        Value::String(text) => return Ok(text),
        Value::Array(parts) => parts,
        other => return Err(wrong_kind(path, &other, "a string or a list of content parts")),
    };
    let mut text = String::new();
    for (at, part) in parts.into_iter().enumerate() {
        let mut part = Fields::of(&format!("{path}[{at}]"), part)?;
        let kind = part.string("type")?.unwrap_or_default();
        let field = match kind.as_str() {
            "text" | "input_text" | "output_text" => "text",
            "refusal" => "refusal",
            _ => {
                let kind: String = kind.chars().filter(|c| !c.is_control()).take(32).collect();
                let message = format!("`{path}` has a part of type `{kind}`; this model reads text only.");
                return Err(ApiError::unsupported(path, message));
            }
        };
        let missing = part.path(field);
        text.push_str(&part.string(field)?.ok_or_else(|| self::missing(&missing))?);
        // Marks for caches and citations say nothing to the model.
        part.pass_over(&["annotations", "logprobs", "cache_control"]);
        part.finish()?;
    }
    Ok(text)
}

fn tool_calls(fields: &mut Fields) -> Result<Vec<ToolCall>, ApiError> {
    let path = fields.path("tool_calls");
    let calls = fields.list("tool_calls")?.unwrap_or_default();
    let call = |(at, call): (usize, Value)| {
        let mut call = Fields::of(&format!("{path}[{at}]"), call)?;
        call.only("type", &[Value::from("function")], "functions are all there is")?;
        call.pass_over(&["index"]);
        let id = call.string("id")?.unwrap_or_default();
        let place = call.path("function");
        let mut function = call.object("function")?.ok_or_else(|| missing(&place))?;
        let name_path = function.path("name");
        let name = function.string("name")?.ok_or_else(|| missing(&name_path))?;
        let arguments_path = function.path("arguments");
        let arguments = arguments(&arguments_path, function.take("arguments"))?;
        function.finish()?;
        call.finish()?;
        if [&id, &name].into_iter().any(|text| text.contains('\0')) {
            return Err(nul(&path));
        }
        Ok(ToolCall { id, name, arguments })
    };
    calls.into_iter().enumerate().map(call).collect()
}

/// Arguments as the text of a JSON object, as OpenAI has them, or the object itself.
pub fn arguments(path: &str, value: Option<Value>) -> Result<Value, ApiError> {
    let value = match value {
        None => return Ok(Value::Object(serde_json::Map::new())),
        Some(Value::String(text)) if text.trim().is_empty() => {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        Some(Value::String(text)) => serde_json::from_str(&text).map_err(|_| {
            ApiError::invalid_value(path, format!("`{path}` is not the text of a JSON object."))
        })?,
        Some(value) => value,
    };
    if value.is_object() { Ok(value) } else { Err(wrong_kind(path, &value, "the text of a JSON object")) }
}

fn missing(path: &str) -> ApiError {
    ApiError::invalid_value(path, format!("`{path}` is missing."))
}

fn nul(path: &str) -> ApiError {
    ApiError::invalid_value(path, format!("`{path}` contains a NUL character."))
}
