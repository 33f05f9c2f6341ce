//! Pages of other origins (<https://fetch.spec.whatwg.org/#http-cors-protocol>).

use std::sync::Arc;

use anyhow::ensure;
use reqwest::Method;

use crate::{
    answer::Answer,
    case::{Outcome, Verdict::Passed, cases},
    context::Context,
    turn,
};

const ORIGIN: &str = "https://app.example";

cases! { "cross_origin":
    preflight "A preflight is answered for each method and for the headers that clients send, and may be kept.";
    answers "Answers, refusals and streams alike may be read by pages of any origin, `x-correlation-id` and `Retry-After` too.";
    no_cookies "No answer allows credentials, and none sets a cookie.";
}

fn is_open(answer: &Answer) -> anyhow::Result<()> {
    let origin = answer.header("access-control-allow-origin");
    ensure!(origin == "*", "{}: Access-Control-Allow-Origin is `{origin}`", answer.to);
    Ok(())
}

async fn preflight(context: Arc<Context>) -> Outcome {
    let wanted = "authorization,content-type,if-match,last-event-id,x-correlation-id,x-hearth-workspace";
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        let request = context
            .request(Method::OPTIONS, "/v1/conversations")
            .header("origin", ORIGIN)
            .header("access-control-request-method", method)
            .header("access-control-request-headers", wanted);
        let answer = context.send(request).await?;
        ensure!([200, 204].contains(&answer.status), "{}: {}", answer.to, answer.status);
        is_open(&answer)?;
        let methods = answer.header("access-control-allow-methods");
        ensure!(methods == "*" || methods.contains(method), "{method} is not among `{methods}`");
        let headers = answer.header("access-control-allow-headers").to_ascii_lowercase();
        for name in wanted.split(',') {
            ensure!(headers.contains(name), "{name} is not among `{headers}`");
        }
        ensure!(answer.header("access-control-max-age").parse::<u32>().is_ok_and(|age| age > 0), "not kept");
    }
    Ok(Passed)
}

async fn answers(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let conversation = ada.conversation().await?;
    let requests = [
        ada.request(Method::GET, "/v1/me"),
        context.request(Method::GET, "/v1/me"),
        ada.request(Method::GET, "/v1/nowhere"),
        ada.request(Method::POST, "/v1/conversations").body("{"),
        ada.request(Method::POST, &turn::path(&conversation)).json(&turn::body(4)),
    ];
    for request in requests {
        let answer = context.send(request.header("origin", ORIGIN)).await?;
        is_open(&answer)?;
        let shown = answer.header("access-control-expose-headers").to_ascii_lowercase();
        for name in ["x-correlation-id", "retry-after"] {
            ensure!(shown.contains(name), "{}: {name} is hidden from pages", answer.to);
        }
    }
    Ok(Passed)
}

async fn no_cookies(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    for request in [ada.request(Method::GET, "/v1/me"), context.request(Method::GET, "/v1/me")] {
        let answer = context.send(request.header("origin", ORIGIN)).await?;
        for name in ["access-control-allow-credentials", "set-cookie"] {
            ensure!(answer.header(name).is_empty(), "{}: it has {name}", answer.to);
        }
    }
    Ok(Passed)
}
