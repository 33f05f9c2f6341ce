//! Providers that speak OpenAI's chat-completions protocol.

mod call;
mod locality;
mod provider;
mod tokens;

pub use call::{Call, Piece, ProviderError};
pub use locality::{AcceptsLevel, Hosted, Local, Prompt};
pub use provider::{Provider, ProviderConfig};
pub use tokens::estimate_tokens;
