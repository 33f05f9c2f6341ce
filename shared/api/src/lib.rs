//! The axum Router that every host serves: extractors, handlers, use cases, OpenAPI.
//!
//! A host builds a [`Config`] from its environment, an [`App`] from that, and serves [`router`]. Nothing here knows which
//! host it runs on.

mod answer;
mod app;
mod auth;
mod config;
mod input;
mod models;
mod routes;
mod turn;

pub use app::App;
pub use config::{Config, ConfigError};
pub use routes::{openapi, router};
