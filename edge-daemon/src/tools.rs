//! Tools: what a caller declares, which calls a model makes of them, and how its words become calls.
//!
//! Each family of models writes calls in a form of its own ([`family`]). The answer's text is read as it grows
//! ([`parser`]); a call that is asked for by name is written under a grammar ([`forced`]), and so is one of a strict tool
//! ([`strict`]); a model whose template knows nothing of tools is told of them in Hermes' form ([`preamble`]).

pub mod family;
pub mod forced;
pub mod form;
pub mod marks;
pub mod parser;
pub mod preamble;
pub mod scanner;
pub mod strict;

use serde_json::{Map, Value, json};

/// A function that a model may call.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    pub name: String,
    pub description: Option<String>,
    /// A JSON schema; none takes no arguments.
    pub parameters: Option<Value>,
    /// Calls are held to the schema even where the model chooses freely.
    pub strict: bool,
}

impl Tool {
    /// The form that chat templates were written for, OpenAI's.
    pub fn to_json(&self) -> Value {
        let mut function = Map::new();
        function.insert("name".to_owned(), json!(self.name));
        if let Some(description) = &self.description {
            function.insert("description".to_owned(), json!(description));
        }
        function.insert("parameters".to_owned(), self.schema());
        let mut tool = Map::new();
        tool.insert("type".to_owned(), json!("function"));
        tool.insert("function".to_owned(), Value::Object(function));
        Value::Object(tool)
    }

    /// What its arguments must be.
    pub fn schema(&self) -> Value {
        self.parameters
            .clone()
            .unwrap_or_else(|| json!({"type": "object", "properties": {}, "additionalProperties": false}))
    }
}

/// Which tools a model may or must call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ToolChoice {
    #[default]
    Auto,
    None,
    Required,
    Named(String),
}

/// A call that was made earlier in the conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    pub id: String,
    pub name: String,
    /// An object.
    pub arguments: Value,
}

/// The tools of one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Toolbox {
    pub tools: Vec<Tool>,
    pub choice: ToolChoice,
    /// Whether one answer may hold several calls.
    pub parallel: bool,
}

impl Toolbox {
    /// The tools that the model is told of.
    pub fn offered(&self) -> &[Tool] {
        if self.choice == ToolChoice::None { &[] } else { &self.tools }
    }

    /// The tools of which one must be called, if that is so.
    pub fn forced(&self) -> Option<Vec<&Tool>> {
        match &self.choice {
            ToolChoice::Auto | ToolChoice::None => None,
            ToolChoice::Required => Some(self.tools.iter().collect()),
            ToolChoice::Named(name) => Some(self.tools.iter().filter(|tool| tool.name == *name).collect()),
        }
    }

    /// How many calls one answer may hold.
    pub fn most_calls(&self) -> usize {
        if self.parallel && !matches!(self.choice, ToolChoice::Named(_)) { MOST_CALLS } else { 1 }
    }
}

/// A model that is forced to call could go on for ever.
const MOST_CALLS: usize = 8;
