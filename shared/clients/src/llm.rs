//! Providers that speak OpenAI's chat-completions protocol.

mod call;
mod credential;
mod locality;
mod provider;
mod service_key;
mod tokens;

pub use call::{Call, Piece, ProviderError};
pub use credential::Credential;
pub use locality::{AcceptsLevel, Hosted, Local, Prompt};
pub use provider::{Provider, ProviderConfig};
pub use service_key::ServiceKey;
pub use tokens::estimate_tokens;
