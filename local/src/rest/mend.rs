//! What postrust 3.1 does differently from PostgREST, put right around it: the query before it reads
//! it, and the status of a refusal after.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{StatusCode, Uri};
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::{BodyExt as _, Limited};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Errors are small; a larger body is no error of postrust's.
const LARGEST_ERROR: usize = 64 * 1024;

const COLUMN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-');

pub(super) async fn mend(mut request: Request, next: Next) -> Response {
    if let Some(uri) = mended_uri(request.uri()) {
        *request.uri_mut() = uri;
    }
    let signed_in = is_signed_in(&request);
    let response = next.run(request).await;
    if signed_in && response.status() == StatusCode::UNAUTHORIZED {
        forbidden(response).await
    } else {
        response
    }
}

/// The address with a query that postrust reads as PostgREST would; `None` where it does already.
fn mended_uri(uri: &Uri) -> Option<Uri> {
    let query = uri.query()?;
    let mended: Vec<String> = query.split('&').filter(|pair| !is_api_key(pair)).map(mended_pair).collect();
    let mended = mended.join("&");
    if mended == query {
        return None;
    }
    let mut parts = uri.clone().into_parts();
    let target = if mended.is_empty() { uri.path().to_owned() } else { format!("{}?{mended}", uri.path()) };
    parts.path_and_query = Some(target.parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// The gateway's own parameter is no filter on a column of that name.
fn is_api_key(pair: &str) -> bool {
    pair.starts_with("apikey=")
}

fn mended_pair(pair: &str) -> String {
    // Form encoding's space. A plus sign itself arrives as %2B.
    let pair = pair.replace('+', "%20");
    match pair.strip_prefix("columns=") {
        Some(names) => format!("columns={}", unquoted_columns(names)),
        None => pair,
    }
}

/// supabase-js quotes every name of a bulk insert: `"a","b"`.
fn unquoted_columns(names: &str) -> String {
    let decoded = percent_decode_str(names).decode_utf8_lossy();
    let name = |name: &str| {
        let bare = name.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(name);
        utf8_percent_encode(bare, COLUMN).to_string()
    };
    decoded.split(',').map(name).collect::<Vec<_>>().join(",")
}

/// Whether the token names someone: anonymous callers rightly get 401, others 403. That the token is
/// genuine is for postrust to say; one that it refused has another code than the one looked for below.
fn is_signed_in(request: &Request) -> bool {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let claims = crate::api_key::bearer(request.headers())
        .and_then(|token| token.split('.').nth(1))
        .and_then(|payload| URL_SAFE_NO_PAD.decode(payload).ok())
        .and_then(|payload| serde_json::from_slice::<serde_json::Value>(&payload).ok());
    claims.and_then(|claims| claims.get("role")?.as_str().map(|role| role != "anon")).unwrap_or(false)
}

/// PostgreSQL's `insufficient_privilege` is 403 for a caller who said who they are.
async fn forbidden(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(body) = Limited::new(body, LARGEST_ERROR).collect().await else {
        return Response::from_parts(parts, Body::empty());
    };
    let body = body.to_bytes();
    let refused = serde_json::from_slice::<serde_json::Value>(&body)
        .is_ok_and(|error| error.get("code").and_then(serde_json::Value::as_str) == Some("42501"));
    if refused {
        parts.status = StatusCode::FORBIDDEN;
        parts.headers.remove(http::header::WWW_AUTHENTICATE);
    }
    Response::from_parts(parts, Body::from(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(query: &str) -> String {
        let uri: Uri = format!("/notes?{query}").parse().unwrap();
        mended_uri(&uri).unwrap_or(uri).query().unwrap_or_default().to_owned()
    }

    #[test]
    fn a_plus_is_a_space_and_an_escaped_plus_is_a_plus() {
        assert_eq!(mended("title=eq.a+b%2Bc"), "title=eq.a%20b%2Bc");
    }

    #[test]
    fn quoted_columns_lose_their_quotes() {
        assert_eq!(mended("columns=%22id%22%2C%22title%22"), "columns=id,title");
        assert_eq!(mended("columns=id,title"), "columns=id,title");
    }

    #[test]
    fn the_gateways_parameter_goes_no_further() {
        assert_eq!(mended("apikey=x&id=eq.1"), "id=eq.1");
    }
}
