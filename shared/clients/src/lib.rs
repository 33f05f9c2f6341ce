//! One HTTP transport, and a typed client for each outside system.
//!
//! Everything here speaks a public protocol over HTTP: Supabase's (PostgREST, Auth), Upstash's Redis REST, and
//! OpenAI's. What differs between native hosts and WebAssembly sits in [`platform`], and nowhere else.

pub mod http;
pub mod llm;
pub mod platform;
pub mod secret;
pub mod supabase;
pub mod upstash;

pub use secret::Secret;
