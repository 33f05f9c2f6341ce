//! Conversations.

use std::{collections::BTreeSet, sync::Arc};

use anyhow::{Context as _, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    case::{Outcome, Verdict::Passed, cases},
    context::Context,
    person::id,
};

cases! { "conversations":
    from_beginning_to_end "A conversation is made, read, changed, cleared of its title and deleted; then it is 404.";
    pages "A list pages through everything once, whatever the page's size.";
    archived_or_not "Archived conversations are listed alone, or left out.";
    queries "Limits, cursors, filters and ids that make no sense are 422 and named.";
    stale "A change from a stale revision is 412, and changes nothing.";
}

/// A query's value, escaped.
pub fn escaped(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn from_beginning_to_end(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let body = json!({ "title": "A river 🙂 “so to say”", "system_prompt": "Be brief." });
    let made = ada.post("/v1/conversations", body.clone()).await?.is(201)?;
    ensure!(made["title"] == body["title"] && made["workspace_id"] == ada.session.personal, "{made}");
    ensure!(made["archived"] == false && made["sensitivity"] == "normal", "{made}");
    let path = format!("/v1/conversations/{}", id(&made)?);
    ensure!(ada.get(&path).await?.is(200)? == made, "what is read is not what was made");
    let changed =
        ada.send(Method::PATCH, &path, json!({ "title": null, "archived": true })).await?.is(200)?;
    ensure!(changed["title"].is_null() && changed["archived"] == true, "{changed}");
    ensure!(changed["system_prompt"] == "Be brief.", "what was left out was changed");
    let page = ada.get(&format!("{path}/messages")).await?.is(200)?;
    ensure!(page == json!({ "data": [], "next_cursor": null }), "{page}");
    ada.delete(&path).await?.is_empty(204)?;
    ada.get(&path).await?.is_problem(404, "conversation_not_found")?;
    ada.get(&format!("{path}/messages")).await?.is_problem(404, "conversation_not_found")?;
    Ok(Passed)
}

async fn pages(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let workspace = ada.workspace().await?;
    let mut made = BTreeSet::new();
    for _ in 0..5 {
        let one = ada.post("/v1/conversations", json!({ "workspace_id": workspace })).await?.is(201)?;
        made.insert(id(&one)?);
    }
    for limit in [1, 2, 5, 200] {
        let (mut seen, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let more = cursor.as_deref().map(|cursor| format!("&cursor={}", escaped(cursor)));
            let query = format!("workspace_id={workspace}&limit={limit}{}", more.unwrap_or_default());
            let page = ada.get(&format!("/v1/conversations?{query}")).await?.is(200)?;
            let rows = page["data"].as_array().context("a page has `data`")?;
            ensure!(rows.len() <= limit, "{} rows on a page of {limit}", rows.len());
            for row in rows {
                seen.push(id(row)?);
            }
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        ensure!(
            seen.len() == 5 && seen.iter().cloned().collect::<BTreeSet<_>>() == made,
            "{limit}: {seen:?}"
        );
    }
    Ok(Passed)
}

async fn archived_or_not(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let workspace = ada.workspace().await?;
    let body = json!({ "workspace_id": workspace });
    let (one, other) = (
        id(&ada.post("/v1/conversations", body.clone()).await?.is(201)?)?,
        id(&ada.post("/v1/conversations", body).await?.is(201)?)?,
    );
    ada.send(Method::PATCH, &format!("/v1/conversations/{one}"), json!({ "archived": true }))
        .await?
        .is(200)?;
    for (query, expected) in [("true", vec![&one]), ("false", vec![&other])] {
        let path = format!("/v1/conversations?workspace_id={workspace}&archived={query}");
        let page = ada.get(&path).await?.is(200)?;
        let ids: Vec<&Value> = page["data"].as_array().into_iter().flatten().map(|row| &row["id"]).collect();
        ensure!(ids == expected, "archived={query}: {ids:?}");
    }
    Ok(Passed)
}

async fn queries(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    for query in ["limit=0", "limit=201", "limit=x", "limit=-1", "cursor=nonsense", "archived=maybe"] {
        ada.get(&format!("/v1/conversations?{query}")).await?.is_problem(422, "invalid")?;
    }
    for path in [
        "/v1/conversations/x",
        "/v1/conversations/1/messages",
        "/v1/turns/..%2f",
        "/v1/workspaces/%00/policy",
    ] {
        let problem = ada.get(path).await?.is_problem(422, "invalid")?;
        ensure!(problem["fields"][0]["field"] == "id", "{path}: {problem}");
    }
    Ok(Passed)
}

async fn stale(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let path = format!("/v1/conversations/{}", ada.conversation().await?);
    let before = ada.get(&path).await?.is(200)?;
    let title = |title: &str| json!({ "title": title });
    ada.send_if_match(Method::PATCH, &path, &before["revision"], title("Seen")).await?.is(200)?;
    let late = ada.send_if_match(Method::PATCH, &path, &before["revision"], title("Unseen")).await?;
    late.is_problem(412, "stale_revision")?;
    ensure!(ada.get(&path).await?.is(200)?["title"] == "Seen", "a stale write was written");
    Ok(Passed)
}
