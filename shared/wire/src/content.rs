//! A message's content: a string, or a list of parts of which this crate knows the text ones by name.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// The content of a message, as it came: a string stays a string.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    Text(String),
    Parts(Vec<ContentPart>),
}

/// One part of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum ContentPart {
    Text(String),
    /// A part that is not text (an image, audio, a file), whole and untouched.
    Other(Value),
}

impl Content {
    /// All the text of the message; parts follow one another without a separator, as in llama-server.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Parts(parts) => parts.iter().filter_map(ContentPart::as_text).collect::<String>().into(),
        }
    }

    /// The `type` of the first part that is not text, for a server that takes text alone.
    pub fn first_other_type(&self) -> Option<&str> {
        let Self::Parts(parts) = self else { return None };
        parts.iter().find_map(|part| match part {
            ContentPart::Text(_) => None,
            ContentPart::Other(value) => Some(value.get("type").and_then(Value::as_str).unwrap_or("unknown")),
        })
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl ContentPart {
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Other(_) => None,
        }
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Parts(parts) => parts.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ContentVisitor;

        impl<'de> Visitor<'de> for ContentVisitor {
            type Value = Content;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of content parts")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Content, E> {
                Ok(Content::Text(text.to_owned()))
            }

            fn visit_string<E: de::Error>(self, text: String) -> Result<Content, E> {
                Ok(Content::Text(text))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Content, A::Error> {
                let mut parts = Vec::new();
                while let Some(part) = seq.next_element()? {
                    parts.push(part);
                }
                Ok(Content::Parts(parts))
            }
        }

        deserializer.deserialize_any(ContentVisitor)
    }
}

impl Serialize for ContentPart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("type", "text")?;
                map.serialize_entry("text", text)?;
                map.end()
            }
            Self::Other(value) => value.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ContentPart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut value = Value::deserialize(deserializer)?;
        let kind = value.get("type").and_then(Value::as_str).ok_or_else(|| {
            de::Error::custom("a content part must be an object with a `type`, for example {\"type\":\"text\",\"text\":\"…\"}")
        })?;
        if !matches!(kind, "text" | "input_text" | "output_text") {
            return Ok(Self::Other(value));
        }
        match value.get_mut("text").map(Value::take) {
            Some(Value::String(text)) => Ok(Self::Text(text)),
            _ => Err(de::Error::custom("a content part of type `text` must have a string in `text`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_parts_are_joined_and_others_are_kept_whole() {
        let json = r#"[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"u","scale":1.10}},{"type":"text","text":"b"}]"#;
        let content: Content = serde_json::from_str(json).unwrap();
        assert_eq!(content.text(), "ab");
        assert_eq!(content.first_other_type(), Some("image_url"));
        let again: Content = serde_json::from_str(&serde_json::to_string(&content).unwrap()).unwrap();
        assert_eq!(again, content);
    }

    #[test]
    fn what_is_neither_a_string_nor_a_list_says_so() {
        for json in
            ["1", "1.5", "true", "{\"text\":\"x\"}", "[\"x\"]", "[{\"text\":\"x\"}]", "[{\"type\":\"text\"}]"]
        {
            let error = serde_json::from_str::<Content>(json).unwrap_err().to_string();
            assert!(error.contains("content part"), "{json}: {error}");
        }
    }
}
