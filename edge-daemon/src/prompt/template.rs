//! A model's chat template: Jinja, in the dialect that Hugging Face's tokenizers define.
//!
//! Source: <https://huggingface.co/docs/transformers/chat_templating_writing>. The functions and filters that those
//! templates call and Jinja does not have (`raise_exception`, `strftime_now`, `tojson` without HTML escapes) are here.

mod values;

use hearth_wire::Role;
use jiff::tz::TimeZone;
use minijinja::{Environment, Error, ErrorKind, Value};
use serde::Serialize as _;
use serde_json::{Map, Value as Json, json};

use super::message::ChatMessage;
use crate::tools::family::Family;
use crate::tools::{Tool, ToolCall};
use values::{Fields, from_json};

/// What a model without a template of its own gets, as in llama.cpp.
pub const CHATML: &str = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + \
                          '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

const NAME: &str = "chat";

/// Instructions that a template may execute, some hundred times what a long conversation takes: the template comes with
/// the model's file, and may be anything.
const MOST_WORK: u64 = 5_000_000;

/// A compiled chat template.
#[derive(Debug)]
pub struct ChatTemplate {
    environment: Environment<'static>,
    bos: String,
    eos: String,
    family: Family,
    tools: ToolsPlace,
}

/// Where a template looks for the tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ToolsPlace {
    Nowhere,
    Variable,
    /// In the system message, as the text of a JSON list: Phi's way.
    SystemMessage,
}

impl ToolsPlace {
    fn of_template(source: &str) -> Self {
        let in_message = ["message['tools']", "message[\"tools\"]", "message.tools"];
        if in_message.iter().any(|place| source.contains(place)) {
            Self::SystemMessage
        } else if source.contains("tools") {
            Self::Variable
        } else {
            Self::Nowhere
        }
    }
}

/// The template cannot be read, or does not take these messages.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TemplateError(String);

impl From<Error> for TemplateError {
    fn from(error: Error) -> Self {
        match (error.detail(), error.line()) {
            (Some(detail), _) if error.kind() == ErrorKind::InvalidOperation => Self(detail.to_owned()),
            (detail, line) => Self(format!(
                "{}{}{}",
                error.kind(),
                detail.map(|detail| format!(": {detail}")).unwrap_or_default(),
                line.map(|line| format!(" (line {line} of the template)")).unwrap_or_default()
            )),
        }
    }
}

impl ChatTemplate {
    /// `bos` and `eos` are the texts of the vocabulary's tokens.
    pub fn new(source: &str, bos: String, eos: String) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        environment.set_fuel(Some(MOST_WORK));
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", raise_exception);
        environment.add_function("strftime_now", strftime_now);
        environment.add_filter("tojson", to_json);
        environment.add_template_owned(NAME, source.to_owned())?;
        let (family, tools) = (Family::of_template(source), ToolsPlace::of_template(source));
        Ok(Self { environment, bos, eos, family, tools })
    }

    /// The form in which this model writes calls.
    pub fn family(&self) -> Family {
        self.family
    }

    /// Does the template tell the model of tools by itself?
    pub fn knows_tools(&self) -> bool {
        self.tools != ToolsPlace::Nowhere
    }

    /// Does the template read this variable?
    pub fn knows(&self, variable: &str) -> bool {
        let template = self.environment.get_template(NAME);
        template.is_ok_and(|template| template.undeclared_variables(false).contains(variable))
    }

    /// The prompt up to where the assistant begins to speak. The messages' own texts have been made safe; those of tools,
    /// calls and variables pass through `protect` here.
    pub fn render(
        &self,
        messages: &[ChatMessage],
        tools: &[Tool],
        variables: &Map<String, Json>,
        protect: &impl Fn(&str) -> String,
    ) -> Result<String, TemplateError> {
        let mut shown: Vec<Value> = messages.iter().map(|message| shown(message, protect)).collect();
        let listed: Vec<Value> = tools.iter().map(|tool| from_json(&tool.to_json(), protect)).collect();
        if self.tools == ToolsPlace::SystemMessage && !tools.is_empty() {
            let written = Json::Array(tools.iter().map(Tool::to_json).collect());
            give_to_system(messages, &mut shown, write_json(&written, protect));
        }
        let mut context: Vec<(Value, Value)> = variables
            .iter()
            .map(|(name, value)| (Value::from(name.as_str()), from_json(value, protect)))
            .collect();
        let mut set = |name: &str, value: Value| {
            context.retain(|(other, _)| other.as_str() != Some(name));
            context.push((Value::from(name), value));
        };
        set("messages", Value::from(shown));
        set("bos_token", Value::from(self.bos.as_str()));
        set("eos_token", Value::from(self.eos.as_str()));
        set("add_generation_prompt", Value::from(true));
        if !listed.is_empty() {
            set("tools", Value::from(listed));
        }
        let template = self.environment.get_template(NAME)?;
        Ok(template.render(Value::from_object(Fields(context)))?)
    }
}

/// A message in the shape that templates read. They test whether a field is there.
fn shown(message: &ChatMessage, protect: &impl Fn(&str) -> String) -> Value {
    let mut fields = vec![
        (Value::from("role"), Value::from(role_word(message.role))),
        (Value::from("content"), Value::from(message.content.as_str())),
    ];
    let optional = [
        ("name", &message.name),
        ("reasoning_content", &message.reasoning),
        ("tool_call_id", &message.tool_call_id),
    ];
    for (name, text) in optional {
        if let Some(text) = text {
            fields.push((Value::from(name), Value::from(text.as_str())));
        }
    }
    if !message.tool_calls.is_empty() {
        let call = |call: &ToolCall| {
            let function = json!({"name": call.name, "arguments": call.arguments});
            from_json(&json!({"id": call.id, "type": "function", "function": function}), protect)
        };
        fields.push((Value::from("tool_calls"), message.tool_calls.iter().map(call).collect()));
    }
    Value::from_object(Fields(fields))
}

/// Writes the tools into the system message, which is made where there is none.
fn give_to_system(messages: &[ChatMessage], shown: &mut Vec<Value>, tools: String) {
    let is_system = |message: &ChatMessage| role_word(message.role) == Role::System.as_str();
    let content = match messages.first().filter(|first| is_system(first)) {
        Some(first) => {
            shown.remove(0);
            first.content.clone()
        }
        None => String::new(),
    };
    let fields = [("role", "system".to_owned()), ("content", content), ("tools", tools)];
    let fields = fields.map(|(name, text)| (Value::from(name), Value::from(text)));
    shown.insert(0, Value::from_object(Fields(fields.into())));
}

/// JSON as [`to_json`] writes it inside a template.
pub fn write_json(json: &Json, protect: &impl Fn(&str) -> String) -> String {
    to_json(&from_json(json, protect)).map(|text| text.to_string()).unwrap_or_default()
}

/// The word that templates test for: they know `system`, not OpenAI's newer name of it.
pub fn role_word(role: Role) -> &'static str {
    match role {
        Role::Developer => Role::System.as_str(),
        role => role.as_str(),
    }
}

fn raise_exception(message: String) -> Result<Value, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, message))
}

fn strftime_now(format: &str) -> Result<String, Error> {
    let now = jiff::Timestamp::now().to_zoned(TimeZone::UTC);
    jiff::fmt::strtime::format(format, &now)
        .map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))
}

/// As Python's `json.dumps(value, ensure_ascii=False)`: models were trained on its spaces.
fn to_json(value: &Value) -> Result<Value, Error> {
    let mut out = Vec::new();
    value
        .serialize(&mut serde_json::Serializer::with_formatter(&mut out, PythonJson))
        .map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))?;
    Ok(Value::from_safe_string(String::from_utf8_lossy(&out).into_owned()))
}

struct PythonJson;

impl serde_json::ser::Formatter for PythonJson {
    fn begin_array_value<W: std::io::Write + ?Sized>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_key<W: std::io::Write + ?Sized>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_value<W: std::io::Write + ?Sized>(&mut self, out: &mut W) -> std::io::Result<()> {
        out.write_all(b": ")
    }
}

#[cfg(test)]
mod tests;
