//! A server that answers some paths in words of its own, and passes the rest on.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};

use crate::{person::client, proxy::serve};

/// What it answers itself: the status and the body, or nothing to pass the request on. It is given the path and the headers.
pub type Answers = fn(&str, &HeaderMap) -> Option<(u16, &'static str)>;

/// Serves before `origin`; gives its URL.
pub async fn stand_in(origin: &str, answers: Answers) -> String {
    let (origin, client) = (Arc::<str>::from(origin), client());
    let router = Router::new().fallback(move |request: Request| {
        let (origin, client) = (Arc::clone(&origin), client.clone());
        async move {
            match answers(request.uri().path(), request.headers()) {
                Some((status, body)) => {
                    let status = StatusCode::from_u16(status).expect("a status");
                    (status, [(http::header::CONTENT_TYPE, "application/json")], body).into_response()
                }
                None => pass(&origin, &client, request).await,
            }
        }
    });
    serve(router).await
}

async fn pass(origin: &str, client: &reqwest::Client, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut headers = parts.headers;
    headers.remove(http::header::HOST);
    let sent = client.request(parts.method, format!("{origin}{path}")).headers(headers).body(body);
    let Ok(answer) = sent.send().await else { return StatusCode::BAD_GATEWAY.into_response() };
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    headers.remove(http::header::TRANSFER_ENCODING);
    (status, headers, Body::from_stream(answer.bytes_stream())).into_response()
}
