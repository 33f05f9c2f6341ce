//! Clients that leave, and come back. Two of the stated differences are here.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::ensure;

use crate::{
    Host,
    case::{
        Outcome,
        Verdict::{Passed, Skipped},
        cases,
    },
    context::Context,
    person::Person,
    stream::{Events, check, follow_on},
    turn::{self, LONG, SHORT},
};

/// Workers close a turn this long after its client has left.
const WORKERS_CLOSE_AFTER: Duration = Duration::from_secs(25);
/// A resumed stream that goes on for so long is not cut by a count of subrequests, which lasts for 17 s of looks.
const FOLLOWED_FOR: Duration = Duration::from_secs(24);

cases! { "leaving":
    left_early "A turn whose client leaves at the first word is finished and stored all the same.";
    left_for_long "A turn goes on for longer than 25 s after its client has left. (On Workers it is closed as `interrupted`, with what it had said.)";
    followed_for_long "A resumed stream goes on as long as its turn. (On Workers it ends after 40 subrequests with `retry: 1000`, and goes on by `Last-Event-ID`.)";
}

async fn left_early(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let mut asked = turn::ask(&ada, SHORT).await?;
    asked.events.one().await?;
    let (turn, conversation) = (asked.id.clone(), asked.conversation.clone());
    drop(asked);
    let state = ended(&ada, &turn, Duration::from_secs(40)).await?;
    ensure!(state == "completed", "the turn is {state}");
    let stored = ada.messages(&conversation).await?;
    ensure!(stored.len() == 2 && stored[1]["status"] == "completed", "the answer is not stored");
    let told = Events::of(ada.events(&turn, None).await?).await?.rest().await?;
    ensure!(check(&told)? == &stored[1], "what is told later is not what is stored");
    Ok(Passed)
}

/// Waits until a turn has ended, and no longer than `limit`; gives its state.
async fn ended(person: &Person, turn: &str, limit: Duration) -> anyhow::Result<String> {
    let began = Instant::now();
    loop {
        let state = turn::state(person, turn).await?;
        if state != "pending" || began.elapsed() > limit {
            return Ok(state);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn left_for_long(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let mut asked = turn::ask(&ada, LONG).await?;
    asked.events.one().await?;
    let turn = asked.id.clone();
    drop(asked);
    let left = Instant::now();
    let closes = context.target.host == Host::Cloudflare;
    let state =
        ended(&ada, &turn, WORKERS_CLOSE_AFTER + Duration::from_secs(if closes { 12 } else { 3 })).await?;
    let after = left.elapsed();
    if state == "pending" {
        turn::cancel(&ada, &turn).await?;
    }
    match state.as_str() {
        "completed" if after < WORKERS_CLOSE_AFTER => {
            Ok(Skipped(format!("the model was done after {} s", after.as_secs())))
        }
        "interrupted" if closes => {
            ensure!(
                after + Duration::from_secs(3) > WORKERS_CLOSE_AFTER,
                "closed after {} s",
                after.as_secs()
            );
            let read = ada.get(&format!("/v1/turns/{turn}")).await?.is(200)?;
            ensure!(read["message"]["status"] == "interrupted", "{read}");
            let said = read["message"]["content"].as_str().unwrap_or_default();
            ensure!(!said.is_empty(), "what it had said is lost");
            Ok(Passed)
        }
        "pending" | "completed" if !closes => Ok(Passed),
        _ => anyhow::bail!("the turn is {state} {} s after its client left", after.as_secs()),
    }
}

async fn followed_for_long(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let mut asked = turn::ask(&ada, LONG).await?;
    let turn = asked.id.clone();
    let mut followed = Events::of(ada.events(&turn, None).await?).await?;
    // The first reader stays, so that the turn goes on.
    let reading = tokio::spawn(async move { asked.events.rest().await });
    let (began, mut told) = (Instant::now(), Vec::new());
    while began.elapsed() < FOLLOWED_FOR {
        match tokio::time::timeout(FOLLOWED_FOR, followed.next()).await {
            Ok(Ok(Some(event))) if event.is_last() => {
                reading.abort();
                return Ok(Skipped(format!("the model was done after {} s", began.elapsed().as_secs())));
            }
            Ok(Ok(Some(event))) => told.push(event),
            Ok(Ok(None)) | Err(_) => break,
            Ok(Err(error)) => return Err(error),
        }
    }
    let cut = began.elapsed() < FOLLOWED_FOR;
    ensure!(
        cut == (context.target.host == Host::Cloudflare),
        "it ended after {} s",
        began.elapsed().as_secs()
    );
    if cut {
        ensure!(followed.resumes, "it ended without `retry: 1000`");
        let last = told.last().map(|event| event.id.clone());
        followed = Events::of(ada.events(&turn, last.as_deref()).await?).await?;
    }
    turn::cancel(&ada, &turn).await?;
    told.extend(followed.rest().await?);
    follow_on(&told, &turn, 0)?;
    let message = check(&told)?;
    ensure!(message["status"] == "cancelled", "the turn is {}", message["status"]);
    reading.await??;
    Ok(Passed)
}
