//! `POST /v1/embeddings`.
//!
//! Source: <https://platform.openai.com/docs/api-reference/embeddings>.

use std::sync::Arc;

use axum::Json as JsonBody;
use axum::extract::State;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use llama_cpp_2::token::LlamaToken;
use serde_json::{Value, json};

use super::Daemon;
use super::caller::{Caller, Meter};
use super::error::ApiError;
use super::fields::{Fields, wrong_kind};
use super::json::Json;
use crate::engine::{Serving, Vector};
use crate::models::Purpose;

/// Texts in one request, OpenAI's own bound.
const MOST_INPUTS: usize = 2048;

/// A text, or its tokens.
enum Input {
    Text(String),
    Tokens(Vec<LlamaToken>),
}

pub async fn embed(
    State(daemon): State<Daemon>,
    caller: Caller,
    Json(body): Json<Value>,
) -> Result<JsonBody<Value>, ApiError> {
    let mut body = Fields::of_body(body)?;
    let asked = daemon.asked(&mut body, Purpose::Embed).await?;
    let inputs = inputs(body.needed("input")?)?;
    let base64 = match body.string("encoding_format")?.as_deref() {
        None | Some("float") => false,
        Some("base64") => true,
        Some(_) => {
            return Err(ApiError::invalid_value(
                "encoding_format",
                "`encoding_format` must be `float` or `base64`.",
            ));
        }
    };
    let dimensions = body.whole("dimensions", 1, i64::from(i32::MAX))?;
    body.pass_over(&["user"]);
    body.finish()?;

    let model = daemon.take_embedder(asked).await?;
    let serving = Arc::clone(&model.serving);
    let n_embd = serving.model.n_embd();
    if dimensions.is_some_and(|wanted| usize::try_from(wanted) != Ok(n_embd)) {
        let message = format!(
            "This model's vectors have {n_embd} numbers, and mean nothing when they are cut. Leave `dimensions` out."
        );
        return Err(ApiError::unsupported("dimensions", message));
    }
    let place = model.engine.place().ok_or_else(ApiError::queue_full)?;
    let bytes = inputs.iter().map(Input::bytes).sum();
    let texts = daemon.blocking(bytes, move || tokens(&serving, inputs)).await??;
    let n_tokens: u64 = texts.iter().map(|text| text.len() as u64).sum();
    let meter = Meter::new(&model, &caller);
    meter.read(n_tokens, 0);
    let vectors = model.engine.embed(texts, place).await.inspect_err(|_| meter.failed())?;
    meter.finished();
    let data: Vec<Value> = vectors
        .iter()
        .enumerate()
        .map(|(index, vector)| json!({"object": "embedding", "index": index, "embedding": encode(vector, base64)}))
        .collect();
    Ok(JsonBody(json!({
        "object": "list",
        "data": data,
        "model": &*model.id,
        "usage": {"prompt_tokens": n_tokens, "total_tokens": n_tokens},
    })))
}

/// Numbers, or their bytes as little-endian `f32`s in base64.
fn encode(vector: &Vector, base64: bool) -> Value {
    if !base64 {
        return json!(vector);
    }
    let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
    json!(BASE64_STANDARD.encode(bytes))
}

fn inputs(value: Value) -> Result<Vec<Input>, ApiError> {
    let inputs = match value {
        Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_number) => {
            vec![one(Value::Array(items))?]
        }
        Value::Array(items) => items.into_iter().map(one).collect::<Result<Vec<_>, _>>()?,
        value => vec![one(value)?],
    };
    if inputs.is_empty() || inputs.len() > MOST_INPUTS {
        let message = format!("`input` has {} texts; 1 to {MOST_INPUTS} are taken.", inputs.len());
        return Err(ApiError::invalid_value("input", message));
    }
    Ok(inputs)
}

fn one(value: Value) -> Result<Input, ApiError> {
    let kinds = "a string, a list of strings, a list of token numbers, or a list of such lists";
    match value {
        Value::String(text) if text.is_empty() => {
            Err(ApiError::invalid_value("input", "`input` has an empty text, which has no meaning."))
        }
        Value::String(text) if text.contains('\0') => {
            Err(ApiError::invalid_value("input", "`input` contains a NUL character."))
        }
        Value::String(text) => Ok(Input::Text(text)),
        Value::Array(items) if !items.is_empty() => {
            let token = |item: Value| {
                let number = item.as_i64().and_then(|number| i32::try_from(number).ok());
                number
                    .filter(|number| *number >= 0)
                    .map(LlamaToken)
                    .ok_or_else(|| wrong_kind("input", &item, kinds))
            };
            items.into_iter().map(token).collect::<Result<_, _>>().map(Input::Tokens)
        }
        other => Err(wrong_kind("input", &other, kinds)),
    }
}

/// Nothing is cut: a text that does not fit is refused.
fn tokens(serving: &Serving, inputs: Vec<Input>) -> Result<Vec<Vec<LlamaToken>>, ApiError> {
    let n_vocab = serving.model.llama().n_vocab();
    inputs
        .into_iter()
        .map(|input| {
            let tokens = match input {
                Input::Text(text) => serving.model.tokenize_text(&text),
                Input::Tokens(tokens) if tokens.iter().all(|token| token.0 < n_vocab) => tokens,
                Input::Tokens(_) => {
                    return Err(ApiError::invalid_value(
                        "input",
                        "`input` has a token that this model does not have.",
                    ));
                }
            };
            if tokens.len() > serving.n_ctx as usize {
                return Err(ApiError::context_length_exceeded(tokens.len(), serving.n_ctx));
            }
            Ok(tokens)
        })
        .collect()
}

impl Input {
    fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Tokens(tokens) => tokens.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_holds_little_endian_floats() {
        assert_eq!(encode(&vec![0.25, -1.5], true), json!("AACAPgAAwL8="));
        assert_eq!(encode(&vec![0.25, -1.5], false), json!([0.25, -1.5]));
    }
}
