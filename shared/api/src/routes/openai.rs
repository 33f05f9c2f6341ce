//! The three routes that OpenAI's clients call. Only usage and decision are stored.

pub mod chat;
pub mod embeddings;
pub mod models;
mod tap;
