//! How answers leave: problems, OpenAI's error envelope, correlation ids.

mod correlation;
mod failure;
mod openai;
mod render;

pub use correlation::correlate;
pub use failure::{Failure, from_provider, from_rpc};
pub use openai::as_envelope;
pub use render::render;
