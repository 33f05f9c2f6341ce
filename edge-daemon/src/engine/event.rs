//! What the engine tells of a request.

use hearth_wire::{FinishReason, Usage};
use llama_cpp_2::token::LlamaToken;

/// What happens to a request, in order: waiting, reading, text, and one of the last two.
#[derive(Debug)]
pub enum Event {
    /// So many requests will be served first.
    Waiting {
        ahead: usize,
    },
    /// The prompt is being read.
    Reading,
    Text(Piece),
    Finished(Finished),
    Failed(Failure),
}

/// The answer goes on.
#[derive(Debug, Default)]
pub struct Piece {
    /// Whole characters, and nothing of a stop string; empty where a token has no text of its own.
    pub text: String,
    /// The tokens whose text ends in this piece. A token that lies in a stop string is never told.
    pub tokens: Vec<Written>,
}

/// A token of the answer.
#[derive(Debug)]
pub struct Written {
    pub token: LlamaToken,
    /// Where the request asked for them.
    pub probabilities: Option<Probabilities>,
}

/// How likely a token was, by the model's own judgement: before temperature, penalties and biases.
#[derive(Debug)]
pub struct Probabilities {
    /// Of the token that was written.
    pub written: Candidate,
    /// The likeliest, best first.
    pub top: Vec<Candidate>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    pub token: LlamaToken,
    /// What the token stands for; maybe only a part of a character, and nothing for a control token.
    pub bytes: Vec<u8>,
    /// The natural logarithm of its probability.
    pub logprob: f32,
}

/// An answer is over.
#[derive(Debug)]
pub struct Finished {
    pub reason: FinishReason,
    /// The stop string that ended it, if one did.
    pub stop: Option<String>,
    pub usage: Usage,
    /// Tokens of the prompt that had been computed before, for this request or for another.
    pub cached_tokens: u64,
}

/// Why a request that was taken on has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("the server is shutting down")]
    ShuttingDown,
    #[error("the model failed while it computed this answer")]
    Decode,
    #[error("the grammar grew too complex to follow, or left no token to choose")]
    Grammar,
    #[error("this model does not do that: chat models write, embedding models embed")]
    OtherKind,
}
