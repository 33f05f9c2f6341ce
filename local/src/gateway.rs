//! One origin for all that one machine serves: each prefix is the service that has it in the cloud.

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate as _, SizeAbove};
use tower_http::cors::{AllowHeaders, Any, CorsLayer};
use uuid::Uuid;

use crate::api_key::{self, ApiKeys};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The largest body that is read where a service sets no smaller limit of its own.
const LARGEST_BODY: usize = 8 * 1024 * 1024;

/// The services, each with routes below its own prefix.
pub struct Services {
    pub auth: Router,
    pub rest: Router,
    pub redis: Router,
    /// `/v1`, `/openapi.json` and `/docs`, with their full paths.
    pub api: Router,
    /// `/`.
    pub page: Router,
}

pub fn router(services: Services, keys: ApiKeys) -> Router {
    let keyed = |router: Router| router.layer(from_fn_with_state(keys.clone(), api_key::require));
    Router::new()
        .nest("/auth/v1", services.auth.layer(cors()))
        .nest("/rest/v1", keyed(services.rest).layer(cors()))
        .nest("/redis", services.redis.layer(cors()))
        .merge(services.api)
        .merge(services.page)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(compression())
        .layer(from_fn(with_request_id))
}

/// Browsers may call from anywhere, as with Supabase: what is asked is decided by tokens, and no
/// cookie is ever read.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([
            Method::GET,
            Method::HEAD,
            Method::PUT,
            Method::PATCH,
            Method::POST,
            Method::DELETE,
            Method::OPTIONS,
        ])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(
            [
                "content-range",
                "content-location",
                "location",
                "preference-applied",
                "x-request-id",
                "retry-after",
            ]
            .map(HeaderName::from_static),
        )
        .max_age(Duration::from_secs(3600))
}

/// Answers shrink, streams don't: a compressor would hold their events back.
fn compression() -> CompressionLayer<impl tower_http::compression::Predicate> {
    CompressionLayer::new().gzip(true).compress_when(
        SizeAbove::new(1024)
            .and(NotForContentType::SSE)
            .and(NotForContentType::IMAGES)
            .and(NotForContentType::GRPC),
    )
}

/// Every answer can be told from the others; a sane id that came with the request is kept.
async fn with_request_id(mut request: Request, next: Next) -> Response {
    let id = sane_id(request.headers()).unwrap_or_else(new_id);
    request.headers_mut().insert(REQUEST_ID, id.clone());
    let mut response = next.run(request).await;
    response.headers_mut().insert(REQUEST_ID, id);
    if !response.headers().contains_key(CONTENT_TYPE) {
        return response;
    }
    response.headers_mut().insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}

fn sane_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let value = headers.get(REQUEST_ID)?;
    let text = value.to_str().ok()?;
    let sane = !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    sane.then(|| value.clone())
}

fn new_id() -> HeaderValue {
    HeaderValue::from_str(&Uuid::now_v7().to_string()).unwrap_or(HeaderValue::from_static("none"))
}
