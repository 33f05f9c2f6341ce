//! API keys: who may use the daemon from elsewhere, how often, and for how many tokens a day.

pub mod command;
pub mod live;
pub mod store;
