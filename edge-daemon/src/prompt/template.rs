//! A model's chat template: Jinja, in the dialect that Hugging Face's tokenizers define.
//!
//! Source: <https://huggingface.co/docs/transformers/chat_templating_writing>. The functions and filters that those
//! templates call and Jinja does not have (`raise_exception`, `strftime_now`, `tojson` without HTML escapes) are here.

use hearth_wire::Role;
use jiff::tz::TimeZone;
use minijinja::{Environment, Error, ErrorKind, Value, context};
use serde::Serialize;

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
}

/// A message in the shape that templates read.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TemplateMessage {
    pub role: &'static str,
    pub content: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
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
        Ok(Self { environment, bos, eos })
    }

    /// The prompt up to where the assistant begins to speak.
    pub fn render(&self, messages: &[TemplateMessage]) -> Result<String, TemplateError> {
        let template = self.environment.get_template(NAME)?;
        Ok(template.render(context! {
            messages,
            bos_token => self.bos,
            eos_token => self.eos,
            add_generation_prompt => true,
        })?)
    }
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
