//! The routes that OpenAI's clients call.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    case::{Outcome, Verdict::Passed, cases},
    context::Context,
};

const CHAT: &str = "/v1/chat/completions";

cases! { "openai":
    models "The models are listed.";
    whole "A chat is answered, with its usage.";
    streamed "A chat is streamed in chunks, with its usage where that was asked for, until `[DONE]`.";
    envelope "Refusals come in OpenAI's envelope, with our codes.";
    of_a_workspace "`x-hearth-workspace` takes a workspace of one's own; another's is 404, what is no id 422.";
    embeddings "Embeddings come as OpenAI has them, or 503 `no_embedding_model` where no model makes them.";
}

fn ask() -> Value {
    json!({ "model": "default", "max_tokens": 8, "messages": [{ "role": "user", "content": "Say hello." }] })
}

async fn models(context: Arc<Context>) -> Outcome {
    let list = context.ada().await?.get("/v1/models").await?.is(200)?;
    let models = list["data"].as_array().context("a list has `data`")?;
    ensure!(list["object"] == "list" && !models.is_empty(), "{list}");
    ensure!(models.iter().all(|model| model["id"].is_string()), "a model without an id");
    Ok(Passed)
}

async fn whole(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let answer = ada.post(CHAT, ask()).await?.is(200)?;
    ensure!(answer["choices"][0]["message"]["role"] == "assistant", "{answer}");
    ensure!(
        answer["choices"][0]["message"]["content"].as_str().is_some_and(|text| !text.is_empty()),
        "{answer}"
    );
    ensure!(answer["usage"]["completion_tokens"].as_u64().is_some_and(|count| count > 0), "{answer}");
    let named = json!({ "model": answer["model"], "max_tokens": 1, "messages": ask()["messages"] });
    ada.post(CHAT, named).await?.is(200)?;
    Ok(Passed)
}

async fn streamed(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    for wants_usage in [false, true] {
        let mut body = ask();
        body["stream"] = true.into();
        if wants_usage {
            body["stream_options"] = json!({ "include_usage": true });
        }
        let answer = ada.post(CHAT, body).await?;
        answer.has_status(200)?;
        ensure!(answer.header("content-type").starts_with("text/event-stream"), "no stream");
        let text = std::str::from_utf8(&answer.body)?;
        let data: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
        let (last, chunks) = data.split_last().context("a stream without data")?;
        ensure!(*last == "[DONE]", "the last is {last}");
        let mut usages = 0;
        for chunk in chunks {
            let chunk: Value = serde_json::from_str(chunk)?;
            usages += usize::from(chunk["usage"].is_object());
            ensure!(wants_usage || chunk["choices"] != json!([]), "a chunk that nobody asked for");
        }
        ensure!(!wants_usage || usages == 1, "{usages} counts of tokens");
    }
    Ok(Passed)
}

async fn envelope(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    context.get("/v1/models").await?.is_envelope(401, "invalid_credential")?;
    let wrong = ada.post(CHAT, json!({ "messages": "hi" })).await?.is_envelope(422, "invalid")?;
    ensure!(wrong["error"]["param"] == "messages", "{wrong}");
    ada.post_raw(CHAT, "{").await?.is_envelope(400, "invalid_json")?;
    ada.post_raw(CHAT, r#"{"messages":[{"role":"user","content":"\u0000"}]}"#)
        .await?
        .is_envelope(400, "invalid_text")?;
    let mut unknown = ask();
    unknown["model"] = "no-such-model-99".into();
    ada.post(CHAT, unknown).await?.is_envelope(404, "model_not_found")?;
    ada.post("/v1/embeddings", json!({})).await?.is_envelope(422, "invalid")?;
    Ok(Passed)
}

async fn of_a_workspace(context: Arc<Context>) -> Outcome {
    let (ada, eve) = (context.ada().await?, context.eve().await?);
    let workspace = ada.workspace().await?;
    let request = |person: &crate::person::Person, workspace: &str| {
        let request = person.request(Method::POST, CHAT).header("x-hearth-workspace", workspace);
        context.send(request.json(&ask()))
    };
    request(&ada, &workspace).await?.is(200)?;
    request(&eve, &workspace).await?.is_envelope(404, "workspace_not_found")?;
    request(&ada, "mine").await?.is_envelope(422, "invalid")?;
    Ok(Passed)
}

async fn embeddings(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let answer = ada.post("/v1/embeddings", json!({ "model": "default", "input": ["one", "two"] })).await?;
    if answer.status == 503 {
        answer.is_envelope(503, "no_embedding_model")?;
        return Ok(Passed);
    }
    let list = answer.is(200)?;
    let rows = list["data"].as_array().context("a list has `data`")?;
    ensure!(
        rows.len() == 2 && rows.iter().all(|row| row["embedding"].is_array()),
        "two texts, {} rows",
        rows.len()
    );
    Ok(Passed)
}
