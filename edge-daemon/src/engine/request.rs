//! What a caller asks of the engine.

use llama_cpp_2::token::LlamaToken;

use super::grammar::Grammar;
use super::sampling::Sampling;

/// A prompt to be answered. Several answers to one prompt are several requests: they share what is computed for it.
#[derive(Debug)]
pub struct Request {
    /// For the log.
    pub id: String,
    /// Whoever asks: callers take turns, however many requests each of them sends. Compared, and never logged.
    pub caller: String,
    /// Never empty, and shorter than [`Serving::n_ctx`](super::Serving::n_ctx).
    pub prompt: Vec<LlamaToken>,
    pub sampling: Sampling,
    /// What the answer has to be, if anything in particular.
    pub grammar: Option<Grammar>,
    /// At least 1; `None` goes on to the context's end.
    pub max_tokens: Option<u32>,
    /// None of them empty.
    pub stops: Vec<String>,
    /// How likely each token was, and this many of the likeliest in its place; at most [`MOST_CANDIDATES`].
    pub probabilities: Option<usize>,
}

/// The most candidates that are told for one token, as OpenAI has it.
pub const MOST_CANDIDATES: usize = 20;

impl Request {
    /// A request by nobody in particular, with the defaults of everything.
    pub fn new(id: String, prompt: Vec<LlamaToken>) -> Self {
        Self {
            id,
            caller: String::new(),
            prompt,
            sampling: Sampling::default(),
            grammar: None,
            max_tokens: None,
            stops: Vec::new(),
            probabilities: None,
        }
    }
}
