//! The daily call of template.yaml: what the schedule hands to Lambda is read as the request that it is meant to be, and the
//! Router lets it in with the right secret alone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

use axum::body::{Body, to_bytes};
use hearth_api::Host;
use lambda_http::{Request, request::from_str};
use tower::ServiceExt;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The event of the template, with the secret that CloudFormation puts there.
fn scheduled(secret: &str) -> Request {
    let template = include_str!("../template.yaml");
    let line = template.lines().find_map(|line| line.trim().strip_prefix("Input: !Sub '")).unwrap();
    let event = line.strip_suffix('\'').unwrap();
    assert_eq!(event.matches("${").count(), 1, "CloudFormation would replace more than the secret");
    from_str(&event.replace("${CronSecret}", secret)).unwrap()
}

fn setting(name: &str) -> Option<String> {
    match name {
        // Nobody listens there: the call is let in, and finds the database away.
        "SUPABASE_URL" => Some("http://127.0.0.1:9".into()),
        "SUPABASE_PUBLISHABLE_KEY" => Some("sb_publishable_0123456789abcdefghij_01234567".into()),
        "HEARTH_SIGNING_KEY" => Some("5a".repeat(32)),
        "CRON_SECRET" => Some(SECRET.into()),
        _ => None,
    }
}

async fn answer(request: Request) -> (u16, String) {
    let (router, _) = hearth_api::serve(Host::default(), setting);
    let response = router.oneshot(request.map(|body| Body::from(body.to_vec()))).await.unwrap();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 64 * 1024).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[test]
fn the_event_is_a_request_for_the_daily_route() {
    let request = scheduled(SECRET);
    assert_eq!((request.method().as_str(), request.uri().path()), ("GET", "/v1/cron/daily"));
    assert_eq!(request.headers()["authorization"], format!("Bearer {SECRET}"));
}

#[tokio::test]
async fn the_router_lets_it_in_with_the_right_secret_alone() {
    let (status, body) = answer(scheduled(SECRET)).await;
    assert_eq!((status, body.contains(r#""database":"away""#)), (200, true), "{body}");
    let (status, body) = answer(scheduled("another secret of that length..")).await;
    assert_eq!((status, body.contains("invalid_credential")), (401, true), "{body}");
}
