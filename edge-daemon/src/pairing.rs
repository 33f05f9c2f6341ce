//! Pairings: Hearth's functions, which may call this daemon with tokens that they sign for each call.

pub mod arguments;
pub mod command;
pub mod live;
pub mod store;
pub mod token;
