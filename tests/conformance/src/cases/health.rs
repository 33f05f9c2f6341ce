//! How the platform stands.

use std::sync::Arc;

use anyhow::ensure;

use crate::{
    case::{Outcome, Verdict::Passed, cases},
    context::Context,
};

cases! { "health":
    for_everybody "Anybody learns whether the platform works, and nothing of its parts.";
    for_the_signed_in "Who is signed in learns how each part stands.";
    with_a_bad_credential "A token that does not count makes no difference here.";
}

async fn for_everybody(context: Arc<Context>) -> Outcome {
    let health = context.get("/v1/health").await?.is(200)?;
    ensure!(health["status"] == "ok", "the platform is {}", health["status"]);
    ensure!(health.get("dependencies").is_none(), "a stranger is told of the parts");
    Ok(Passed)
}

async fn for_the_signed_in(context: Arc<Context>) -> Outcome {
    let health = context.ada().await?.get("/v1/health").await?.is(200)?;
    for part in ["database", "redis", "edge"] {
        let state = health["dependencies"][part].as_str().unwrap_or_default();
        ensure!(["up", "down", "absent"].contains(&state), "{part} is `{state}`");
    }
    ensure!(health["dependencies"]["database"] == "up", "the database is not up");
    Ok(Passed)
}

async fn with_a_bad_credential(context: Arc<Context>) -> Outcome {
    let request = context.request(reqwest::Method::GET, "/v1/health").bearer_auth("nonsense");
    let health = context.send(request).await?.is(200)?;
    ensure!(health.get("dependencies").is_none(), "a bad token counts");
    Ok(Passed)
}
