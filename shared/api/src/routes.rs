//! The routes, and the OpenAPI document that is generated from them.

pub mod conversations;
pub mod cron;
pub mod docs;
pub mod health;
pub mod me;
pub mod members;
pub mod messages;
pub mod openai;
pub mod policy;
mod table;
mod test;
pub mod turns;
pub mod websocket;
pub mod workspaces;

pub use self::table::document as openapi;
use std::time::Duration;

use axum::{Router, middleware};
use hearth_domain::Code;
use http::HeaderName;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer,
        predicate::{NotForContentType, Predicate as _, SizeAbove},
    },
    cors::{self, CorsLayer},
};

use crate::{
    App,
    answer::{Failure, correlate, render},
};

/// Every route under `/v1`, `/openapi.json` and `/docs`.
pub fn router(app: App) -> Router {
    let router = if app.test_routes { table::router().merge(test::router()) } else { table::router() };
    let router = router
        .merge(docs::router())
        .fallback(async || Failure(Code::RouteNotFound.with("See /docs for the routes.")))
        .with_state(app);
    dressed(router)
}

/// What every answer goes through, whatever it is: a panic becomes a problem, a problem gets its body, any page may call,
/// what is long and no stream is compressed for those who ask, and each has a correlation id.
pub fn dressed(router: Router) -> Router {
    let long = SizeAbove::new(1024).and(NotForContentType::SSE);
    router
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(render))
        .layer(cors())
        .layer(CompressionLayer::new().gzip(true).compress_when(long))
        .layer(middleware::from_fn(correlate))
}

/// Pages of any origin may call: what a call may do hangs on its token, and no cookie is ever read.
fn cors() -> CorsLayer {
    let shown = ["x-correlation-id", "retry-after"].map(HeaderName::from_static);
    CorsLayer::new()
        .allow_origin(cors::Any)
        .allow_methods(cors::AllowMethods::mirror_request())
        .allow_headers(cors::AllowHeaders::mirror_request())
        .expose_headers(shown)
        .max_age(Duration::from_secs(3600))
}

/// A panic costs one request. What it said may hold anything, so it goes to the log's panic hook alone.
fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> axum::response::Response {
    use axum::response::IntoResponse;
    Failure(
        Code::Internal
            .with("This request met a defect of ours. Others are not touched; report the correlation id."),
    )
    .into_response()
}
