//! Bodies that come slowly or are cut short, and clients that read slowly.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::ensure;
use uuid::Uuid;

use crate::{
    Host,
    case::{
        Outcome,
        Verdict::{Passed, Skipped},
        cases,
    },
    context::Context,
    raw::{Raw, over_tls, post},
    turn::{self, SHORT},
};

/// A body that trickles is refused after ten seconds; some more for a busy machine.
const REFUSED_WITHIN: Duration = Duration::from_secs(20);
const SECOND: Duration = Duration::from_secs(1);
const PATH: &str = "/v1/conversations";

cases! { "slow_bodies":
    cut_short "A body that is cut short is refused, if anybody is left to hear it, and nothing of it is stored.";
    slow_but_whole "A body of a few bytes, one a second, is served once it is whole.";
    one_byte_a_second "A body that would come for minutes is refused within seconds, 408 `body_too_slow`.";
    read_slowly "A client that reads one byte at a time holds up nobody: its turn is finished meanwhile.";
}

async fn cut_short(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let id = Uuid::now_v7();
    let begun = format!("{{\"id\":\"{id}\",\"title\":\"cut");
    let by_length = format!("content-length: 200\r\n\r\n{begun}");
    let by_chunks = format!("transfer-encoding: chunked\r\n\r\n{:x}\r\n{begun}\r\n", begun.len());
    let in_a_chunk = format!("transfer-encoding: chunked\r\n\r\nc8\r\n{begun}");
    for rest in [by_length, by_chunks, in_a_chunk] {
        let Some(mut raw) = Raw::open(&context.target).await? else { return Ok(over_tls()) };
        raw.write(post(&raw, &ada, PATH, &rest)).await?;
        raw.end().await?;
        let heard = raw.read(REFUSED_WITHIN).await;
        ensure!(heard.closed, "the connection is open {} s later", REFUSED_WITHIN.as_secs());
        ensure!(heard.is_refusal(), "it was answered: {}", heard.text);
    }
    ada.get(&format!("/v1/conversations/{id}")).await?.is_problem(404, "conversation_not_found")?;
    Ok(Passed)
}

async fn slow_but_whole(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let Some(mut raw) = Raw::open(&context.target).await? else { return Ok(over_tls()) };
    raw.write(post(&raw, &ada, PATH, "content-length: 4\r\nconnection: close\r\n\r\n")).await?;
    for byte in b"{ } " {
        tokio::time::sleep(SECOND).await;
        raw.write([*byte]).await?;
    }
    let heard = raw.read(REFUSED_WITHIN).await;
    ensure!(heard.statuses() == [201], "{}", heard.text);
    Ok(Passed)
}

async fn one_byte_a_second(context: Arc<Context>) -> Outcome {
    if context.target.host == Host::Lambda {
        return Ok(Skipped("the front reads a body whole before it calls the function".into()));
    }
    let ada = context.ada().await?;
    let Some(mut raw) = Raw::open(&context.target).await? else { return Ok(over_tls()) };
    raw.write(post(&raw, &ada, PATH, "content-length: 600\r\n\r\n{\"title\":\"")).await?;
    let began = Instant::now();
    let heard = loop {
        // A byte that cannot be written is one more sign that the other side has had enough.
        let written = raw.write(b"x").await;
        let heard = raw.read(SECOND).await;
        if heard.closed || !heard.text.is_empty() || written.is_err() {
            break heard;
        }
        ensure!(began.elapsed() < REFUSED_WITHIN, "it is listened to {} s later", began.elapsed().as_secs());
    };
    ensure!(heard.statuses() == [408], "{}", heard.text);
    ensure!(heard.json()["code"] == "body_too_slow", "{}", heard.text);
    Ok(Passed)
}

async fn read_slowly(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let conversation = ada.conversation().await?;
    let body = turn::body(SHORT);
    let text = body.to_string();
    let Some(mut raw) = Raw::open(&context.target).await? else { return Ok(over_tls()) };
    let path = turn::path(&conversation);
    raw.write(post(&raw, &ada, &path, &format!("content-length: {}\r\n\r\n{text}", text.len()))).await?;
    let turn = body["id"].as_str().unwrap_or_default();
    let began = Instant::now();
    loop {
        ensure!(raw.read_some(1).await?.is_some(), "the connection was closed");
        let answer = ada.get(&format!("/v1/turns/{turn}")).await?;
        // The question is stored a moment after the first byte is asked for.
        if answer.status == 200 && answer.json()?["state"] == "completed" {
            break;
        }
        ensure!(began.elapsed() < Duration::from_secs(60), "the turn waits for its reader");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    ensure!(ada.messages(&conversation).await?.len() == 2, "the answer is not stored");
    Ok(Passed)
}
