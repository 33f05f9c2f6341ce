//! The same request twice has the effect of one.

use std::sync::Arc;

use anyhow::ensure;
use futures_util::future::try_join_all;
use serde_json::json;
use uuid::Uuid;

use crate::{
    case::{Outcome, Verdict::Passed, cases},
    context::Context,
    stream::{check, raw},
    turn::{self, SHORT},
};

cases! { "idempotency":
    creates "A create repeated with the same id and body gives the same object; with another body it is 409 `id_reused`.";
    creates_at_once "The same create four times at once makes one object.";
    turns_at_once "The same turn four times at once is one turn, told to each byte for byte.";
    whole_and_streamed "A turn that was streamed can be asked for whole by the same id; with another body it is 409.";
}

async fn creates(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    for (path, field) in [("/v1/workspaces", "name"), ("/v1/conversations", "title")] {
        let id = Uuid::now_v7();
        let body = |text: &str| json!({ "id": id, field: text });
        let first = ada.post(path, body("One")).await?.is(201)?;
        let again = ada.post(path, body("One")).await?.is(201)?;
        ensure!(first == again && first["id"] == id.to_string(), "{first} and then {again}");
        ada.post(path, body("Two")).await?.is_problem(409, "id_reused")?;
    }
    Ok(Passed)
}

async fn creates_at_once(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let body = json!({ "id": Uuid::now_v7(), "title": "One" });
    let four = (0..4).map(|_| async { ada.post("/v1/conversations", body.clone()).await?.is(201) });
    let made = try_join_all(four).await?;
    ensure!(made.iter().all(|one| one == &made[0]), "{made:?}");
    Ok(Passed)
}

async fn turns_at_once(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let conversation = ada.conversation().await?;
    let body = turn::body(SHORT);
    let four = (0..4).map(|_| async { turn::send(&ada, &conversation, &body).await?.whole().await });
    let told = try_join_all(four).await?;
    for events in &told {
        check(events)?;
        ensure!(raw(events) == raw(&told[0]), "two of them were told different things");
    }
    ensure!(ada.messages(&conversation).await?.len() == 2, "it was asked more than once");
    Ok(Passed)
}

async fn whole_and_streamed(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let conversation = ada.conversation().await?;
    let mut body = turn::body(SHORT);
    let events = turn::send(&ada, &conversation, &body).await?.whole().await?;
    let message = check(&events)?;
    body["stream"] = false.into();
    let path = turn::path(&conversation);
    let again = ada.post(&path, body.clone()).await?.is(200)?;
    ensure!(&again == message, "whole it is another answer: {again}");
    body["content"] = "Something else.".into();
    ada.post(&path, body).await?.is_problem(409, "id_reused")?;
    Ok(Passed)
}
