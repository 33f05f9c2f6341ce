//! What a model is told whose own template knows nothing of tools: Hermes' system prompt, and the calls and results of the
//! conversation in Hermes' form.
//!
//! Source: <https://github.com/NousResearch/Hermes-Function-Calling>, in the words that Qwen's templates use.

use std::fmt::Write as _;

use hearth_wire::Role;
use serde_json::json;

use super::Tool;
use crate::prompt::message::ChatMessage;

const BEFORE: &str = "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n\
                      You are provided with function signatures within <tools></tools> XML tags:\n<tools>";

const AFTER: &str = "\n</tools>\n\nFor each function call, return a json object with function name and arguments within \
                     <tool_call></tool_call> XML tags:\n<tool_call>\n{\"name\": <function-name>, \"arguments\": \
                     <args-json-object>}\n</tool_call>";

/// The same conversation in plain messages.
pub fn plain(
    messages: Vec<ChatMessage>,
    tools: &[Tool],
    write: impl Fn(&serde_json::Value) -> String,
) -> Vec<ChatMessage> {
    let mut plain: Vec<ChatMessage> = Vec::with_capacity(messages.len() + 1);
    for message in messages {
        if message.role == Role::Tool {
            let text = format!("<tool_response>\n{}\n</tool_response>", message.content);
            match plain.last_mut() {
                // Several results are one turn, since templates want the roles to alternate.
                Some(last) if last.role == Role::User && last.content.ends_with("</tool_response>") => {
                    last.content.push('\n');
                    last.content.push_str(&text);
                }
                _ => plain.push(ChatMessage::new(Role::User, text)),
            }
            continue;
        }
        let mut message = message;
        for call in std::mem::take(&mut message.tool_calls) {
            if !message.content.is_empty() {
                message.content.push('\n');
            }
            let object = write(&json!({"name": call.name, "arguments": call.arguments}));
            // Writing to a string cannot fail.
            let _ = write!(message.content, "<tool_call>\n{object}\n</tool_call>");
        }
        plain.push(message);
    }
    if !tools.is_empty() {
        introduce(&mut plain, tools, write);
    }
    plain
}

fn introduce(messages: &mut Vec<ChatMessage>, tools: &[Tool], write: impl Fn(&serde_json::Value) -> String) {
    let mut text = BEFORE.to_owned();
    for tool in tools {
        text.push('\n');
        text.push_str(&write(&tool.to_json()));
    }
    text.push_str(AFTER);
    match messages.first_mut().filter(|first| matches!(first.role, Role::System | Role::Developer)) {
        Some(system) => system.content = format!("{}\n\n{text}", system.content),
        None => messages.insert(0, ChatMessage::new(Role::System, text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::ToolCall;

    #[test]
    fn tools_calls_and_results_become_words() {
        let tool = Tool { name: "now".to_owned(), description: None, parameters: None, strict: false };
        let call = ToolCall { id: "1".to_owned(), name: "now".to_owned(), arguments: json!({}) };
        let conversation = vec![
            ChatMessage::new(Role::System, "Be brief."),
            ChatMessage::new(Role::User, "What time is it?"),
            ChatMessage { tool_calls: vec![call], ..ChatMessage::new(Role::Assistant, "") },
            ChatMessage::new(Role::Tool, "12:00"),
            ChatMessage::new(Role::Tool, "noon"),
        ];
        let plain = plain(conversation, &[tool], ToString::to_string);
        let shown: Vec<(Role, &str)> =
            plain.iter().map(|message| (message.role, message.content.as_str())).collect();
        assert!(
            shown[0].1.starts_with("Be brief.\n\n# Tools") && shown[0].1.contains("\"name\":\"now\""),
            "{shown:?}"
        );
        assert_eq!(
            shown[1..],
            [
                (Role::User, "What time is it?"),
                (Role::Assistant, "<tool_call>\n{\"name\":\"now\",\"arguments\":{}}\n</tool_call>"),
                (
                    Role::User,
                    "<tool_response>\n12:00\n</tool_response>\n<tool_response>\nnoon\n</tool_response>"
                ),
            ]
        );
    }
}
