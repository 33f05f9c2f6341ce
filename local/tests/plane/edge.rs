//! A daemon that says what it serves, and serves nothing.

use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

/// Serves as long as the test's runtime lives.
pub async fn start() -> String {
    serve(None).await
}

/// The same, to those who show this key.
pub async fn start_for(key: &'static str) -> String {
    serve(Some(key)).await
}

async fn serve(key: Option<&'static str>) -> String {
    let models = json!({
        "object": "list",
        "data": [{ "id": "stub", "object": "model", "created": 0, "owned_by": "test", "meta": { "n_ctx": 2048 } }],
    });
    let router =
        Router::new().route("/health", get(async || Json(json!({ "status": "ok", "model": "stub" })))).route(
            "/v1/models",
            get(async move |headers: HeaderMap| {
                let shown = headers
                    .get("authorization")
                    .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
                if key.is_none() || shown == key { Ok(Json(models)) } else { Err(StatusCode::UNAUTHORIZED) }
            }),
        );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}
