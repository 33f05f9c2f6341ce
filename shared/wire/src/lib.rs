//! The OpenAI wire format, as Rust types: what goes over HTTP to and from a chat model, the token that opens the daemon's
//! door to Hearth's functions, and nothing else.
//!
//! Reading is tolerant (fields that a provider leaves out or adds do not fail), writing is exact. No I/O, no clock, no
//! randomness: it compiles for wasm32 as it stands. Numbers never pass through serde's untagged or flattened shapes,
//! which lose them when a program in the same build turns on `serde_json/arbitrary_precision`.

pub mod chat;
pub mod completion;
pub mod content;
pub mod embeddings;
pub mod error;
pub mod models;
pub mod one_or_many;
pub mod service_token;
pub mod sse;

pub use chat::{ChatRequest, Message, Role, StreamOptions};
pub use completion::{ChatChunk, ChatCompletion, Choice, ChunkChoice, Delta, FinishReason, Usage};
pub use content::{Content, ContentPart};
pub use embeddings::{Embedding, EmbeddingUsage, EmbeddingVector, EmbeddingsRequest, EmbeddingsResponse};
pub use error::{ErrorBody, ErrorEnvelope};
pub use models::{Model, ModelList, ModelMeta};
pub use one_or_many::OneOrMany;
