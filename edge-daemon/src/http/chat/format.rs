//! `response_format`: text, any JSON object, or JSON after a schema.

use serde_json::Value;

use crate::http::error::ApiError;
use crate::http::fields::{Fields, wrong_kind};
use crate::http::turn::Format;

pub fn read(body: &mut Fields) -> Result<Format, ApiError> {
    let Some(mut format) = body.object("response_format")? else { return Ok(Format::Text) };
    let kind = format.needed("type")?;
    let read = match kind.as_str() {
        Some("text") => Format::Text,
        Some("json_object") => match format.take("schema") {
            // llama-server's way of giving one.
            Some(schema) => Format::JsonSchema(schema_object("response_format.schema", schema)?),
            None => Format::JsonObject,
        },
        Some("json_schema") => {
            let schema = Fields::of("response_format.json_schema", format.needed("json_schema")?)?;
            named_schema(schema)?
        }
        _ => {
            return Err(wrong_kind("response_format.type", &kind, "`text`, `json_object` or `json_schema`"));
        }
    };
    format.finish()?;
    Ok(read)
}

/// `{"name": …, "schema": …, "strict": …}`. Answers are always held to the schema, so that `strict` changes nothing.
pub fn named_schema(mut fields: Fields) -> Result<Format, ApiError> {
    let path = fields.path("schema");
    let schema = schema_object(&path, fields.needed("schema")?)?;
    fields.boolean("strict")?;
    fields.string("name")?;
    fields.string("description")?;
    fields.finish()?;
    Ok(Format::JsonSchema(schema))
}

fn schema_object(path: &str, schema: Value) -> Result<Value, ApiError> {
    if schema.is_object() {
        Ok(schema)
    } else {
        Err(wrong_kind(path, &schema, "a JSON schema, which is an object"))
    }
}
