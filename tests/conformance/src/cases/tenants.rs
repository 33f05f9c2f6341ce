//! Other people's things: not there.

use std::sync::Arc;

use anyhow::ensure;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    case::{Outcome, Verdict::Passed, cases},
    context::Context,
    turn,
};

cases! { "tenants":
    every_id "Another tenant's id is 404 on each route that takes one, and looks the same as an id that nobody has.";
    the_same_id "Another tenant's id can be used by oneself: ids say nothing about anybody else's.";
}

async fn every_id(context: Arc<Context>) -> Outcome {
    let (ada, eve) = (context.ada().await?, context.eve().await?);
    let workspace = ada.workspace().await?;
    let asked = turn::ask(&ada, 4).await?;
    let (turn, conversation) = (asked.id.clone(), asked.conversation.clone());
    asked.whole().await?;
    let at = |path: &str| {
        let path = path.replace("{w}", &workspace).replace("{c}", &conversation).replace("{t}", &turn);
        path.replace("{u}", &ada.session.user_id)
    };
    let routes = [
        (Method::GET, "/v1/workspaces/{w}", Value::Null),
        (Method::PATCH, "/v1/workspaces/{w}", json!({ "name": "Mine" })),
        (Method::DELETE, "/v1/workspaces/{w}", Value::Null),
        (Method::GET, "/v1/workspaces/{w}/members", Value::Null),
        (Method::POST, "/v1/workspaces/{w}/members", json!({ "email": eve.session.email, "role": "owner" })),
        (Method::PATCH, "/v1/workspaces/{w}/members/{u}", json!({ "role": "viewer" })),
        (Method::DELETE, "/v1/workspaces/{w}/members/{u}", Value::Null),
        (Method::GET, "/v1/workspaces/{w}/policy", Value::Null),
        (Method::PUT, "/v1/workspaces/{w}/policy", json!({ "on_prem_only": true })),
        (Method::GET, "/v1/conversations?workspace_id={w}", Value::Null),
        (Method::GET, "/v1/conversations/{c}", Value::Null),
        (Method::PATCH, "/v1/conversations/{c}", json!({ "title": "Mine" })),
        (Method::DELETE, "/v1/conversations/{c}", Value::Null),
        (Method::GET, "/v1/conversations/{c}/messages", Value::Null),
        (Method::POST, "/v1/conversations/{c}/messages", json!({ "content": "Hi" })),
        (Method::GET, "/v1/turns/{t}", Value::Null),
        (Method::GET, "/v1/turns/{t}/events", Value::Null),
        (Method::POST, "/v1/turns/{t}/cancel", json!({})),
    ];
    for (method, path, body) in routes {
        let real = eve.send(method.clone(), &at(path), body.clone()).await?;
        let nobodys = ["{w}", "{c}", "{t}"]
            .iter()
            .fold(path.to_owned(), |path, name| path.replace(name, &Uuid::now_v7().to_string()));
        let unknown = eve.send(method, &nobodys.replace("{u}", &ada.session.user_id), body).await?;
        let code = real.json()?["code"].as_str().unwrap_or_default().to_owned();
        let (real, unknown) = (real.is_problem(404, &code)?, unknown.is_problem(404, &code)?);
        ensure!(real["detail"] == unknown["detail"], "{path}: {} tells the two apart", real["detail"]);
    }
    let foreign = eve.post("/v1/conversations", json!({ "workspace_id": workspace })).await?;
    foreign.is_problem(404, "workspace_not_found")?;
    ensure!(ada.messages(&conversation).await?.len() == 2, "one of them changed something");
    Ok(Passed)
}

async fn the_same_id(context: Arc<Context>) -> Outcome {
    let (ada, eve) = (context.ada().await?, context.eve().await?);
    let conversation = ada.conversation().await?;
    let hers =
        eve.post("/v1/conversations", json!({ "id": conversation, "title": "Eve's" })).await?.is(201)?;
    ensure!(hers["title"] == "Eve's" && hers["workspace_id"] == eve.session.personal, "{hers}");
    let kept = ada.get(&format!("/v1/conversations/{conversation}")).await?.is(200)?;
    ensure!(kept["title"].is_null(), "it was written over: {kept}");
    Ok(Passed)
}
