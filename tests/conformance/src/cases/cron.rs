//! What the host's schedule calls.

use std::sync::Arc;

use anyhow::ensure;
use reqwest::Method;

use crate::{
    case::{
        Outcome,
        Verdict::{Passed, Skipped},
        cases,
    },
    context::Context,
};

const DAILY: &str = "/v1/cron/daily";
/// A host without a secret refuses everybody.
const REFUSALS: [(u16, &str); 2] = [(401, "invalid_credential"), (503, "cron_not_configured")];

cases! { "cron":
    without_the_secret "Without the secret, with another one, or with a person's token the call is refused.";
    with_the_secret "With the secret the daily call reaches the database, and Redis where there is one.";
}

async fn without_the_secret(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let known = context.target.cron_secret.is_some();
    let requests = [
        context.request(Method::GET, DAILY),
        context.request(Method::GET, DAILY).bearer_auth("not the secret, and long enough"),
        context.request(Method::GET, DAILY).header("authorization", "Bearer "),
        ada.request(Method::GET, DAILY),
    ];
    for request in requests {
        let code = context.send(request).await?.is_problem_of(&REFUSALS)?;
        ensure!(!known || code == "invalid_credential", "the host knows no secret");
    }
    Ok(Passed)
}

async fn with_the_secret(context: Arc<Context>) -> Outcome {
    let Some(secret) = &context.target.cron_secret else {
        return Ok(Skipped("the secret was not given (CRON_SECRET)".into()));
    };
    for _ in 0..2 {
        let request = context.request(Method::GET, DAILY).bearer_auth(secret.expose());
        let touched = context.send(request).await?.is(200)?;
        ensure!(touched["database"] == "ok", "the database is {}", touched["database"]);
        let redis = touched["redis"].as_str().unwrap_or_default();
        ensure!(["ok", "absent"].contains(&redis), "Redis is {redis}");
    }
    Ok(Passed)
}
