//! Many at once.

use std::sync::Arc;

use anyhow::ensure;
use futures_util::future::try_join_all;
use serde_json::json;

use crate::{
    case::{Outcome, Verdict::Passed, cases},
    context::Context,
};

cases! { "crowd":
    fifty_reads "50 requests at once are all answered, each to whoever asked.";
    fifty_writes "50 writes at once are all made, once each.";
}

async fn fifty_reads(context: Arc<Context>) -> Outcome {
    let people = [context.ada().await?, context.eve().await?];
    let fifty = (0..50).map(|n| {
        let person = &people[n % 2];
        async move {
            let me = person.get("/v1/me").await?.is(200)?;
            ensure!(me["user_id"] == person.session.user_id, "answered for somebody else");
            Ok(())
        }
    });
    try_join_all(fifty).await?;
    Ok(Passed)
}

async fn fifty_writes(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let workspace = ada.workspace().await?;
    let fifty = (0..50).map(|n| {
        let body = json!({ "workspace_id": workspace, "title": n.to_string() });
        let ada = &ada;
        async move { ada.post("/v1/conversations", body).await?.is(201) }
    });
    try_join_all(fifty).await?;
    let path = format!("/v1/conversations?workspace_id={workspace}&limit=200");
    let page = ada.get(&path).await?.is(200)?;
    let mut titles: Vec<u32> = page["data"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|row| row["title"].as_str()?.parse().ok())
        .collect();
    titles.sort_unstable();
    ensure!(titles == (0..50).collect::<Vec<_>>(), "{} of 50 were made", titles.len());
    Ok(Passed)
}
