//! Turns: starting one, reading it, following it, stopping it.

pub mod cancel;
pub mod create;
pub mod events;
pub mod read;
