//! `GET /`: a page that shows the model, the load and the memory. It asks the same API as everybody, with the key that a
//! person types into it.

use axum::http::header;
use axum::response::IntoResponse;

const PAGE: &str = include_str!("page/status.html");

/// Nothing from elsewhere is loaded or asked, and nobody may frame it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub async fn page() -> impl IntoResponse {
    (
        [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
        ],
        PAGE,
    )
}
