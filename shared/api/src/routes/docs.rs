//! `/openapi.json` and a page to read it.

use axum::{Router, response::Html, routing::get};
use http::{HeaderValue, header};
use utoipa::{
    Modify,
    openapi::{
        OpenApi,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::App;

/// Made from the code by a test of `tests/openapi.rs`.
const DOCUMENT: &str = include_str!("../../openapi.json");
const PAGE: &str = include_str!("docs.html");
/// The page is one file: nothing is loaded from elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// Adds the credentials that routes ask for.
pub struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("A Supabase user's access token."))
            .build();
        let cron = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The setting CRON_SECRET, for the host's schedule."))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        components.add_security_scheme("cron", SecurityScheme::Http(cron));
    }
}

/// Serves the document and the page.
pub fn router() -> Router<App> {
    let document =
        || async { ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], DOCUMENT) };
    let page = || async {
        let headers = [
            (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        ];
        (headers, Html(PAGE))
    };
    Router::new().route("/openapi.json", get(document)).route("/docs", get(page))
}
