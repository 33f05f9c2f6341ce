//! Requests whose end two servers might see in two places (RFC 9112, 11.2). What counts: nothing is let in as a second
//! request that was the body of the first.

use std::{sync::Arc, time::Duration};

use anyhow::ensure;

use crate::{
    case::{Outcome, Verdict::Passed, cases},
    context::Context,
    person::Person,
    raw::{Heard, Raw, over_tls, post},
};

const PATH: &str = "/v1/conversations";
/// Silence after which nothing more is expected.
const QUIET: Duration = Duration::from_secs(12);

cases! { "smuggling":
    both_lengths "With `Content-Length` and `Transfer-Encoding` together the chunks count, or nothing does, and nothing follows on that connection.";
    two_lengths "Two different lengths are refused.";
    other_encodings "A transfer encoding that does not end in `chunked` is refused.";
    bad_chunks "Chunk sizes that are no hexadecimal numbers, or too large for any, are refused.";
    crooked_headers "A space before the colon, a folded line and a NUL are refused.";
}

/// Sends a request and hears all of its answers.
async fn hear(context: &Arc<Context>, ada: &Person, rest: &str) -> anyhow::Result<Option<Heard>> {
    let Some(mut raw) = Raw::open(&context.target).await? else { return Ok(None) };
    raw.write(post(&raw, ada, PATH, rest)).await?;
    Ok(Some(raw.read(QUIET).await))
}

/// Holds each of these against: refused, or the connection closed; served by none.
async fn refused(context: &Arc<Context>, rests: &[&str]) -> Outcome {
    let ada = context.ada().await?;
    for rest in rests {
        let Some(heard) = hear(context, &ada, rest).await? else {
            return Ok(over_tls());
        };
        let statuses = heard.statuses();
        ensure!(heard.is_refusal() && statuses.len() < 2, "{rest:?} was answered by {statuses:?}");
        ensure!(heard.closed || !statuses.is_empty(), "{rest:?} was left without an answer");
    }
    // Whoever comes next is served.
    ada.get("/v1/me").await?.is(200)?;
    Ok(Passed)
}

async fn both_lengths(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let smuggled = "GET /v1/smuggled HTTP/1.1\r\nhost: x\r\n\r\n";
    let chunks = format!("13\r\n{{\"title\":\"chunks\"}} \r\n0\r\n\r\n{smuggled}");
    let length = format!("content-length: {}\r\n", chunks.len());
    let encoding = "transfer-encoding: chunked\r\n";
    for head in [format!("{length}{encoding}\r\n"), format!("{encoding}{length}\r\n")] {
        let Some(heard) = hear(&context, &ada, &format!("{head}{chunks}")).await? else {
            return Ok(over_tls());
        };
        let statuses = heard.statuses();
        ensure!(statuses.len() == 1, "the connection went on after it: {statuses:?}");
        match statuses[0] {
            201 => ensure!(heard.json()["title"] == "chunks", "another body was read: {}", heard.text),
            status => ensure!((400..500).contains(&status), "answered with {status}"),
        }
        ensure!(heard.closed, "the connection is open for more");
    }
    Ok(Passed)
}

async fn two_lengths(context: Arc<Context>) -> Outcome {
    refused(
        &context,
        &[
            "content-length: 2\r\ncontent-length: 40\r\n\r\n{}",
            "content-length: 2, 40\r\n\r\n{}",
            "content-length: -2\r\n\r\n{}",
            "content-length: +2\r\n\r\n{}",
        ],
    )
    .await
}

async fn other_encodings(context: Arc<Context>) -> Outcome {
    let rests = [
        "transfer-encoding: gzip\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "transfer-encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "transfer-encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ];
    refused(&context, &rests).await
}

async fn bad_chunks(context: Arc<Context>) -> Outcome {
    let chunked = |size: &str| format!("transfer-encoding: chunked\r\n\r\n{size}\r\n{{}}\r\n0\r\n\r\n");
    let rests = ["zz", "-2", "0x2", "10000000000000000", "2g", ""].map(chunked);
    refused(&context, &rests.each_ref().map(String::as_str)).await
}

async fn crooked_headers(context: Arc<Context>) -> Outcome {
    let rests = [
        "content-length : 2\r\n\r\n{}",
        "x-one: 1\r\n folded: 2\r\ncontent-length: 2\r\n\r\n{}",
        "x-nul: a\0b\r\ncontent-length: 2\r\n\r\n{}",
    ];
    refused(&context, &rests).await
}
