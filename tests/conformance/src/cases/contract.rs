//! The contract itself: its document, its page, what is not there, and whether every route has a case.

use std::{collections::BTreeSet, sync::Arc};

use anyhow::{Context as _, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    case::{Case, Outcome, Verdict::Passed, cases},
    context::{Context, template},
};

cases! { "contract":
    document "`/openapi.json` is an OpenAPI 3 document that names each route, its credential and its answers.";
    page "`/docs` is one page that loads nothing from elsewhere, and says so to the browser.";
    no_such_route "A path that is no route is 404 `route_not_found`, whoever asks.";
    no_such_method "A method that a route does not take is 405 `method_not_allowed`, and `Allow` lists those it takes.";
    head "HEAD is answered as GET is, without the body.";
}

/// Looks back at the whole run.
pub const EVERY_ROUTE: Case = Case {
    theme: "coverage",
    name: "every_route",
    proves: "Every route of `/openapi.json` was called by a case of this run.",
    run: |context| Box::pin(every_route(context)),
};

/// The document's operations: method, path, and the operation itself.
pub async fn operations(context: &Context) -> anyhow::Result<Vec<(Method, String, Value)>> {
    let document = context.get("/openapi.json").await?.is(200)?;
    let paths = document["paths"].as_object().context("the document has paths")?;
    let mut operations = Vec::new();
    for (path, item) in paths {
        for (name, operation) in item.as_object().into_iter().flatten() {
            // Beside its operations a path may have `parameters` and a `summary`.
            if ["get", "put", "post", "delete", "patch"].contains(&name.as_str()) {
                let method = Method::from_bytes(name.to_uppercase().as_bytes())?;
                operations.push((method, path.clone(), operation.clone()));
            }
        }
    }
    Ok(operations)
}

async fn document(context: Arc<Context>) -> Outcome {
    let document = context.get("/openapi.json").await?.is(200)?;
    ensure!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.")), "not OpenAPI 3");
    ensure!(document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer", "no bearer scheme");
    let operations = operations(&context).await?;
    ensure!(operations.len() > 20, "{} operations are too few", operations.len());
    for (method, path, operation) in operations {
        let answers = operation["responses"].as_object().map_or(0, serde_json::Map::len);
        ensure!(answers > 0, "{method} {path} states no answer");
        ensure!(operation["summary"].is_string(), "{method} {path} says not what it does");
    }
    Ok(Passed)
}

async fn page(context: Arc<Context>) -> Outcome {
    let page = context.get("/docs").await?;
    page.has_status(200)?;
    ensure!(page.header("content-type").starts_with("text/html"), "not a page");
    let policy = page.header("content-security-policy");
    ensure!(policy.contains("default-src 'none'"), "the policy is `{policy}`");
    ensure!(page.header("x-content-type-options") == "nosniff", "no nosniff");
    let text = String::from_utf8_lossy(&page.body);
    ensure!(!text.contains("src=\"http") && !text.contains("href=\"http"), "the page loads from elsewhere");
    Ok(Passed)
}

async fn no_such_route(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    for path in ["/v1/nowhere", "/v2/me", "/v1/me/", "/v1//me", "/v1/conversations/x/y/z"] {
        context.get(path).await?.is_problem(404, "route_not_found")?;
        ada.post(path, json!({})).await?.is_problem(404, "route_not_found")?;
    }
    Ok(Passed)
}

async fn no_such_method(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let answer = ada.send(Method::PUT, "/v1/me", json!({})).await?;
    answer.is_problem(405, "method_not_allowed")?;
    let allowed = answer.header("allow");
    ensure!(allowed.contains("GET") && allowed.contains("PATCH"), "Allow is `{allowed}`");
    ada.delete("/v1/models").await?.is_problem(405, "method_not_allowed")?;
    Ok(Passed)
}

async fn head(context: Arc<Context>) -> Outcome {
    let answer = context.send(context.request(Method::HEAD, "/v1/health")).await?;
    answer.is_empty(200)?;
    Ok(Passed)
}

async fn every_route(context: Arc<Context>) -> Outcome {
    let called = context.called();
    let operations = operations(&context).await?;
    let routes = operations.iter().map(|(method, path, _)| format!("{method} {}", template(path)));
    let missing: BTreeSet<String> = routes.filter(|route| !called.contains(route)).collect();
    ensure!(missing.is_empty(), "no case calls {missing:?}");
    Ok(Passed)
}
