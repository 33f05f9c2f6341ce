//! The daemon through its public door: the real binary, a real model, real connections.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod answers;
mod anthropic;
mod attacks;
mod cache;
mod completions;
mod embeddings;
mod errors;
mod files;
mod harness;
mod keys;
mod logs;
mod pairing;
mod parameters;
mod responses;
mod schemas;
mod several;
mod sharing;
mod stopping;
mod streams;
mod tokens;
mod tools;
