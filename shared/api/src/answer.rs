//! How answers leave: problems, OpenAI's error envelope, correlation ids.

mod failure;
mod openai;
mod render;

pub use failure::{Failure, from_provider, from_rpc};
pub use openai::as_envelope;
pub use render::render;
