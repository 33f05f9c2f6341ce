//! Answers as PostgREST gives them, made from answers as postrust gives them.

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use serde_json::Value;

/// Errors are small; a larger body is no error of postrust's.
const LARGEST_ERROR: usize = 64 * 1024;
/// Rows that are only counted.
const LARGEST_COUNTED: usize = 64 * 1024 * 1024;

/// A refusal of something that a signed-in caller may not do: 403 instead of 401.
pub(super) async fn forbidden(response: Response) -> Response {
    rewritten(response, |headers, error| {
        let refused = text(error, "code") == Some("42501");
        refused.then(|| {
            headers.remove(WWW_AUTHENTICATE);
            StatusCode::FORBIDDEN
        })
    })
    .await
}

/// A column that a read names and the table lacks: PostgreSQL's code, as PostgREST passes it on. Which
/// column that was, postrust does not say.
pub(super) async fn undefined_column(response: Response) -> Response {
    rewritten(response, |_, error| {
        (text(error, "code") == Some("PGRST204")).then(|| {
            *error = serde_json::json!({
                "code": "42703", "message": "a column that the query names does not exist",
                "details": null, "hint": null,
            });
            StatusCode::BAD_REQUEST
        })
    })
    .await
}

/// A connection to the database that could not be had, or that broke: PostgREST says 503 and PGRST001, which a caller knows
/// to try again; postrust says 500.
pub(super) async fn unavailable(response: Response) -> Response {
    rewritten(response, |_, error| {
        (text(error, "code") == Some("PGRST500")).then(|| {
            *error = serde_json::json!({
                "code": "PGRST001", "message": "the database connection failed",
                "details": null, "hint": null,
            });
            StatusCode::SERVICE_UNAVAILABLE
        })
    })
    .await
}

/// `0-2/*` of an update that was to be counted: the window is all there is.
pub(super) fn count_window(headers: &mut HeaderMap) {
    let total =
        headers.get(CONTENT_RANGE).and_then(|range| range.to_str().ok()).and_then(|range| {
            match range.strip_suffix("/*")? {
                "*" => Some(("*".to_owned(), 0)),
                window => {
                    let (first, last) = window.split_once('-')?;
                    let rows = last.parse::<u64>().ok()?.checked_sub(first.parse().ok()?)? + 1;
                    Some((window.to_owned(), rows))
                }
            }
        });
    if let Some((window, rows)) = total {
        set(headers, CONTENT_RANGE, &format!("{window}/{rows}"));
    }
}

/// Counts the rows of an insert or a delete; keeps them only for a caller who wants them.
pub(super) async fn count_rows(response: Response, keep: bool) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(collected) = Limited::new(body, LARGEST_COUNTED).collect().await else {
        // What was written stays written; only its rows can't be told.
        return Response::from_parts(parts, Body::empty());
    };
    let body = collected.to_bytes();
    match serde_json::from_slice::<Value>(&body) {
        Ok(Value::Array(rows)) => set(&mut parts.headers, CONTENT_RANGE, &format!("*/{}", rows.len())),
        Ok(Value::Object(_)) => set(&mut parts.headers, CONTENT_RANGE, "*/1"),
        _ => {}
    }
    if keep {
        return Response::from_parts(parts, Body::from(body));
    }
    if parts.status == StatusCode::OK {
        parts.status = StatusCode::NO_CONTENT;
    }
    parts.headers.remove(CONTENT_TYPE);
    parts.headers.remove(CONTENT_LENGTH);
    set(&mut parts.headers, HeaderName::from_static("preference-applied"), "count=exact");
    Response::from_parts(parts, Body::empty())
}

/// Gives an error another status, where `change` says which; it may change the error too.
async fn rewritten(
    response: Response,
    change: impl FnOnce(&mut HeaderMap, &mut Value) -> Option<StatusCode>,
) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(collected) = Limited::new(body, LARGEST_ERROR).collect().await else {
        return Response::from_parts(parts, Body::empty());
    };
    let mut body: Bytes = collected.to_bytes();
    if let Ok(mut error) = serde_json::from_slice::<Value>(&body)
        && let Some(status) = change(&mut parts.headers, &mut error)
    {
        parts.status = status;
        parts.headers.remove(CONTENT_LENGTH);
        body = serde_json::to_vec(&error).map(Bytes::from).unwrap_or(body);
    }
    Response::from_parts(parts, Body::from(body))
}

fn text<'a>(error: &'a Value, field: &str) -> Option<&'a str> {
    error.get(field)?.as_str()
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(range: &str) -> String {
        let mut headers = HeaderMap::new();
        set(&mut headers, CONTENT_RANGE, range);
        count_window(&mut headers);
        headers[CONTENT_RANGE].to_str().unwrap().to_owned()
    }

    async fn mended(body: &'static str) -> (StatusCode, Value) {
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        let response = unavailable(response).await;
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn a_database_that_is_away_is_told_from_a_fault_of_the_server() {
        let (status, error) =
            mended(r#"{"code":"PGRST500","message":"Service temporarily unavailable"}"#).await;
        assert_eq!((status, error["code"].as_str()), (StatusCode::SERVICE_UNAVAILABLE, Some("PGRST001")));
        let fault = r#"{"code":"PGRST900","message":"Internal server error"}"#;
        let (status, error) = mended(fault).await;
        assert_eq!((status, error["code"].as_str()), (StatusCode::INTERNAL_SERVER_ERROR, Some("PGRST900")));
    }

    #[test]
    fn an_updates_window_is_its_count() {
        assert_eq!(counted("0-2/*"), "0-2/3");
        assert_eq!(counted("*/*"), "*/0");
        assert_eq!(counted("0-2/7"), "0-2/7");
    }
}
