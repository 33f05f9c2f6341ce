//! The daemon through its public door: the real binary, a real model, real connections.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod answers;
mod errors;
mod files;
mod harness;
mod several;
mod sharing;
mod stopping;
mod streams;
