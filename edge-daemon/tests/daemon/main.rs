//! The daemon through its public door: the real binary, a real model, real connections.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod adapters;
mod announce;
mod answers;
mod anthropic;
mod attacks;
mod cache;
mod completions;
mod doctor;
mod embeddings;
mod errors;
mod files;
mod guessing;
mod harness;
mod keys;
mod loading;
mod logs;
mod models;
mod pairing;
mod parameters;
mod replaced;
mod responses;
mod saving;
mod schemas;
mod several;
mod sharing;
mod soak;
mod stopping;
mod streams;
mod tls;
mod tokens;
mod tools;
mod unit;
