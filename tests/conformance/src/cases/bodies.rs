//! Bodies that are wrong.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use reqwest::Method;

use crate::{
    Host,
    case::{Outcome, Verdict::Passed, cases},
    context::Context,
    turn,
};

/// The most bytes of a body.
const MAX_BODY: usize = 1024 * 1024;

cases! { "bodies":
    not_json "What is not JSON, or nested too deep, is 400 `invalid_json`.";
    not_text "NUL characters and halves of surrogate pairs are 400 `invalid_text`.";
    not_fitting "JSON of another shape is 422 `invalid`, and names the fields; nothing of it is stored.";
    too_large "A body over 1 MiB is 413 `content_too_large` with the limit, and its sender lives to read that.";
    too_long_a_text "A text over 200,000 characters is 413.";
    another_type "A body of another type is 415; `+json` and a charset are taken.";
    empty "An empty body counts as `{}`.";
}

async fn refused(context: &Arc<Context>, bodies: &[&[u8]], status: u16, code: &str) -> anyhow::Result<()> {
    let ada = context.ada().await?;
    let conversation = ada.conversation().await?;
    for body in bodies {
        let shown: String = String::from_utf8_lossy(body).chars().take(60).collect();
        let answer = ada.post_raw(&turn::path(&conversation), body.to_vec()).await?;
        answer.is_problem(status, code).with_context(|| format!("for {shown}"))?;
    }
    ensure!(ada.messages(&conversation).await?.is_empty(), "something of it was stored");
    Ok(())
}

async fn not_json(context: Arc<Context>) -> Outcome {
    let deep = format!("{{\"content\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
    let bodies: [&[u8]; 7] = [
        b"not json",
        b"{\"content\":",
        b"{\"content\":\"a\"} {}",
        b"{'content':'a'}",
        b"{\"content\":\"a\",}",
        b"\xef\xbb\xbf{\"content\":\"a\"}",
        deep.as_bytes(),
    ];
    refused(&context, &bodies, 400, "invalid_json").await?;
    // AWS hands a body of text on as text; its emulator has no words for one that is none.
    if context.target.host != Host::Lambda {
        refused(&context, &[b"{\"content\":\"\xff\xfe\"}"], 400, "invalid_json").await?;
    }
    Ok(Passed)
}

async fn not_text(context: Arc<Context>) -> Outcome {
    let bodies: [&[u8]; 5] = [
        br#"{"content":"a\u0000b"}"#,
        br#"{"content":"a","\u0000":1}"#,
        br#"{"content":"\ud83d"}"#,
        br#"{"content":"\ud83d\ud83d"}"#,
        br#"{"content":"\udc00 and more"}"#,
    ];
    refused(&context, &bodies, 400, "invalid_text").await?;
    Ok(Passed)
}

async fn not_fitting(context: Arc<Context>) -> Outcome {
    let bodies: [&[u8]; 15] = [
        b"{}",
        b"[]",
        b"null",
        b"5",
        br#"{"content":""}"#,
        br#"{"content":"  \n "}"#,
        br#"{"content":[]}"#,
        br#"{"content":5}"#,
        br#"{"content":[{"type":"video","url":"x"}]}"#,
        br#"{"content":"a","contnet":"b"}"#,
        br#"{"content":"a","id":"x"}"#,
        br#"{"content":"a","max_tokens":-1}"#,
        br#"{"content":"a","max_tokens":0}"#,
        br#"{"content":"a","temperature":9}"#,
        br#"{"content":"a","sensitivity":"secret"}"#,
    ];
    refused(&context, &bodies, 422, "invalid").await?;
    let unknown = br#"{"content":"a","parent_id":"018f0000-0000-7000-8000-000000000000"}"#;
    refused(&context, &[unknown], 404, "message_not_found").await?;
    Ok(Passed)
}

async fn too_large(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let conversation = ada.conversation().await?;
    // Not more than the smallest front takes (4.5 MB).
    for size in [MAX_BODY, 3 * MAX_BODY] {
        let body = format!("{{\"content\":\"{}\"}}", "x".repeat(size));
        let answer = ada.post_raw(&turn::path(&conversation), body).await?;
        let problem = answer.is_problem(413, "content_too_large")?;
        ensure!(problem["limit"] == MAX_BODY, "the limit is {}", problem["limit"]);
    }
    ada.get("/v1/me").await?.is(200)?;
    Ok(Passed)
}

async fn too_long_a_text(context: Arc<Context>) -> Outcome {
    let body = format!("{{\"content\":\"{}\"}}", "x".repeat(200_001));
    refused(&context, &[body.as_bytes()], 413, "content_too_large").await?;
    Ok(Passed)
}

async fn another_type(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let send = |kind: &'static str| {
        let request = ada.request(Method::POST, "/v1/conversations").header("content-type", kind);
        context.send(request.body("{}"))
    };
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/xml", "multipart/form-data"]
    {
        send(kind).await?.is_problem(415, "unsupported_media_type")?;
    }
    for kind in ["application/json; charset=utf-8", "application/ld+json", "Application/JSON"] {
        send(kind).await?.is(201)?;
    }
    Ok(Passed)
}

async fn empty(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    context.send(ada.request(Method::POST, "/v1/conversations")).await?.is(201)?;
    context.send(ada.request(Method::POST, "/v1/workspaces")).await?.is_problem(422, "invalid")?;
    Ok(Passed)
}
