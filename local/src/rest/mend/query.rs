//! Queries as postrust reads them, made from queries as supabase-js writes them.

use axum::http::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

const COLUMN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-');

/// The address with a query that postrust reads as PostgREST would; `None` where it does already.
pub(super) fn mended_uri(uri: &Uri) -> Option<Uri> {
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
