//! The chat page at `/`: one file, nothing from elsewhere, until there is a web client.
//!
//! Style and script lie in files of their own here and are put into the page when the program starts. The content
//! security policy names them by digest, so that nothing else runs, whatever a model writes.

use std::sync::LazyLock;

use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use axum::{Router, http::HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use sha2::{Digest, Sha256};

const HTML: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = concat!(
    include_str!("page/script/session.js"),
    include_str!("page/script/stream.js"),
    include_str!("page/script/render.js"),
    include_str!("page/script/app.js"),
);

/// What the page asks for when it opens.
#[derive(Debug, Clone, Serialize)]
pub struct PageConfig {
    /// Names this project to `/auth/v1`; not a secret.
    pub publishable_key: String,
}

struct Page {
    html: String,
    policy: String,
}

static PAGE: LazyLock<Page> = LazyLock::new(|| Page {
    html: HTML.replace("{{style}}", STYLE).replace("{{script}}", SCRIPT),
    policy: format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        source(SCRIPT),
        source(STYLE)
    ),
});

/// `/` and `/page-config.json`.
pub fn router(config: PageConfig) -> Router {
    Router::new().route("/", get(page)).route("/page-config.json", get(page_config)).with_state(config)
}

async fn page() -> Response {
    let Ok(policy) = HeaderValue::from_str(&PAGE.policy) else {
        // A digest is made of letters; this can't happen, and a page without its policy must not go out.
        return axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, policy),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        // A newer program has a newer page.
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, PAGE.html.as_str()).into_response()
}

async fn page_config(State(config): State<PageConfig>) -> impl IntoResponse {
    ([(CACHE_CONTROL, "no-store")], Json(config))
}

/// How a policy names an inline script or style.
fn source(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_whole_and_asks_for_nothing_from_elsewhere() {
        assert!(!PAGE.html.contains("{{"));
        for outside in ["src=", "@import", "url(", "href=\"http"] {
            assert!(!PAGE.html.contains(outside), "{outside}");
        }
    }

    #[test]
    fn text_enters_the_page_as_text() {
        for unsafe_way in ["innerHTML =", "insertAdjacentHTML(", "document.write(", "eval(", "outerHTML ="] {
            assert!(!SCRIPT.contains(unsafe_way), "{unsafe_way}");
        }
        assert!(!SCRIPT.contains("</script"), "a script that ends the script");
    }

    #[test]
    fn every_element_that_the_script_names_is_on_the_page() {
        for part in SCRIPT.split("$(\"").skip(1) {
            let id = part.split('"').next().unwrap();
            assert!(HTML.contains(&format!("id=\"{id}\"")), "{id}");
        }
    }
}
