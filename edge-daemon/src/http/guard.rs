//! A page of some web site, open in a browser on this machine, can send requests to this machine's own ports. Browsers say
//! where such a request comes from; what comes from another site is refused.

use axum::extract::Request;
use axum::http::{Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;

pub async fn refuse_foreign_pages(request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN);
    if origin.is_some_and(|origin| !origin.to_str().is_ok_and(is_this_machine)) {
        return ApiError::foreign_page().into_response();
    }
    next.run(request).await
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
    fn only_pages_of_this_machine_may_call() {
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
