//! `POST /tokenize`, `/detokenize` and `/apply-template`, as llama-server has them.
//!
//! Source: <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>.

use std::sync::Arc;

use axum::Json as JsonBody;
use axum::extract::State;
use llama_cpp_2::token::LlamaToken;
use serde_json::{Value, json};

use super::Daemon;
use super::asked::check_variables;
use super::chat::request;
use super::error::ApiError;
use super::fields::{Fields, wrong_kind};
use super::json::Json;
use super::turn::rendered;
use crate::model::Model;
use crate::models::Purpose;
use crate::prompt::Rendered;

/// `{"content", "add_special", "parse_special", "with_pieces"}` → `{"tokens"}`. With `parse_special`, which is on as in
/// llama-server, the texts of control tokens stand for the tokens.
pub async fn tokenize(
    State(daemon): State<Daemon>,
    Json(body): Json<Value>,
) -> Result<JsonBody<Value>, ApiError> {
    let mut body = Fields::of_body(body)?;
    let asked = daemon.asked(&mut body, Purpose::Any).await?;
    let content = body.string("content")?.unwrap_or_default();
    let add_special = body.boolean("add_special")?.unwrap_or(false);
    let parse_special = body.boolean("parse_special")?.unwrap_or(true);
    let with_pieces = body.boolean("with_pieces")?.unwrap_or(false);
    body.finish()?;
    if content.contains('\0') {
        return Err(ApiError::invalid_value("content", "`content` contains a NUL character."));
    }
    let taken = daemon.take(asked).await?;
    let serving = Arc::clone(&taken.serving);
    let tokens = daemon
        .blocking(content.len(), move || {
            let model = &serving.model;
            let mut tokens = if parse_special {
                let mut tokens = Vec::new();
                model.tokenize_into(&content, &mut tokens);
                tokens
            } else {
                Rendered::plain(model, &content).inner_tokens(model)
            };
            if let Some((begin, _)) = model.leading_bos().filter(|_| add_special) {
                tokens.insert(0, begin);
            }
            let shown =
                |token: LlamaToken| if with_pieces { with_piece(model, token) } else { json!(token.0) };
            tokens.into_iter().map(shown).collect::<Vec<Value>>()
        })
        .await?;
    Ok(JsonBody(json!({"tokens": tokens})))
}

/// A token with its text, or with its bytes where they are not text by themselves.
fn with_piece(model: &Model, token: LlamaToken) -> Value {
    let mut bytes = Vec::new();
    model.piece_into(token, &mut bytes);
    let piece = String::from_utf8(bytes).map_or_else(|error| json!(error.as_bytes()), Value::from);
    json!({"id": token.0, "piece": piece})
}

/// `{"tokens"}` → `{"content"}`.
pub async fn detokenize(
    State(daemon): State<Daemon>,
    Json(body): Json<Value>,
) -> Result<JsonBody<Value>, ApiError> {
    let mut body = Fields::of_body(body)?;
    let asked = daemon.asked(&mut body, Purpose::Any).await?;
    let tokens = body.list("tokens")?.unwrap_or_default();
    body.finish()?;
    let serving = daemon.take(asked).await?.serving;
    let n_vocab = serving.model.llama().n_vocab();
    let mut bytes = Vec::new();
    for token in tokens {
        let number = token.as_i64().and_then(|number| i32::try_from(number).ok());
        match number.filter(|number| (0..n_vocab).contains(number)) {
            Some(number) => serving.model.piece_into(LlamaToken(number), &mut bytes),
            None => return Err(wrong_kind("tokens", &token, "a list of numbers of this model's tokens")),
        }
    }
    Ok(JsonBody(json!({"content": String::from_utf8_lossy(&bytes)})))
}

/// A chat request → `{"prompt"}`: what the model would read.
pub async fn apply_template(
    State(daemon): State<Daemon>,
    Json(body): Json<Value>,
) -> Result<JsonBody<Value>, ApiError> {
    let mut body = Fields::of_body(body)?;
    let asked = daemon.asked(&mut body, Purpose::Write).await?;
    let (turn, _) = request::read(body)?;
    let model = daemon.take_writer(asked).await?;
    check_variables(&model, &turn)?;
    let serving = Arc::clone(&model.serving);
    let prompt = daemon.blocking(0, move || rendered(&serving, turn)).await??;
    Ok(JsonBody(json!({"prompt": prompt.text()})))
}
