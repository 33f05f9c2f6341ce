//! From a model's bytes to text that may be shown: whole characters only, and nothing of a stop string.

pub mod stop;
pub mod utf8;
