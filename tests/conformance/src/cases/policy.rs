//! A workspace's policy.

use std::sync::Arc;

use anyhow::ensure;
use reqwest::Method;
use serde_json::json;

use crate::{
    case::{Outcome, Verdict::Passed, cases},
    context::Context,
};

cases! { "policy":
    put_and_read "A policy is put whole, read back, and goes back to its defaults where a field is left out.";
    stale_and_wrong "A policy from a stale revision is 412, one with a wrong field 422.";
}

async fn put_and_read(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let path = format!("/v1/workspaces/{}/policy", ada.workspace().await?);
    let first = ada.get(&path).await?.is(200)?;
    ensure!(first["on_prem_only"] == false && first["retention_days"].is_null(), "{first}");
    let strict = json!({ "on_prem_only": true, "retention_days": 30 });
    let put = ada.send(Method::PUT, &path, strict).await?.is(200)?;
    ensure!(put["on_prem_only"] == true && put["retention_days"] == 30, "{put}");
    ensure!(ada.get(&path).await?.is(200)? == put, "what is read is not what was put");
    let reset = ada.send(Method::PUT, &path, json!({})).await?.is(200)?;
    ensure!(reset["on_prem_only"] == false && reset["retention_days"].is_null(), "{reset}");
    Ok(Passed)
}

async fn stale_and_wrong(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let path = format!("/v1/workspaces/{}/policy", ada.workspace().await?);
    let first = ada.send(Method::PUT, &path, json!({ "on_prem_only": true })).await?.is(200)?;
    let second = ada.send(Method::PUT, &path, json!({ "on_prem_only": false })).await?.is(200)?;
    ensure!(first["revision"] != second["revision"], "a change without a revision");
    let late =
        ada.send_if_match(Method::PUT, &path, &first["revision"], json!({ "on_prem_only": true })).await?;
    late.is_problem(412, "stale_revision")?;
    for body in [json!({ "on_prem_only": "yes" }), json!({ "retention_days": 1.5 }), json!({ "other": 1 })] {
        ada.send(Method::PUT, &path, body).await?.is_problem(422, "invalid")?;
    }
    Ok(Passed)
}
