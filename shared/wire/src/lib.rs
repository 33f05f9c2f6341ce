//! The OpenAI wire format, as Rust types.
