//! The caller's own profile.

use std::sync::Arc;

use anyhow::ensure;
use reqwest::Method;
use serde_json::json;

use crate::{
    case::{Outcome, Verdict::Passed, cases},
    context::Context,
};

cases! { "me":
    read "`GET /v1/me` says who calls, and names their Personal workspace.";
    change "A name is changed, and stays changed; a stale `If-Match` is 412, a crooked one and a wrong field 422.";
}

async fn read(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let me = ada.get("/v1/me").await?.is(200)?;
    ensure!(me["user_id"] == ada.session.user_id && me["email"] == ada.session.email, "somebody else");
    ensure!(me["revision"].is_i64() && me["created_at"].is_string() && me["updated_at"].is_string(), "{me}");
    let personal = ada.get(&format!("/v1/workspaces/{}", ada.session.personal)).await?.is(200)?;
    ensure!(personal["kind"] == "personal" && personal["role"] == "owner", "{personal}");
    Ok(Passed)
}

async fn change(context: Arc<Context>) -> Outcome {
    let eve = context.eve().await?;
    let before = eve.get("/v1/me").await?.is(200)?;
    let name = format!("Eve {}", uuid::Uuid::now_v7().simple());
    let changed = eve.send(Method::PATCH, "/v1/me", json!({ "display_name": name })).await?.is(200)?;
    ensure!(changed["display_name"] == name && changed["revision"] != before["revision"], "{changed}");
    ensure!(eve.get("/v1/me").await?.is(200)? == changed, "what is read is not what was written");
    let body = || json!({ "display_name": "Too late" });
    let stale = eve.send_if_match(Method::PATCH, "/v1/me", &before["revision"], body()).await?;
    stale.is_problem(412, "stale_revision")?;
    let crooked = eve.send_if_match(Method::PATCH, "/v1/me", &json!("newest"), body()).await?;
    crooked.is_problem(422, "invalid")?;
    let wrong = eve.send(Method::PATCH, "/v1/me", json!({ "user_id": eve.session.user_id })).await?;
    wrong.is_problem(422, "invalid")?;
    Ok(Passed)
}
