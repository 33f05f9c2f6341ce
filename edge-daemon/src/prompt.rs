//! From the messages of a request to the tokens of a prompt: the model's own chat template, then its own tokenizer, with
//! no way for a message to smuggle in the tokens that separate messages.

pub mod guard;
pub mod template;

use hearth_wire::Message;
use llama_cpp_2::token::LlamaToken;

use crate::model::Model;
use template::{TemplateError, TemplateMessage};

/// Renders and tokenizes. This takes a while for a long prompt: call it where blocking is allowed.
pub fn build(model: &Model, messages: &[Message]) -> Result<Vec<LlamaToken>, TemplateError> {
    let protect = |text: &str| guard::protect(text, model.special_texts());
    let messages: Vec<TemplateMessage> = messages
        .iter()
        .map(|message| TemplateMessage {
            role: template::role_word(message.role),
            content: message.content.as_ref().map_or_else(String::new, |content| protect(&content.text())),
            name: message.name.as_deref().map(protect),
            reasoning_content: message.reasoning_content.as_deref().map(protect),
            tool_call_id: message.tool_call_id.as_deref().map(protect),
        })
        .collect();
    let rendered = model.template().render(&messages)?;

    let mut tokens = Vec::with_capacity(rendered.len() / 3);
    if let Some((token, text)) = model.leading_bos()
        && !rendered.starts_with(text)
    {
        tokens.push(token);
    }
    for piece in guard::pieces(&rendered) {
        model.tokenize_into(piece, &mut tokens);
    }
    Ok(tokens)
}
