//! Workspaces.

use std::sync::Arc;

use anyhow::ensure;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    case::{Outcome, Verdict::Passed, cases},
    context::Context,
    person::id,
};

cases! { "workspaces":
    from_beginning_to_end "A workspace is made, read, listed, renamed and deleted; then it is 404.";
    the_personal_one_stays "A Personal workspace is not deleted: 409 `personal_workspace`.";
    stale_and_wrong "A rename from a stale revision is 412; a name that is missing or of another type is 422.";
}

async fn from_beginning_to_end(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let made = ada.post("/v1/workspaces", json!({ "name": "One" })).await?.is(201)?;
    ensure!(made["kind"] == "team" && made["role"] == "owner" && made["name"] == "One", "{made}");
    let path = format!("/v1/workspaces/{}", id(&made)?);
    ensure!(ada.get(&path).await?.is(200)? == made, "what is read is not what was made");
    ensure!(is_listed(&ada, &made["id"]).await?, "it is not in the list");
    let renamed = ada.send(Method::PATCH, &path, json!({ "name": "Two" })).await?.is(200)?;
    ensure!(renamed["name"] == "Two" && renamed["revision"] != made["revision"], "{renamed}");
    ada.delete(&path).await?.is_empty(204)?;
    ada.get(&path).await?.is_problem(404, "workspace_not_found")?;
    ensure!(!is_listed(&ada, &made["id"]).await?, "it is listed still");
    Ok(Passed)
}

/// Whether any page of the caller's workspaces has it.
async fn is_listed(ada: &crate::person::Person, id: &Value) -> anyhow::Result<bool> {
    let mut path = "/v1/workspaces?limit=200".to_owned();
    loop {
        let page = ada.get(&path).await?.is(200)?;
        if page["data"].as_array().is_some_and(|rows| rows.iter().any(|row| &row["id"] == id)) {
            return Ok(true);
        }
        let Some(cursor) = page["next_cursor"].as_str() else { return Ok(false) };
        path = format!("/v1/workspaces?limit=200&cursor={}", super::conversations::escaped(cursor));
    }
}

async fn the_personal_one_stays(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let path = format!("/v1/workspaces/{}", ada.session.personal);
    ada.delete(&path).await?.is_problem(409, "personal_workspace")?;
    ada.get(&path).await?.is(200)?;
    Ok(Passed)
}

async fn stale_and_wrong(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let path = format!("/v1/workspaces/{}", ada.workspace().await?);
    let before = ada.get(&path).await?.is(200)?;
    let name = |name: &str| json!({ "name": name });
    ada.send_if_match(Method::PATCH, &path, &before["revision"], name("Seen")).await?.is(200)?;
    let stale = ada.send_if_match(Method::PATCH, &path, &before["revision"], name("Unseen")).await?;
    stale.is_problem(412, "stale_revision")?;
    ensure!(ada.get(&path).await?.is(200)?["name"] == "Seen", "a stale write was written");
    for body in [json!({}), json!({ "name": 5 }), json!({ "name": "x", "kind": "personal" })] {
        ada.post("/v1/workspaces", body).await?.is_problem(422, "invalid")?;
    }
    Ok(Passed)
}
