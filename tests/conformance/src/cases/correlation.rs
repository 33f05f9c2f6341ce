//! Correlation ids.

use std::sync::Arc;

use anyhow::ensure;
use reqwest::{Method, RequestBuilder};

use crate::{
    case::{Outcome, Verdict::Passed, cases},
    context::Context,
    turn,
};

const HEADER: &str = "x-correlation-id";

cases! { "correlation":
    kept "A sane id comes back with the answer, whether it is an answer, a refusal, a preflight or a stream.";
    replaced "An id that is none, or too long, is replaced.";
    told_apart "Without one each answer has its own.";
}

async fn id_of(context: &Arc<Context>, request: RequestBuilder) -> anyhow::Result<String> {
    Ok(context.send(request).await?.header(HEADER).to_owned())
}

async fn kept(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let conversation = ada.conversation().await?;
    let preflight = context
        .request(Method::OPTIONS, "/v1/me")
        .header("origin", "https://app.example")
        .header("access-control-request-method", "GET");
    let requests = [
        ada.request(Method::GET, "/v1/me"),
        context.request(Method::GET, "/v1/health"),
        context.request(Method::GET, "/v1/me"),
        context.request(Method::GET, "/openapi.json"),
        context.request(Method::GET, "/docs"),
        ada.request(Method::GET, "/v1/nowhere"),
        ada.request(Method::POST, "/v1/chat/completions").body("{"),
        ada.request(Method::POST, &turn::path(&conversation)).json(&turn::body(4)),
        preflight,
    ];
    for (n, request) in requests.into_iter().enumerate() {
        let sent = format!("conformance-{n}.A_b:c");
        let got = id_of(&context, request.header(HEADER, &sent)).await?;
        ensure!(got == sent, "`{got}` instead of `{sent}`");
    }
    Ok(Passed)
}

async fn replaced(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    for sent in ["two words", "<script>", "a;b", "\u{e4}", &"x".repeat(200)] {
        let got = id_of(&context, ada.request(Method::GET, "/v1/me").header(HEADER, sent)).await?;
        ensure!(got != sent, "`{sent}` was kept");
    }
    Ok(Passed)
}

async fn told_apart(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let one = id_of(&context, ada.request(Method::GET, "/v1/me")).await?;
    let other = id_of(&context, ada.request(Method::GET, "/v1/me")).await?;
    ensure!(one != other, "two answers have the id `{one}`");
    Ok(Passed)
}
