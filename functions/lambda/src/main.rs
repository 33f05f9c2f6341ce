//! The Router behind a Lambda function URL that streams
//! (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html>).
//!
//! Lambda freezes an instance as soon as its answer has ended: the answer ends after the work that it started.

mod outlasting;

use axum::{Router, body::Body};
use hearth_api::Host;
use lambda_http::{Error, Request, Response, run_with_streaming_response, service_fn};
use outlasting::Outlasting;
use tower::ServiceExt;

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt().json().with_max_level(tracing_subscriber::filter::LevelFilter::INFO).init();
    let (router, _) = hearth_api::serve(Host::default(), |name| std::env::var(name).ok());
    run_with_streaming_response(service_fn(move |request| answer(router.clone(), request))).await
}

async fn answer(router: Router, request: Request) -> Result<Response<Body>, Error> {
    let outlasting = Outlasting::default();
    let mut request = request.map(|body| Body::from(body.to_vec()));
    request.extensions_mut().insert(outlasting.background());
    let response = match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    Ok(response.map(|body| outlasting.hold(body)))
}
