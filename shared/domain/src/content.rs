//! What a message says: a text, or OpenAI content parts.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Type},
    },
};

/// The most characters that one message may hold.
pub const MAX_CHARS: usize = 200_000;

/// A message's content, kept as it was sent: a JSON string, or an array of content parts as OpenAI defines them
/// (<https://platform.openai.com/docs/api-reference/chat/create>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Content(Value);

impl Content {
    /// A plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self(Value::String(text.into()))
    }

    /// Checks the shape: a string, or a non-empty array of `{"type": "text", "text": …}` parts.
    ///
    /// Parts that are not text need a model that reads them; they are refused by name until one is there.
    pub fn parse(value: Value) -> Result<Self, String> {
        match &value {
            Value::String(_) => Ok(Self(value)),
            Value::Array(parts) if parts.is_empty() => Err("an empty list of parts says nothing".into()),
            Value::Array(parts) => parts.iter().try_for_each(check_part).map(|()| Self(value)),
            _ => Err("must be a string or an array of content parts".into()),
        }
    }

    /// The text alone: parts joined by a line break.
    pub fn to_text(&self) -> String {
        match &self.0 {
            Value::String(text) => text.clone(),
            Value::Array(parts) => {
                let texts: Vec<&str> =
                    parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect();
                texts.join("\n")
            }
            _ => String::new(),
        }
    }

    /// The content as JSON, as it is stored and sent on.
    pub fn as_json(&self) -> &Value {
        &self.0
    }
}

fn check_part(part: &Value) -> Result<(), String> {
    match (part.get("type").and_then(Value::as_str), part.get("text").and_then(Value::as_str)) {
        (Some("text"), Some(_)) => Ok(()),
        (Some("text"), None) => Err("a text part needs a string `text`".into()),
        (Some(other), _) => Err(format!("parts of type `{other}` are not read by any model here; send text")),
        (None, _) => Err("each part needs a `type`".into()),
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for Content {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let part = ObjectBuilder::new()
            .property("type", ObjectBuilder::new().schema_type(Type::String))
            .property("text", ObjectBuilder::new().schema_type(Type::String));
        OneOfBuilder::new().item(text).item(ArrayBuilder::new().items(part)).into()
    }
}

impl ToSchema for Content {}

#[cfg(test)]
mod tests {
    use super::Content;
    use serde_json::json;

    #[test]
    fn parts_join_into_one_text() {
        let content = Content::parse(json!([{"type":"text","text":"a"},{"type":"text","text":"b"}])).unwrap();
        assert_eq!(content.to_text(), "a\nb");
    }

    #[test]
    fn a_part_that_no_model_reads_is_named() {
        let error = Content::parse(json!([{"type":"image_url","image_url":{"url":"x"}}])).unwrap_err();
        assert!(error.contains("image_url"), "{error}");
    }

    #[test]
    fn other_shapes_are_refused() {
        for value in [json!(1), json!(null), json!({}), json!([]), json!(["a"]), json!([{"type":"text"}])] {
            assert!(Content::parse(value.clone()).is_err(), "{value}");
        }
    }
}
