//! `If-Match: <revision>`: write only what one has seen.

use axum::extract::FromRequestParts;
use hearth_domain::Problem;
use http::{header::IF_MATCH, request::Parts};

use crate::{App, answer::Failure};

/// The revision that the caller has seen, where the request names one.
pub struct IfMatch(pub Option<i64>);

impl FromRequestParts<App> for IfMatch {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Failure> {
        let Some(value) = parts.headers.get(IF_MATCH) else { return Ok(Self(None)) };
        let text = value.to_str().unwrap_or_default().trim().trim_matches('"');
        match text.parse() {
            Ok(revision) => Ok(Self(Some(revision))),
            Err(_) => Err(Problem::field("If-Match", "is not a revision, such as 42").into()),
        }
    }
}
