//! OpenAI's error envelope: `{"error": {"message", "type", "param", "code"}}`.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// The body of an answer that is an error, and of the event that ends a stream with one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorEnvelope {
    pub error: ErrorBody,
}

/// What went wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    #[serde(default)]
    pub message: String,
    /// A class: `invalid_request_error`, `rate_limit_error`, `server_error`, …
    #[serde(default, rename = "type", deserialize_with = "word")]
    pub kind: Option<String>,
    /// The name of the parameter at fault.
    #[serde(default, deserialize_with = "word")]
    pub param: Option<String>,
    /// Stable and `snake_case`. Servers that send a number here (llama-server: the HTTP status) are read as its digits.
    #[serde(default, deserialize_with = "word")]
    pub code: Option<String>,
    /// With `context_length_exceeded`, as llama-server has it: the tokens of the prompt…
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n_prompt_tokens: Option<u64>,
    /// … and the tokens that one request may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n_ctx: Option<u64>,
}

impl ErrorBody {
    pub fn new(kind: &str, code: &str, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            kind: Some(kind.to_owned()),
            code: Some(code.to_owned()),
            ..Self::default()
        }
    }
}

impl From<ErrorBody> for ErrorEnvelope {
    fn from(error: ErrorBody) -> Self {
        Self { error }
    }
}

/// A string or a number as a string; null and anything else as nothing.
fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_reads_as_openai_sends_it() {
        let body = ErrorBody {
            param: Some("model".into()),
            ..ErrorBody::new("invalid_request_error", "model_not_found", "No.")
        };
        let json = serde_json::to_string(&ErrorEnvelope::from(body.clone())).unwrap();
        assert_eq!(
            json,
            r#"{"error":{"message":"No.","type":"invalid_request_error","param":"model","code":"model_not_found"}}"#
        );
        assert_eq!(serde_json::from_str::<ErrorEnvelope>(&json).unwrap().error, body);
    }

    #[test]
    fn llama_servers_numbers_are_read() {
        let json = r#"{"error":{"code":400,"message":"too long","type":"exceed_context_size_error","n_prompt_tokens":9,"n_ctx":4}}"#;
        let error = serde_json::from_str::<ErrorEnvelope>(json).unwrap().error;
        assert_eq!(error.code.as_deref(), Some("400"));
        assert_eq!((error.n_prompt_tokens, error.n_ctx), (Some(9), Some(4)));
    }
}
