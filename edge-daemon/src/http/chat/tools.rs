//! `tools`, `tool_choice` and `parallel_tool_calls`.

use serde_json::Value;

use crate::http::error::ApiError;
use crate::http::fields::{Fields, wrong_kind};
use crate::tools::{Tool, ToolChoice, Toolbox};

const MOST_TOOLS: usize = 128;
const LONGEST_NAME: usize = 64;

pub fn read(body: &mut Fields) -> Result<Toolbox, ApiError> {
    let tools = body.list("tools")?.unwrap_or_default();
    let tools = tools.into_iter().enumerate().map(tool).collect::<Result<Vec<_>, _>>()?;
    let choice = choice(body.take("tool_choice"))?;
    let parallel = body.boolean("parallel_tool_calls")?.unwrap_or(true);
    toolbox(tools, choice, parallel)
}

/// Checks what holds in every API.
pub fn toolbox(tools: Vec<Tool>, choice: ToolChoice, parallel: bool) -> Result<Toolbox, ApiError> {
    if tools.len() > MOST_TOOLS {
        let message = format!("`tools` has {} functions; at most {MOST_TOOLS} are taken.", tools.len());
        return Err(ApiError::invalid_value("tools", message));
    }
    for (at, tool) in tools.iter().enumerate() {
        if tools[..at].iter().any(|other| other.name == tool.name) {
            return Err(ApiError::invalid_value("tools", "Two functions in `tools` have the same name."));
        }
    }
    match &choice {
        ToolChoice::Required if tools.is_empty() => Err(ApiError::invalid_value(
            "tool_choice",
            "`tool_choice` asks for a call, and there are no `tools`.",
        )),
        ToolChoice::Named(name) if !tools.iter().any(|tool| tool.name == *name) => Err(
            ApiError::invalid_value("tool_choice", "`tool_choice` names a function that is not in `tools`."),
        ),
        _ => Ok(Toolbox { tools, choice, parallel }),
    }
}

fn tool((at, tool): (usize, Value)) -> Result<Tool, ApiError> {
    let mut fields = Fields::of(&format!("tools[{at}]"), tool)?;
    fields.only("type", &[Value::from("function")], "functions are the only kind of tool")?;
    let path = fields.path("function");
    let function = Fields::of(&path, fields.needed("function")?)?;
    fields.finish()?;
    self::function(function)
}

/// A function's name, description and schema.
pub fn function(mut fields: Fields) -> Result<Tool, ApiError> {
    let path = fields.path("name");
    let name = fields.string("name")?.unwrap_or_default();
    check_name(&path, &name)?;
    let description = fields.string("description")?;
    let schema_path = fields.path("parameters");
    let parameters = fields.take("parameters");
    if let Some(other) = parameters.as_ref().filter(|schema| !schema.is_object()) {
        return Err(wrong_kind(&schema_path, other, "a JSON schema, which is an object"));
    }
    let strict = fields.boolean("strict")?.unwrap_or(false);
    fields.finish()?;
    Ok(Tool { name, description, parameters, strict })
}

/// OpenAI's rule, which also keeps names out of the grammar's way.
pub fn check_name(path: &str, name: &str) -> Result<(), ApiError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(fits) {
        return Ok(());
    }
    let message =
        format!("`{path}` must have 1 to {LONGEST_NAME} of the characters a-z, A-Z, 0-9, `_`, `-` and `.`.");
    Err(ApiError::invalid_value(path, message))
}

/// `tool_choice`, in the form of either of OpenAI's APIs.
pub fn choice(choice: Option<Value>) -> Result<ToolChoice, ApiError> {
    let Some(choice) = choice else { return Ok(ToolChoice::Auto) };
    match choice.as_str() {
        Some("auto") => return Ok(ToolChoice::Auto),
        Some("none") => return Ok(ToolChoice::None),
        Some("required") => return Ok(ToolChoice::Required),
        _ => {}
    }
    if !choice.is_object() {
        return Err(wrong_kind(
            "tool_choice",
            &choice,
            "`auto`, `none`, `required` or a function's name in an object",
        ));
    }
    let mut fields = Fields::of("tool_choice", choice)?;
    fields.only("type", &[Value::from("function")], "functions are the only kind of tool")?;
    let name = match fields.object("function")? {
        Some(mut function) => {
            let name = function.string("name")?;
            function.finish()?;
            name
        }
        // The Responses API has the name here.
        None => fields.string("name")?,
    };
    fields.finish()?;
    name.map(ToolChoice::Named)
        .ok_or_else(|| ApiError::invalid_value("tool_choice", "`tool_choice.function.name` is missing."))
}
