//! A `Host` that lies, and other headers that say whose answer it is.

use std::sync::Arc;

use anyhow::ensure;
use reqwest::Method;

use crate::{
    case::{Outcome, Verdict::Passed, cases},
    context::Context,
};

const LIE: &str = "evil.example";

cases! { "names":
    a_host_that_lies "A `Host` that lies changes nothing, and is never said back; a front may refuse it.";
    forwarded "`X-Forwarded-Host`, `-Proto`, `-For` and `Forwarded` change nothing, and are never said back.";
    method_overrides "`X-HTTP-Method-Override` and `X-Original-URL` change nothing.";
}

async fn a_host_that_lies(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    for path in ["/v1/me", "/openapi.json", "/v1/nowhere"] {
        let truth = ada.get(path).await?;
        // Sent below the library's own header, as a client of another mind would.
        let request = ada.request(Method::GET, path).header("host", LIE);
        let Ok((to, response)) = context.open(request).await else {
            ensure!(!context.target.is_near(), "{path}: no answer of ours to another Host");
            continue;
        };
        let status = response.status().as_u16();
        let headers = format!("{:?}", response.headers());
        let body = response.text().await?;
        ensure!(!headers.contains(LIE) && !body.contains(LIE), "{to}: the lie is said back");
        ensure!(status == truth.status, "{to}: {status} instead of {}", truth.status);
    }
    Ok(Passed)
}

async fn unmoved(context: &Arc<Context>, headers: &[(&str, &str)]) -> anyhow::Result<()> {
    let ada = context.ada().await?;
    let mut request = ada.request(Method::GET, "/v1/me");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = context.send(request).await?;
    ensure!(!format!("{:?}", answer.headers).contains(LIE), "the lie is said back in a header");
    let me = answer.is(200)?;
    ensure!(me["user_id"] == ada.session.user_id && !me.to_string().contains(LIE), "{me}");
    Ok(())
}

async fn forwarded(context: Arc<Context>) -> Outcome {
    let headers = [
        ("x-forwarded-host", LIE),
        ("x-forwarded-proto", "gopher"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1;host=evil.example"),
    ];
    unmoved(&context, &headers).await?;
    Ok(Passed)
}

async fn method_overrides(context: Arc<Context>) -> Outcome {
    let headers = [
        ("x-http-method-override", "DELETE"),
        ("x-method-override", "DELETE"),
        ("x-original-url", "/v1/models"),
        ("x-rewrite-url", "/v1/models"),
    ];
    unmoved(&context, &headers).await?;
    Ok(Passed)
}
