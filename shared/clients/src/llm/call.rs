//! One call of a model, the pieces of its answer, and how it can fail.

use hearth_domain::{Usage, UserId, sensitivity::Level};
use hearth_wire::{ChatRequest, StreamOptions};

use super::Prompt;
use crate::http::HttpError;

/// A prompt, and how to answer it.
#[derive(Clone, Debug)]
pub struct Call<L: Level> {
    pub model: String,
    pub prompt: Prompt<L>,
    pub max_tokens: Option<u32>,
    pub temperature: Option<f64>,
    /// Whose question it is, so that a provider with much to do can let callers take turns.
    pub user: Option<UserId>,
}

impl<L: Level> Call<L> {
    pub(super) fn into_request(self) -> ChatRequest {
        ChatRequest {
            model: Some(self.model),
            messages: self.prompt.into_messages(),
            max_tokens: self.max_tokens,
            temperature: self.temperature,
            stream: Some(true),
            stream_options: Some(StreamOptions { include_usage: Some(true) }),
            ..ChatRequest::default()
        }
    }
}

/// What a stream brings, in order; [`Piece::End`] is the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    /// Where a model marks its reasoning.
    Reasoning(String),
    /// The answer is whole. The usage is what the provider counted.
    End {
        usage: Option<Usage>,
        cut_short: bool,
    },
}

/// Why a provider gave no answer, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The prompt is longer than the model's context.
    #[error("the prompt has {prompt_tokens:?} tokens, the model takes {limit:?}")]
    TooLong { prompt_tokens: Option<u64>, limit: Option<u64> },
    /// The provider has too much to do.
    #[error("busy")]
    Busy { retry_after: Option<u64> },
    /// It refused the request. The message is the provider's and may repeat the prompt, so it is not kept.
    #[error("refused with status {status} ({code})")]
    Refused { status: u16, code: String },
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The stream broke off before its end.
    #[error("the answer broke off")]
    BrokeOff,
    #[error("an answer that cannot be read")]
    Unreadable,
}

impl ProviderError {
    /// One word for logs, metrics and `turn.rerouted`.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "context_length_exceeded",
            Self::Busy { .. } => "busy",
            Self::Refused { .. } => "refused",
            Self::Http(HttpError::Slow(_)) => "slow",
            Self::Http(_) => "unreachable",
            Self::BrokeOff => "broke_off",
            Self::Unreadable => "unreadable",
        }
    }
}
