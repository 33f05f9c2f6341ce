//! Pages in a browser. A page of some web site, open on this machine, can send requests to this machine's own ports; the
//! browser says where such a request comes from, and what comes from another site is refused, unless it was named.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Daemon;
use super::error::ApiError;

/// How long a browser may remember that it may ask, in seconds.
const REMEMBER: HeaderValue = HeaderValue::from_static("600");

pub async fn answer_pages(State(daemon): State<Daemon>, request: Request, next: Next) -> Response {
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else { return next.run(request).await };
    let text = origin.to_str().unwrap_or_default();
    let named = daemon.origins.iter().any(|named| named.eq_ignore_ascii_case(text));
    if !named && !is_this_machine(text) {
        return ApiError::foreign_page().into_response();
    }
    if !named {
        return next.run(request).await;
    }
    let asks_first = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if asks_first {
        let mut response = StatusCode::NO_CONTENT.into_response();
        allow(response.headers_mut(), request.headers());
        response
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    response
}

/// Any header and the methods that there are: the key decides, not the page.
fn allow(answer: &mut HeaderMap, asked: &HeaderMap) {
    answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
    if let Some(wanted) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    answer.insert(header::ACCESS_CONTROL_MAX_AGE, REMEMBER);
}

/// Pages served from this machine may call: they are the user's own programs.
fn is_this_machine(origin: &str) -> bool {
    let uri: Option<Uri> = origin.parse().ok();
    let Some(host) = uri.as_ref().and_then(Uri::host) else { return false };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_this_machine_may_call_unnamed() {
        for origin in ["http://localhost:3000", "http://127.0.0.1:8787", "https://[::1]"] {
            assert!(is_this_machine(origin), "{origin}");
        }
        for origin in [
            "null",
            "",
            "https://example.com",
            "http://localhost.example.com",
            "http://127.0.0.1.nip.io",
            "file://",
        ] {
            assert!(!is_this_machine(origin), "{origin}");
        }
    }
}
