//! Redis's replies as JSON, the way Upstash writes them.

use ::redis::Value;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

/// How strings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Plain,
    /// Asked for by `Upstash-Encoding: base64`: everything but `OK`, which its client leaves alone.
    Base64,
}

/// `{"result": …}` or `{"error": …}`.
pub(super) fn outcome(value: Value, encoding: Encoding) -> Json {
    match failure(&value) {
        Some(error) => json!({ "error": error }),
        None => json!({ "result": to_json(value, encoding) }),
    }
}

/// The message of a reply that is an error.
pub(super) fn failure(value: &Value) -> Option<String> {
    match value {
        Value::ServerError(error) => Some(match error.details() {
            Some(details) => format!("{} {details}", error.code()),
            None => error.code().to_owned(),
        }),
        _ => None,
    }
}

pub(super) fn to_json(value: Value, encoding: Encoding) -> Json {
    let text = |text: &str| string(text.as_bytes(), encoding);
    let all = |values: Vec<Value>| values.into_iter().map(|value| to_json(value, encoding)).collect();
    match value {
        Value::Int(number) => number.into(),
        Value::Okay => "OK".into(),
        Value::BulkString(bytes) => string(&bytes, encoding),
        Value::SimpleString(status) => text(&status),
        Value::VerbatimString { text: verbatim, .. } => text(&verbatim),
        // Upstash speaks RESP2, where these are strings, numbers and flat lists.
        Value::Double(number) => text(&number.to_string()),
        Value::BigNumber(digits) => string(&digits, encoding),
        Value::Boolean(truth) => i64::from(truth).into(),
        Value::Array(values) | Value::Set(values) | Value::Push { data: values, .. } => all(values),
        Value::Map(pairs) => all(pairs.into_iter().flat_map(|(key, value)| [key, value]).collect()),
        Value::Attribute { data, .. } => to_json(*data, encoding),
        Value::ServerError(_) => failure(&value).into(),
        // Nil; and the enum may grow by what Upstash's clients don't know either.
        _ => Json::Null,
    }
}

fn string(bytes: &[u8], encoding: Encoding) -> Json {
    match encoding {
        Encoding::Base64 if bytes != b"OK" => STANDARD.encode(bytes).into(),
        _ => String::from_utf8_lossy(bytes).into_owned().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_look_like_upstashs() {
        let nested = Value::Array(vec![
            Value::Nil,
            Value::Int(7),
            Value::Array(vec![Value::BulkString(b"a".to_vec()), Value::Okay]),
            Value::Map(vec![(Value::Int(1), Value::Int(2))]),
        ]);
        assert_eq!(to_json(nested.clone(), Encoding::Plain), json!([null, 7, ["a", "OK"], [1, 2]]));
        assert_eq!(to_json(nested, Encoding::Base64), json!([null, 7, ["YQ==", "OK"], [1, 2]]));
    }

    #[test]
    fn bytes_that_are_no_text_survive_in_base64() {
        let bytes = Value::BulkString(vec![0xff, 0x00]);
        assert_eq!(to_json(bytes, Encoding::Base64), json!("/wA="));
    }
}
