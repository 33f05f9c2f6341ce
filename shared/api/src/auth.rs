//! Who calls: tokens, the keys that they are verified with, and the extractor that handlers name.

mod caller;
mod keys;
mod verified;
mod verifier;

pub use caller::Caller;
pub use verifier::Verifier;
