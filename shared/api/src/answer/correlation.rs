//! The outermost layer: a correlation id for every answer, whoever makes it.

use axum::{extract::Request, middleware::Next, response::Response};
use http::{HeaderName, HeaderValue};
use uuid::Uuid;

/// The header that a request may bring its correlation id in, and that every answer carries.
const HEADER: HeaderName = HeaderName::from_static("x-correlation-id");
/// The longest id that is taken from a request.
const MAX_ID: usize = 128;

/// A request's id, for whoever names it in an answer's body.
#[derive(Clone, Debug)]
pub struct CorrelationId(pub String);

/// Gives the request an id, and its answer the same one.
pub async fn correlate(mut request: Request, next: Next) -> Response {
    let id = sane(&request).unwrap_or_else(|| Uuid::now_v7().to_string());
    let value = HeaderValue::from_str(&id);
    request.extensions_mut().insert(CorrelationId(id));
    let mut response = next.run(request).await;
    if let Ok(value) = value {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

fn sane(request: &Request) -> Option<String> {
    let text = request.headers().get(HEADER)?.to_str().ok()?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    (!text.is_empty() && text.len() <= MAX_ID && text.chars().all(allowed)).then(|| text.to_owned())
}
