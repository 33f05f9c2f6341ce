//! From the messages of a request to the tokens of a prompt: the model's own chat template, then its own tokenizer, with
//! no way for a message to smuggle in the tokens that separate messages.

pub mod guard;
pub mod message;
pub mod template;

use hearth_wire::Role;
use llama_cpp_2::token::LlamaToken;
use serde_json::{Map, Value};

use crate::model::Model;
use crate::tools::{Tool, preamble};
use message::ChatMessage;
use template::{ChatTemplate, TemplateError};

/// What a prompt is made of.
#[derive(Clone, Debug, Default)]
pub struct Conversation {
    pub messages: Vec<ChatMessage>,
    /// The tools that the model is told of.
    pub tools: Vec<Tool>,
    /// Further variables of the template.
    pub variables: Map<String, Value>,
}

/// A rendered prompt, in which the texts of messages are still marked; see [`guard`].
#[derive(Clone, Debug)]
pub struct Rendered(String);

impl Rendered {
    /// A text that is no chat: nothing in it steers the model.
    pub fn plain(model: &Model, text: &str) -> Self {
        Self(guard::protect(text, model.special_texts()))
    }

    /// As a person reads it.
    pub fn text(&self) -> String {
        guard::pieces(&self.0).collect()
    }

    /// Its tokens, with the one that begins every prompt of this model. This takes a while for a long prompt: call it
    /// where blocking is allowed.
    pub fn tokens(&self, model: &Model) -> Vec<LlamaToken> {
        let mut tokens = self.inner_tokens(model);
        if let Some((token, text)) = model.leading_bos()
            && !self.0.starts_with(text)
        {
            tokens.insert(0, token);
        }
        tokens
    }

    /// Its tokens alone.
    pub fn inner_tokens(&self, model: &Model) -> Vec<LlamaToken> {
        let mut tokens = Vec::with_capacity(self.0.len() / 3);
        for piece in guard::pieces(&self.0) {
            model.tokenize_into(piece, &mut tokens);
        }
        tokens
    }
}

/// Renders a conversation up to where the assistant speaks. An assistant's message at its end has been begun, and is to be
/// gone on with.
pub fn render(model: &Model, conversation: Conversation) -> Result<Rendered, TemplateError> {
    let protect = |text: &str| guard::protect(text, model.special_texts());
    render_with(model.template(), conversation, &protect).map(Rendered)
}

fn render_with(
    template: &ChatTemplate,
    conversation: Conversation,
    protect: &impl Fn(&str) -> String,
) -> Result<String, TemplateError> {
    let Conversation { mut messages, tools, variables } = conversation;
    for message in &mut messages {
        message.content = protect(&message.content);
        message.name = message.name.as_deref().map(protect);
        message.reasoning = message.reasoning.as_deref().map(protect);
        message.tool_call_id = message.tool_call_id.as_deref().map(protect);
    }
    let begun = messages.pop_if(|last| last.role == Role::Assistant && last.tool_calls.is_empty());
    let knows = template.knows_tools();
    if !knows {
        messages = preamble::plain(messages, &tools, |json| template::write_json(json, protect));
    }
    let offered = if knows { tools.as_slice() } else { &[] };
    let mut rendered = template.render(&messages, offered, &variables, protect)?;
    if let Some(begun) = begun {
        rendered.push_str(&begun.content);
    }
    Ok(rendered)
}

#[cfg(test)]
mod tests;
