//! The members of a workspace.

use std::sync::Arc;

use anyhow::ensure;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    case::{Outcome, Verdict::Passed, cases},
    context::Context,
};

cases! { "members":
    coming_and_going "A person is taken in by address, listed, given another role, and removed; then the workspace is 404 to them.";
    once_only "Taking somebody in twice is 409 `already_member`; somebody who never signed up is 404 `member_not_found`.";
    what_a_viewer_may "A viewer reads, and is told 403 `role_required` for every write.";
    the_last_owner "The last owner can neither leave nor step down: 409 `last_owner`.";
}

async fn coming_and_going(context: Arc<Context>) -> Outcome {
    let (ada, eve) = (context.ada().await?, context.eve().await?);
    let workspace = ada.workspace().await?;
    let members = format!("/v1/workspaces/{workspace}/members");
    let added = ada.post(&members, json!({ "email": eve.session.email, "role": "viewer" })).await?.is(201)?;
    ensure!(added["user_id"] == eve.session.user_id && added["role"] == "viewer", "{added}");
    let page = eve.get(&format!("{members}?limit=200")).await?.is(200)?;
    let roles: Vec<&Value> = page["data"].as_array().into_iter().flatten().map(|row| &row["role"]).collect();
    ensure!(roles.len() == 2 && roles.contains(&&json!("owner")), "{page}");
    let hers = format!("{members}/{}", eve.session.user_id);
    let changed = ada.send(Method::PATCH, &hers, json!({ "role": "member" })).await?.is(200)?;
    ensure!(changed["role"] == "member", "{changed}");
    ada.delete(&hers).await?.is_empty(204)?;
    eve.get(&format!("/v1/workspaces/{workspace}")).await?.is_problem(404, "workspace_not_found")?;
    Ok(Passed)
}

async fn once_only(context: Arc<Context>) -> Outcome {
    let (ada, eve) = (context.ada().await?, context.eve().await?);
    let members = format!("/v1/workspaces/{}/members", ada.workspace().await?);
    let body = json!({ "email": eve.session.email, "role": "member" });
    ada.post(&members, body.clone()).await?.is(201)?;
    ada.post(&members, body).await?.is_problem(409, "already_member")?;
    let nobody = json!({ "email": "nobody@nowhere.invalid", "role": "member" });
    ada.post(&members, nobody).await?.is_problem(404, "member_not_found")?;
    ada.post(&members, json!({ "role": "member" })).await?.is_problem(422, "invalid")?;
    let wrong = json!({ "email": eve.session.email, "role": "king" });
    ada.post(&members, wrong).await?.is_problem(422, "invalid")?;
    Ok(Passed)
}

async fn what_a_viewer_may(context: Arc<Context>) -> Outcome {
    let (ada, eve) = (context.ada().await?, context.eve().await?);
    let workspace = ada.workspace().await?;
    let path = format!("/v1/workspaces/{workspace}");
    let viewer = json!({ "email": eve.session.email, "role": "viewer" });
    ada.post(&format!("{path}/members"), viewer.clone()).await?.is(201)?;
    let made = ada.post("/v1/conversations", json!({ "workspace_id": workspace })).await?.is(201)?;
    let conversation = format!("/v1/conversations/{}", crate::person::id(&made)?);
    eve.get(&conversation).await?.is(200)?;
    eve.get(&format!("{conversation}/messages")).await?.is(200)?;
    eve.get(&format!("{path}/policy")).await?.is(200)?;
    let writes = [
        (Method::POST, "/v1/conversations".to_owned(), json!({ "workspace_id": workspace })),
        (Method::PATCH, conversation.clone(), json!({ "title": "Mine" })),
        (Method::DELETE, conversation.clone(), Value::Null),
        (Method::POST, format!("{conversation}/messages"), json!({ "content": "Hi" })),
        (Method::POST, format!("{path}/members"), viewer),
        (Method::PUT, format!("{path}/policy"), json!({ "on_prem_only": true })),
        (Method::DELETE, path.clone(), Value::Null),
    ];
    for (method, path, body) in writes {
        eve.send(method, &path, body).await?.is_problem(403, "role_required")?;
    }
    Ok(Passed)
}

async fn the_last_owner(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let members = format!("/v1/workspaces/{}/members", ada.workspace().await?);
    let hers = format!("{members}/{}", ada.session.user_id);
    ada.delete(&hers).await?.is_problem(409, "last_owner")?;
    ada.send(Method::PATCH, &hers, json!({ "role": "member" })).await?.is_problem(409, "last_owner")?;
    Ok(Passed)
}
