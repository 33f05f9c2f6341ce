//! How much memory a model will take, reckoned before it is loaded.

use super::settings::{Settings, Sizes};
use crate::model::{Kind, Shape};

/// Bytes of memory, by what they hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// What was learned. Models of one file share it.
    pub weights: u64,
    /// The cache of prompts and answers.
    pub cache: u64,
    /// What a step needs while it is computed.
    pub computing: u64,
}

impl Need {
    pub fn new(shape: &Shape, settings: &Settings, sizes: Sizes) -> Self {
        let (batch, cells) = match shape.kind {
            Kind::Chat => ((sizes.chunk + settings.parallel) as u64, u64::from(sizes.cells)),
            // A batch holds whole texts, and nothing stays in the cache from one to the next.
            Kind::Embedding => {
                let tokens = u64::from(sizes.n_ctx).max(super::embeddings::TOKENS as u64);
                (tokens, tokens)
            }
        };
        // llama.cpp keeps room for the score of every word after each token of a batch, even where none is wanted; and where
        // all tokens count, as they do for a vector, a decoder's scores are copied to where callers would read them.
        let scores = if shape.kind == Kind::Embedding && !shape.is_encoder { 2 } else { 1 };
        let per_token = shape
            .n_vocab
            .saturating_mul(NUMBER * scores)
            .saturating_add(cells.saturating_mul(MASK))
            .saturating_add(shape.n_embd.saturating_mul(NUMBER * BETWEEN_LAYERS));
        Self {
            weights: shape.bytes,
            cache: sizes.cache_bytes(cells),
            computing: batch.saturating_mul(per_token),
        }
    }

    /// All but the weights.
    pub fn own(&self) -> u64 {
        self.cache.saturating_add(self.computing)
    }

    pub fn total(&self) -> u64 {
        self.weights.saturating_add(self.own())
    }
}

/// Bytes of an `f32`.
const NUMBER: u64 = 4;

/// Bytes that a token keeps of each cell while it is computed: whether it may look there, as `f32` and as `f16`.
const MASK: u64 = 6;

/// Vectors of a token that are kept at once within a layer: its own, its queries, keys and values, and the wide one of the
/// feed-forward network with its gate.
const BETWEEN_LAYERS: u64 = 16;
