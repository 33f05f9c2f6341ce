//! Compressed answers.

use std::{io::Read, sync::Arc};

use anyhow::{Context as _, ensure};
use flate2::read::GzDecoder;
use reqwest::Method;

use crate::{
    Host,
    case::{Outcome, Verdict::Passed, cases},
    context::Context,
    stream::{Events, check},
    turn,
};

cases! { "compression":
    what_is_long "An answer over 1 KB is gzip-compressed for whoever asks for it, and is the same one; nobody else gets it so.";
    what_is_short "A short answer is not compressed.";
    streams_never "A stream is not compressed, whoever asks: what is compressed is held back.";
}

async fn what_is_long(context: Arc<Context>) -> Outcome {
    let path = "/openapi.json";
    let request = context.request(Method::GET, path).header("accept-encoding", "gzip");
    let answer = context.send(request).await?;
    answer.has_status(200)?;
    ensure!(
        answer.header("content-encoding") == "gzip",
        "content-encoding is `{}`",
        answer.header("content-encoding")
    );
    let vary = answer.headers.get_all("vary").iter().any(|value| {
        value.to_str().is_ok_and(|names| names.to_ascii_lowercase().contains("accept-encoding"))
    });
    ensure!(vary, "Vary does not name Accept-Encoding");
    let mut text = Vec::new();
    GzDecoder::new(&answer.body[..]).read_to_end(&mut text).context("it is not gzip, or compressed twice")?;
    let plain =
        context.send(context.request(Method::GET, path).header("accept-encoding", "identity")).await?;
    ensure!(plain.header("content-encoding").is_empty(), "compressed for one who did not ask");
    ensure!(plain.body == text, "compressed it is another answer");
    ensure!(answer.body.len() * 2 < text.len(), "{} of {} bytes", answer.body.len(), text.len());
    Ok(Passed)
}

async fn what_is_short(context: Arc<Context>) -> Outcome {
    let request = context.request(Method::GET, "/v1/health").header("accept-encoding", "gzip");
    let answer = context.send(request).await?;
    // A platform's front may compress what it likes, workerd's too; ours does not.
    let has_front = !context.target.is_near() || context.target.host == Host::Cloudflare;
    let encoding = answer.header("content-encoding");
    ensure!(encoding.is_empty() || has_front, "content-encoding is `{encoding}`");
    Ok(Passed)
}

async fn streams_never(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let conversation = ada.conversation().await?;
    let request = ada.request(Method::POST, &turn::path(&conversation)).json(&turn::body(turn::SHORT));
    let (_, response) = context.open(request.header("accept-encoding", "gzip, br")).await?;
    let events = Events::of(response).await?.rest().await?;
    check(&events)?;
    Ok(Passed)
}
