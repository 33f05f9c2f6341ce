//! A request of the Messages API, as a turn.

use hearth_wire::Role;
use serde_json::{Value, json};

use super::content;
use crate::engine::sampling::Sampling;
use crate::http::chat::tools::toolbox;
use crate::http::error::ApiError;
use crate::http::fields::{Fields, wrong_kind};
use crate::http::settings::{self, Settings};
use crate::http::turn::Turn;
use crate::prompt::Conversation;
use crate::prompt::message::ChatMessage;
use crate::tools::{Tool, ToolChoice, Toolbox};

/// Everything but `model` and `stream`.
pub fn read(mut body: Fields) -> Result<Turn, ApiError> {
    let most = body.whole("max_tokens", 1, i64::from(u32::MAX))?;
    let Some(most) = most.and_then(|most| u32::try_from(most).ok()) else {
        return Err(ApiError::invalid_value("max_tokens", "`max_tokens` is missing: this API wants it."));
    };
    let default = Sampling::default();
    let mut within = |name: &str, default: f32| {
        body.number(name, 0.0, 1.0).map(|value| value.map_or(default, |value| value as f32))
    };
    let (temperature, top_p) = (within("temperature", default.temperature)?, within("top_p", default.top_p)?);
    let top_k = body.whole("top_k", 0, i64::from(i32::MAX))?.map_or(default.top_k, |k| k as i32);
    let stops = settings::stops("stop_sequences", body.strings("stop_sequences")?.unwrap_or_default())?;
    body.pass_over(&["metadata"]);
    body.only("service_tier", &[json!("auto"), json!("standard_only")], "there is one tier")?;
    let sampling = Sampling { temperature, top_p, top_k, seed: settings::seed(None), ..default };
    let settings = Settings { sampling, max_tokens: Some(most), stops, probabilities: None, n: 1 };
    Ok(Turn { settings, ..read_uncounted(body)? })
}

/// What makes up the prompt, which is all that counting takes.
pub fn read_uncounted(mut body: Fields) -> Result<Turn, ApiError> {
    let mut messages = Vec::new();
    if let Some(system) = body.take("system") {
        messages.push(ChatMessage::new(Role::System, content::text("system", system)?));
    }
    let conversation = body.needed("messages")?;
    let Value::Array(conversation) = conversation else {
        return Err(wrong_kind("messages", &conversation, "a list of messages"));
    };
    if conversation.is_empty() {
        return Err(ApiError::invalid_value("messages", "`messages` is empty: there is nothing to answer."));
    }
    for (at, message) in conversation.into_iter().enumerate() {
        messages.extend(content::message(at, message)?);
    }
    if messages.iter().any(|message| message.content.contains('\0')) {
        return Err(ApiError::invalid_value("messages", "`messages` contains a NUL character."));
    }
    let toolbox = tools(&mut body)?;
    if let Some(mut thinking) = body.object("thinking")? {
        let why =
            "whether this model thinks aloud is its own affair; what it thinks comes as `thinking` blocks";
        thinking.only("type", &[json!("disabled")], why)?;
        thinking.finish()?;
    }
    body.finish()?;
    let conversation = Conversation { messages, ..Conversation::default() };
    Ok(Turn { conversation, toolbox, ..Turn::default() })
}

fn tools(body: &mut Fields) -> Result<Toolbox, ApiError> {
    let tools = body.list("tools")?.unwrap_or_default();
    let tools = tools.into_iter().enumerate().map(tool).collect::<Result<Vec<_>, _>>()?;
    let (mut choice, mut parallel) = (ToolChoice::Auto, true);
    if let Some(mut fields) = body.object("tool_choice")? {
        let kind = fields.needed("type")?;
        let name = fields.string("name")?;
        choice = match (kind.as_str(), name) {
            (Some("auto"), None) => ToolChoice::Auto,
            (Some("any"), None) => ToolChoice::Required,
            (Some("none"), None) => ToolChoice::None,
            (Some("tool"), Some(name)) => ToolChoice::Named(name),
            _ => {
                return Err(wrong_kind(
                    "tool_choice.type",
                    &kind,
                    "`auto`, `any`, `none`, or `tool` with a `name`",
                ));
            }
        };
        parallel = !fields.boolean("disable_parallel_tool_use")?.unwrap_or(false);
        fields.finish()?;
    }
    toolbox(tools, choice, parallel)
}

fn tool((at, tool): (usize, Value)) -> Result<Tool, ApiError> {
    let mut fields = Fields::of(&format!("tools[{at}]"), tool)?;
    fields.only("type", &[json!("custom")], "tools that run on the server are not here")?;
    fields.pass_over(&["cache_control"]);
    let path = fields.path("name");
    let name = fields.string("name")?.unwrap_or_default();
    crate::http::chat::tools::check_name(&path, &name)?;
    let description = fields.string("description")?;
    let parameters = Some(fields.needed("input_schema")?);
    if let Some(other) = parameters.as_ref().filter(|schema| !schema.is_object()) {
        return Err(wrong_kind(&fields.path("input_schema"), other, "a JSON schema, which is an object"));
    }
    let strict = fields.boolean("strict")?.unwrap_or(false);
    fields.finish()?;
    Ok(Tool { name, description, parameters, strict })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_from(body: Value) -> Result<Turn, String> {
        let read = Fields::of_body(body).and_then(read);
        read.map_err(|error| error.into_envelope().error.param.unwrap_or_default())
    }

    #[test]
    fn blocks_become_the_messages_that_templates_know() {
        let turn = read_from(json!({
            "max_tokens": 5,
            "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
            "messages": [
                {"role": "user", "content": "Weather?"},
                {"role": "assistant", "content": [
                    {"type": "thinking", "thinking": "hm", "signature": ""},
                    {"type": "text", "text": "I'll look."},
                    {"type": "tool_use", "id": "t1", "name": "look", "input": {"a": 1}},
                ]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "sunny"}]},
                    {"type": "text", "text": "And tomorrow?"},
                ]},
            ],
            "tools": [{"name": "look", "input_schema": {"type": "object"}}],
            "tool_choice": {"type": "tool", "name": "look", "disable_parallel_tool_use": true},
        }))
        .unwrap();
        let shown: Vec<(Role, &str)> = turn
            .conversation
            .messages
            .iter()
            .map(|message| (message.role, message.content.as_str()))
            .collect();
        assert_eq!(
            shown,
            [
                (Role::System, "Be brief."),
                (Role::User, "Weather?"),
                (Role::Assistant, "I'll look."),
                (Role::Tool, "sunny"),
                (Role::User, "And tomorrow?"),
            ]
        );
        let assistant = &turn.conversation.messages[2];
        assert_eq!((assistant.reasoning.as_deref(), assistant.tool_calls[0].id.as_str()), (Some("hm"), "t1"));
        assert_eq!(turn.toolbox.forced().unwrap().len(), 1);
        assert_eq!(turn.toolbox.most_calls(), 1);
    }

    #[test]
    fn what_is_wrong_is_refused_by_name() {
        for (fields, param) in [
            (json!({"max_tokens": null}), "max_tokens"),
            (json!({"max_tokens": 0}), "max_tokens"),
            (json!({"temperature": 1.5}), "temperature"),
            (json!({"stop_sequences": [""]}), "stop_sequences"),
            (json!({"messages": []}), "messages"),
            (json!({"messages": [{"role": "system", "content": "x"}]}), "messages[0].role"),
            (
                json!({"messages": [{"role": "user", "content": [{"type": "image"}]}]}),
                "messages[0].content[0]",
            ),
            (json!({"thinking": {"type": "enabled", "budget_tokens": 9}}), "thinking.type"),
            (json!({"tools": [{"name": "a b", "input_schema": {}}]}), "tools[0].name"),
            (json!({"tools": [{"type": "bash_20250124", "name": "bash"}]}), "tools[0].type"),
            (json!({"tool_choice": {"type": "any"}}), "tool_choice"),
            (json!({"mcp_servers": []}), "mcp_servers"),
        ] {
            let mut body = json!({"max_tokens": 5, "messages": [{"role": "user", "content": "x"}]});
            body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            assert_eq!(read_from(body).unwrap_err(), param, "{fields}");
        }
    }
}
