//! `prompt`: a text, a list of texts, a list of tokens, or a list of those.

use llama_cpp_2::token::LlamaToken;
use serde_json::Value;

use crate::http::error::ApiError;
use crate::http::fields::wrong_kind;
use crate::model::Model;
use crate::prompt::Rendered;

/// A prompt, and how it is to be read.
#[derive(Debug, PartialEq, Eq)]
pub enum Prompt {
    Text(String),
    Tokens(Vec<LlamaToken>),
    /// What is asked for lies between these.
    Gap {
        before: String,
        after: String,
    },
}

/// Each prompt takes places of its own.
const MOST_PROMPTS: usize = 64;

const KINDS: &str = "a string, a list of strings, a list of token numbers, or a list of such lists";

pub fn read(value: Value, suffix: Option<String>) -> Result<Vec<Prompt>, ApiError> {
    let prompts = match value {
        Value::Array(items) if items.iter().all(Value::is_number) && !items.is_empty() => {
            vec![Prompt::Tokens(tokens(items)?)]
        }
        Value::Array(items) => items.into_iter().map(one).collect::<Result<Vec<_>, _>>()?,
        value => vec![one(value)?],
    };
    if prompts.is_empty() || prompts.len() > MOST_PROMPTS {
        let message = format!("`prompt` has {} prompts; 1 to {MOST_PROMPTS} are taken.", prompts.len());
        return Err(ApiError::invalid_value("prompt", message));
    }
    let Some(after) = suffix else { return Ok(prompts) };
    let gap = |prompt| match prompt {
        Prompt::Text(before) => Ok(Prompt::Gap { before, after: after.clone() }),
        _ => Err(ApiError::invalid_value("suffix", "`suffix` needs a `prompt` that is text.")),
    };
    prompts.into_iter().map(gap).collect()
}

fn one(value: Value) -> Result<Prompt, ApiError> {
    match value {
        Value::String(text) if text.contains('\0') => {
            Err(ApiError::invalid_value("prompt", "`prompt` contains a NUL character."))
        }
        Value::String(text) => Ok(Prompt::Text(text)),
        Value::Array(items) => tokens(items).map(Prompt::Tokens),
        other => Err(wrong_kind("prompt", &other, KINDS)),
    }
}

fn tokens(items: Vec<Value>) -> Result<Vec<LlamaToken>, ApiError> {
    let token = |item: Value| {
        let number =
            item.as_i64().and_then(|number| i32::try_from(number).ok()).filter(|number| *number >= 0);
        number.map(LlamaToken).ok_or_else(|| wrong_kind("prompt", &item, KINDS))
    };
    items.into_iter().map(token).collect()
}

impl Prompt {
    /// Roughly how much there is to read.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Tokens(tokens) => tokens.len(),
            Self::Gap { before, after } => before.len() + after.len(),
        }
    }

    pub fn tokens(self, model: &Model) -> Result<Vec<LlamaToken>, ApiError> {
        match self {
            Self::Text(text) => Ok(Rendered::plain(model, &text).tokens(model)),
            Self::Tokens(tokens) => match tokens.iter().find(|token| token.0 >= model.llama().n_vocab()) {
                Some(token) => Err(ApiError::invalid_value(
                    "prompt",
                    format!("`prompt` has the token {}, which this model does not have.", token.0),
                )),
                None => Ok(tokens),
            },
            Self::Gap { before, after } => gap(model, &before, &after),
        }
    }
}

/// Prefix, suffix, middle: the order that models were trained on which can fill a gap.
fn gap(model: &Model, before: &str, after: &str) -> Result<Vec<LlamaToken>, ApiError> {
    let vocab = model.llama().vocab();
    let marks = [vocab.fim_pre(), vocab.fim_suf(), vocab.fim_mid()];
    if marks.iter().any(|mark| mark.0 < 0) {
        return Err(ApiError::unsupported(
            "suffix",
            "`suffix` is not supported: this model cannot fill gaps.",
        ));
    }
    let [pre, suf, mid] = marks;
    let mut tokens = vec![pre];
    tokens.extend(Rendered::plain(model, before).inner_tokens(model));
    tokens.push(suf);
    tokens.extend(Rendered::plain(model, after).inner_tokens(model));
    tokens.push(mid);
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_kind_of_prompt_is_read() {
        let text = |text: &str| Prompt::Text(text.to_owned());
        let tokens = |tokens: &[i32]| Prompt::Tokens(tokens.iter().copied().map(LlamaToken).collect());
        assert_eq!(read(json!("a"), None).unwrap(), [text("a")]);
        assert_eq!(read(json!(["a", "b"]), None).unwrap(), [text("a"), text("b")]);
        assert_eq!(read(json!([1, 2]), None).unwrap(), [tokens(&[1, 2])]);
        assert_eq!(read(json!([[1], [2, 3]]), None).unwrap(), [tokens(&[1]), tokens(&[2, 3])]);
        for wrong in [
            json!([]),
            json!(7),
            json!({}),
            json!([-1]),
            json!([1.5]),
            json!([{}]),
            json!("\0"),
            json!([5e9]),
        ] {
            assert!(read(wrong.clone(), None).is_err(), "{wrong}");
        }
        assert!(read(json!(vec!["x"; 65]), None).is_err());
        assert!(read(json!([1]), Some("b".to_owned())).is_err());
    }
}
