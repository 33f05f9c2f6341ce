//! Routes that only tests call, and that are there only where a setting asks for them.

use axum::{Router, routing::get};

use crate::App;

pub fn router() -> Router<App> {
    Router::new().route("/v1/test/panic", get(panics))
}

/// Panics, as a defect would.
#[expect(clippy::panic, reason = "to panic is what it is for")]
async fn panics() {
    panic!("a panic that a test asked for")
}
