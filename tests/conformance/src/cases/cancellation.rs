//! Stopping a turn.

use std::{sync::Arc, time::Duration};

use anyhow::ensure;
use serde_json::json;

use crate::{
    case::{Outcome, Verdict::Passed, cases},
    context::Context,
    stream::check,
    turn::{self, LONG, SHORT},
};

cases! { "cancellation":
    in_the_middle "A turn stops when it is told to, within seconds, and keeps what it had said.";
    after_the_end "Stopping a turn that has ended, or stopping twice, changes nothing.";
    not_by_strangers "Whoever may not see a turn cannot stop it: it is 404 to them, and goes on.";
}

/// A turn that is stopped on another instance hears of it by the next batch.
const STOPS_WITHIN: Duration = Duration::from_secs(10);

async fn in_the_middle(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let mut asked = turn::ask(&ada, LONG).await?;
    let mut events = vec![asked.started.clone(), asked.events.one().await?];
    turn::cancel(&ada, &asked.id).await?;
    let rest = tokio::time::timeout(STOPS_WITHIN, asked.events.rest()).await;
    let Ok(rest) = rest else { anyhow::bail!("it goes on {} s later", STOPS_WITHIN.as_secs()) };
    events.extend(rest?);
    let message = check(&events)?;
    ensure!(message["status"] == "cancelled", "the answer is {}", message["status"]);
    ensure!(message["content"].as_str().is_some_and(|text| !text.is_empty()), "what it said is lost");
    ensure!(turn::state(&ada, &asked.id).await? == "cancelled", "the turn does not read as cancelled");
    let stored = ada.messages(&asked.conversation).await?;
    ensure!(stored.last() == Some(message), "what was streamed is not what is stored");
    Ok(Passed)
}

async fn after_the_end(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let asked = turn::ask(&ada, SHORT).await?;
    let turn = asked.id.clone();
    asked.whole().await?;
    let before = ada.get(&format!("/v1/turns/{turn}")).await?.is(200)?;
    for _ in 0..2 {
        let after = turn::cancel(&ada, &turn).await?;
        ensure!(after["state"] == "completed" && after["message"] == before["message"], "{after}");
    }
    let unknown = format!("/v1/turns/{}/cancel", uuid::Uuid::now_v7());
    ada.post(&unknown, json!({})).await?.is_problem(404, "turn_not_found")?;
    Ok(Passed)
}

async fn not_by_strangers(context: Arc<Context>) -> Outcome {
    let (ada, eve) = (context.ada().await?, context.eve().await?);
    let mut asked = turn::ask(&ada, LONG).await?;
    let path = format!("/v1/turns/{}/cancel", asked.id);
    eve.post(&path, json!({})).await?.is_problem(404, "turn_not_found")?;
    // Words go on to come.
    for _ in 0..3 {
        let event = asked.events.one().await?;
        ensure!(!event.is_last(), "a stranger stopped it: {}", event.raw);
    }
    turn::cancel(&ada, &asked.id).await?;
    Ok(Passed)
}
