//! The Router as a Cloudflare Worker (<https://developers.cloudflare.com/workers/>).
//!
//! An isolate serves many requests on one thread, and ties every timer and stream to the request that made it. What it keeps
//! between requests is data alone: settings, and the sign-in keys.

#![cfg(target_arch = "wasm32")]

mod console;
mod encoding;
mod sockets;

use std::{cell::RefCell, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use hearth_api::Host;
use hearth_clients::platform::Background;
use tower::ServiceExt;
use worker::{
    Context, EncodeBody, Env, HttpRequest, Request, Result, ScheduleContext, ScheduledEvent, event,
};

/// A turn goes on for so long once its client has left; the runtime ends it five seconds later.
const AFTER_LEAVING: Duration = Duration::from_secs(25);
/// Of the free plan's 50 (<https://developers.cloudflare.com/workers/platform/limits/>), with some to spare.
const SUBREQUESTS: u32 = 40;

thread_local! {
    /// Built by the first request, kept as long as the isolate lives.
    static ROUTER: RefCell<Option<Router>> = const { RefCell::new(None) };
}

#[event(start)]
fn start() {
    console::log();
}

#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> Result<http::Response<Body>> {
    let context = Arc::new(context);
    let accepted = encoding::of_client(&request);
    let mut request = HttpRequest::try_from(request)?.map(Body::new);
    encoding::restore(request.headers_mut(), accepted);
    request.extensions_mut().insert(Background::new(move |work| context.wait_until(work)));
    let mut response = match router(&env).oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    if response.headers().contains_key(http::header::CONTENT_ENCODING) {
        // Compressed already; the runtime would do it again.
        response.extensions_mut().insert(EncodeBody::Manual);
    }
    Ok(response)
}

/// The cron triggers of wrangler.toml: the same call that Vercel's schedule makes.
#[event(scheduled)]
async fn scheduled(event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    let secret = setting(&env, "CRON_SECRET").unwrap_or_default();
    let request = http::Request::get("/v1/cron/daily")
        .header(http::header::AUTHORIZATION, format!("Bearer {secret}"))
        .body(Body::empty());
    let Ok(request) = request else {
        return worker::console_error!("CRON_SECRET cannot be sent as a header");
    };
    if let Ok(response) = router(&env).oneshot(request).await
        && !response.status().is_success()
    {
        worker::console_error!("the schedule {} was answered with {}", event.cron(), response.status());
    }
}

fn router(env: &Env) -> Router {
    ROUTER.with_borrow_mut(|kept| kept.get_or_insert_with(|| build(env)).clone())
}

fn build(env: &Env) -> Router {
    let host = Host {
        after_leaving: Some(AFTER_LEAVING),
        subrequests: Some(SUBREQUESTS),
        sockets: Some(Arc::new(sockets::Pair)),
    };
    hearth_api::serve(host, |name| setting(env, name)).0
}

/// A variable or a secret: Workers tell them apart only where they are set.
fn setting(env: &Env, name: &str) -> Option<String> {
    env.var(name).map(|value| value.to_string()).ok()
}
