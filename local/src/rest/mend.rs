//! What postrust 3.1 does differently from PostgREST, put right around it: queries before it reads
//! them, answers after.

mod answer;
mod query;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const PREFER: HeaderName = HeaderName::from_static("prefer");

pub(super) async fn mend(mut request: Request, next: Next) -> Response {
    if let Some(uri) = query::mended_uri(request.uri()) {
        *request.uri_mut() = uri;
    }
    let signed_in = is_signed_in(request.headers());
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let count = Count::wanted(&mut request);
    let mut response = next.run(request).await;
    match response.status() {
        StatusCode::UNAUTHORIZED if signed_in => answer::forbidden(response).await,
        StatusCode::BAD_REQUEST if reads => answer::undefined_column(response).await,
        StatusCode::INTERNAL_SERVER_ERROR => answer::unavailable(response).await,
        status if status.is_success() => match count {
            Some(Count::OfUpdate) => {
                answer::count_window(response.headers_mut());
                response
            }
            Some(Count::OfRows { keep }) => answer::count_rows(response, keep).await,
            None => response,
        },
        _ => response,
    }
}

/// How the rows that a write touched are counted, where `Prefer: count=exact` asks for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Count {
    OfUpdate,
    /// From the rows themselves, which postrust is asked for, whether the caller wants them or not.
    OfRows {
        keep: bool,
    },
}

impl Count {
    fn wanted(request: &mut Request) -> Option<Self> {
        let asked = preferences(request.headers());
        let has = |wanted: &str| asked.iter().any(|preference| preference == wanted);
        if !has("count=exact") || request.uri().path().starts_with("/rpc/") {
            return None;
        }
        match *request.method() {
            Method::PATCH => Some(Self::OfUpdate),
            Method::POST | Method::DELETE => {
                let keep = has("return=representation");
                if !keep {
                    let mut others: Vec<_> =
                        asked.into_iter().filter(|preference| !preference.starts_with("return=")).collect();
                    others.push("return=representation".to_owned());
                    let value = HeaderValue::from_str(&others.join(",")).ok()?;
                    request.headers_mut().insert(PREFER, value);
                }
                Some(Self::OfRows { keep })
            }
            _ => None,
        }
    }
}

fn preferences(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(PREFER)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|preference| preference.trim().to_owned())
        .collect()
}

/// Whether the token names someone: anonymous callers rightly get 401, others 403. That the token is
/// genuine is for postrust to say; one that it refuses has another code than the one that is mended.
fn is_signed_in(headers: &HeaderMap) -> bool {
    let claims = crate::api_key::bearer(headers)
        .and_then(|token| token.split('.').nth(1))
        .and_then(|payload| URL_SAFE_NO_PAD.decode(payload).ok())
        .and_then(|payload| serde_json::from_slice::<serde_json::Value>(&payload).ok());
    claims.and_then(|claims| claims.get("role")?.as_str().map(|role| role != "anon")).unwrap_or(false)
}
