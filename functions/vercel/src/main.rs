//! The Router as a Vercel function (<https://vercel.com/docs/functions/runtimes/rust>).
//!
//! Vercel keeps an instance for many requests at once and freezes it in between: what goes on after an answer is registered
//! with `waitUntil`.

use std::{convert::Infallible, sync::Arc};

use axum::{Router, body::Body};
use hearth_api::{Host, socket::AxumSockets};
use hearth_clients::platform::Background;
use tower::ServiceExt;
use vercel_runtime::{
    AppState, Error, Request, Response, ResponseBody, axum::StreamingUtils, run, service_fn,
};

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt().json().with_max_level(tracing_subscriber::filter::LevelFilter::INFO).init();
    let host = Host { sockets: Some(Arc::new(AxumSockets)), ..Host::default() };
    let (router, _) = hearth_api::serve(host, |name| std::env::var(name).ok());
    run(service_fn(move |request: Request, state: AppState| answer(router.clone(), request, state))).await
}

/// The runtime's own axum layer reads bodies whole and drops `state`; this one does neither.
async fn answer(router: Router, request: Request, state: AppState) -> Result<Response<ResponseBody>, Error> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(Background::new(move |work| state.wait_until(work)));
    let answer: Result<_, Infallible> = router.oneshot(request).await;
    match answer {
        Ok(response) => StreamingUtils::process_response(response).await,
        Err(never) => match never {},
    }
}
