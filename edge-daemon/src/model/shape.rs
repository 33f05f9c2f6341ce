//! What is known of a model before it is loaded: its kind and its sizes, from its file's header.

use std::path::Path;

use super::gguf::{self, Header};
use super::load::LoadError;
use super::window::Window;

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It writes.
    Chat,
    /// It turns texts into vectors.
    Embedding,
}

/// A model's kind and sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    pub kind: Kind,
    /// It reads a text as a whole, keeps no cache and scores no words, as BERT does.
    pub is_encoder: bool,
    /// Tokens that it was trained on.
    pub n_ctx_train: u32,
    pub n_vocab: u64,
    /// Numbers that stand for a token between two layers.
    pub n_embd: u64,
    pub n_params: u64,
    /// Bytes of its weights.
    pub bytes: u64,
    /// Numbers that one token keeps in the cache: its keys and values, of all layers that look at everything.
    pub numbers_per_cell: u64,
    /// Attention heads, of all layers together.
    pub heads: u64,
    /// Some of its layers look at the last tokens only.
    pub window: Option<Window>,
}

/// Architectures that turn text into vectors and do nothing else. Source: those that get no memory in llama.cpp's
/// `llama_model::create_memory`.
const ENCODERS: &[&str] = &[
    "bert",
    "nomic-bert",
    "nomic-bert-moe",
    "jina-bert-v2",
    "jina-bert-v3",
    "neo-bert",
    "modern-bert",
    "eurobert",
    "gemma-embedding",
];

/// Architectures that neither hold a conversation nor embed.
const NEITHER: &[&str] = &["t5", "t5encoder", "clip", "wavtokenizer-dec"];

/// How a model makes one vector of many. Source: llama.cpp's `llama_pooling_type`.
const MEAN: u64 = 1;
const LAST: u64 = 3;
const RANK: u64 = 4;

impl Shape {
    /// Reads the header of the file at `path`, by our own code: a damaged file deserves a better answer than llama.cpp's
    /// null.
    pub fn read(path: &Path) -> Result<Self, LoadError> {
        let header = gguf::check(path)?;
        let neither = |what: &str| Err(LoadError::Neither(path.display().to_string(), what.to_owned()));
        if header.kind.as_deref() == Some("adapter") {
            return neither("LoRA adapter");
        }
        let architecture = header.architecture.clone().unwrap_or_default();
        if NEITHER.contains(&architecture.as_str()) {
            return neither(&architecture);
        }
        let kind = match header.numbers.get(&format!("{architecture}.pooling_type")) {
            Some(&RANK) => return neither("reranker"),
            Some(MEAN..=LAST) => Kind::Embedding,
            _ if ENCODERS.contains(&architecture.as_str()) => Kind::Embedding,
            _ => Kind::Chat,
        };
        Ok(Self::from_header(kind, &architecture, &header))
    }

    /// Source: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>, "LLM", and llama.cpp's `llama_hparams`.
    fn from_header(kind: Kind, architecture: &str, header: &Header) -> Self {
        let number = |key: &str| header.numbers.get(&format!("{architecture}.{key}")).copied();
        let list = |key: &str| header.lists.get(&format!("{architecture}.{key}")).copied();
        let n_embd = number("embedding_length").unwrap_or(0);
        let layers = number("block_count").unwrap_or(0);
        // Where layers differ, their numbers are a list.
        let of_all_layers = |key: &str| {
            number(key).map(|of_one| of_one.saturating_mul(layers)).or_else(|| list(key).map(|list| list.sum))
        };
        let heads = of_all_layers("attention.head_count").unwrap_or(layers);
        let kv_heads = of_all_layers("attention.head_count_kv").unwrap_or(heads);
        let per_head = n_embd.saturating_mul(layers) / heads.max(1);
        let width = number("attention.key_length")
            .unwrap_or(per_head)
            .saturating_add(number("attention.value_length").unwrap_or(per_head));
        let is_encoder = ENCODERS.contains(&architecture);
        let numbers_per_cell = if is_encoder { 0 } else { kv_heads.saturating_mul(width) };
        let window = Window::of(architecture, header, layers, numbers_per_cell);
        let sliding = window.map_or(0, |window| window.numbers_per_cell);
        Self {
            kind,
            is_encoder,
            n_ctx_train: number("context_length").and_then(|n| u32::try_from(n).ok()).unwrap_or(0).max(1),
            n_vocab: header.lists.get("tokenizer.ggml.tokens").map_or(0, |tokens| tokens.length),
            n_embd,
            n_params: header.n_params,
            bytes: header.tensor_bytes,
            numbers_per_cell: numbers_per_cell - sliding,
            heads,
            window,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::gguf::List;

    fn header(numbers: &[(&str, u64)], lists: &[(&str, List)]) -> Header {
        Header {
            numbers: numbers.iter().map(|(key, number)| (format!("a.{key}"), *number)).collect(),
            lists: lists.iter().map(|(key, list)| (format!("a.{key}"), *list)).collect(),
            ..Header::default()
        }
    }

    #[test]
    fn a_cell_holds_keys_and_values_of_every_layer() {
        let plain = header(
            &[
                ("embedding_length", 576),
                ("block_count", 30),
                ("attention.head_count", 9),
                ("attention.head_count_kv", 3),
            ],
            &[],
        );
        let shape = Shape::from_header(Kind::Chat, "a", &plain);
        assert_eq!((shape.numbers_per_cell, shape.heads), (30 * 3 * 64 * 2, 270));
    }

    #[test]
    fn heads_of_their_own_width_and_layers_that_differ_count_as_they_are() {
        let mut wide = header(
            &[
                ("embedding_length", 1024),
                ("block_count", 28),
                ("attention.head_count", 16),
                ("attention.key_length", 128),
                ("attention.value_length", 128),
            ],
            &[("attention.head_count_kv", List { length: 28, sum: 28 * 8 })],
        );
        assert_eq!(Shape::from_header(Kind::Chat, "a", &wide).numbers_per_cell, 28 * 8 * 256);
        wide.lists.clear();
        assert_eq!(Shape::from_header(Kind::Chat, "a", &wide).numbers_per_cell, 28 * 16 * 256);
    }

    #[test]
    fn an_encoder_keeps_no_cache() {
        let header = Header {
            numbers: [("embedding_length", 384), ("block_count", 6), ("attention.head_count", 12)]
                .map(|(key, number)| (format!("bert.{key}"), number))
                .into(),
            ..Header::default()
        };
        let shape = Shape::from_header(Kind::Embedding, "bert", &header);
        assert_eq!((shape.is_encoder, shape.numbers_per_cell), (true, 0));
    }

    #[test]
    fn a_header_that_says_nothing_is_no_reason_to_divide_by_zero() {
        let shape = Shape::from_header(Kind::Chat, "a", &Header::default());
        assert_eq!((shape.n_ctx_train, shape.numbers_per_cell), (1, 0));
    }
}
