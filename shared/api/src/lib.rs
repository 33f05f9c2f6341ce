//! The axum Router that every host serves: extractors, handlers, use cases, OpenAPI.
//!
//! A host hands its environment and its abilities ([`Host`]) to [`serve`], and serves the Router that it gets. Nothing here
//! knows which host it runs on.

mod answer;
mod app;
mod auth;
mod config;
pub mod host;
mod input;
mod models;
mod routes;
mod serve;
mod settings;
pub mod socket;
mod turn;

pub use app::App;
pub use config::{Config, ConfigError};
pub use host::Host;
pub use routes::{openapi, router};
pub use serve::serve;
pub use settings::{Needed, SETTINGS, Setting};
