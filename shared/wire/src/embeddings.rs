//! `POST /v1/embeddings`.

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::OneOrMany;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingsRequest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    pub input: OneOrMany,
    /// `float` (the default) or `base64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding_format: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingsResponse {
    #[serde(default = "list_object")]
    pub object: String,
    pub data: Vec<Embedding>,
    #[serde(default)]
    pub model: String,
    #[serde(default)]
    pub usage: EmbeddingUsage,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Embedding {
    #[serde(default = "embedding_object")]
    pub object: String,
    pub embedding: EmbeddingVector,
    #[serde(default)]
    pub index: u32,
}

/// The numbers, or the little-endian `f32`s of them in base64, as the request asked.
#[derive(Clone, Debug, PartialEq)]
pub enum EmbeddingVector {
    Floats(Vec<f32>),
    Base64(String),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbeddingUsage {
    #[serde(default)]
    pub prompt_tokens: u64,
    #[serde(default)]
    pub total_tokens: u64,
}

impl Serialize for EmbeddingVector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Floats(floats) => floats.serialize(serializer),
            Self::Base64(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for EmbeddingVector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct VectorVisitor;

        impl<'de> Visitor<'de> for VectorVisitor {
            type Value = EmbeddingVector;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of numbers or a base64 string")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<EmbeddingVector, E> {
                Ok(EmbeddingVector::Base64(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<EmbeddingVector, A::Error> {
                let mut floats = Vec::with_capacity(seq.size_hint().unwrap_or(384));
                while let Some(float) = seq.next_element::<f32>()? {
                    floats.push(float);
                }
                Ok(EmbeddingVector::Floats(floats))
            }
        }

        deserializer.deserialize_any(VectorVisitor)
    }
}

fn list_object() -> String {
    "list".to_owned()
}

fn embedding_object() -> String {
    "embedding".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_encodings_are_read_and_written_back() {
        for json in [
            r#"{"object":"list","data":[{"object":"embedding","embedding":[0.25,-1.5],"index":0}],"model":"m","usage":{"prompt_tokens":1,"total_tokens":1}}"#,
            r#"{"object":"list","data":[{"object":"embedding","embedding":"AACAPg==","index":0}],"model":"m","usage":{"prompt_tokens":1,"total_tokens":1}}"#,
        ] {
            let response: EmbeddingsResponse = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&response).unwrap(), json);
        }
    }
}
