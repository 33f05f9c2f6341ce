//! A stream that is cut goes on from where it was.

use std::sync::Arc;

use anyhow::ensure;
use serde_json::Value;

use crate::{
    case::{Outcome, Verdict::Passed, cases},
    context::Context,
    stream::{Events, check, raw},
    turn::{self, SHORT, SOME},
};

cases! { "resumption":
    from_every_event "After the turn each `Last-Event-ID` is answered by the events after it, byte for byte, and the last one by 204.";
    while_it_runs "A second reader who comes while the turn runs is told the same bytes from the start.";
    cut_and_resumed "A stream that is cut in the middle of the turn goes on after the last event seen, without a gap.";
    sent_again "A turn that is sent again is told again from the start.";
    crooked_ids "A `Last-Event-ID` of another turn, or of none, is 422.";
}

async fn from_every_event(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let whole = turn::ask(&ada, SHORT).await?.whole().await?;
    check(&whole)?;
    let turn = whole[0].data["turn_id"].as_str().unwrap_or_default();
    let again = Events::of(ada.events(turn, None).await?).await?.rest().await?;
    ensure!(raw(&again) == raw(&whole), "from the start it is another stream");
    let Some((last, others)) = whole.split_last() else { anyhow::bail!("a stream without events") };
    for (seen, event) in others.iter().enumerate() {
        let rest = Events::of(ada.events(turn, Some(&event.id)).await?).await?.rest().await?;
        ensure!(raw(&rest) == raw(&whole[seen + 1..]), "after {} it is another stream", event.id);
    }
    let nothing = ada.events(turn, Some(&last.id)).await?;
    ensure!(nothing.status() == 204, "{} where nothing is left to tell", nothing.status());
    Ok(Passed)
}

async fn while_it_runs(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let mut asked = turn::ask(&ada, SOME).await?;
    asked.events.one().await?;
    let mut second = Events::of(ada.events(&asked.id, None).await?).await?;
    let told = second.rest().await?;
    let turn = asked.id.clone();
    // The first reader reads on only now: one who is slow holds nobody up.
    asked.events.rest().await?;
    let whole = Events::of(ada.events(&turn, None).await?).await?.rest().await?;
    check(&told)?;
    ensure!(raw(&told) == raw(&whole), "the second reader was told something else");
    Ok(Passed)
}

async fn cut_and_resumed(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let mut asked = turn::ask(&ada, SOME).await?;
    let mut seen = vec![asked.started.clone(), asked.events.one().await?, asked.events.one().await?];
    let turn = asked.id.clone();
    drop(asked);
    // A host may end a resumed stream early, too; then the client comes again.
    while !seen.last().is_some_and(crate::stream::Event::is_last) {
        let last = seen.last().map(|event| event.id.clone());
        let more = Events::of(ada.events(&turn, last.as_deref()).await?).await?.rest().await?;
        ensure!(!more.is_empty(), "a resumed stream told nothing new");
        seen.extend(more);
    }
    let message: &Value = check(&seen)?;
    ensure!(message["status"] == "completed", "the turn is {}", message["status"]);
    Ok(Passed)
}

async fn sent_again(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let conversation = ada.conversation().await?;
    let body = turn::body(SHORT);
    let first = turn::send(&ada, &conversation, &body).await?.whole().await?;
    let again = turn::send(&ada, &conversation, &body).await?.whole().await?;
    ensure!(raw(&first) == raw(&again), "the second time it is another stream");
    ensure!(ada.messages(&conversation).await?.len() == 2, "it was asked twice");
    Ok(Passed)
}

async fn crooked_ids(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let whole = turn::ask(&ada, 4).await?.whole().await?;
    let turn = whole[0].data["turn_id"].as_str().unwrap_or_default();
    let other = uuid::Uuid::now_v7();
    for wrong in [
        format!("{other}:1"),
        format!("{turn}:"),
        format!("{turn}:-1"),
        format!("{turn}:4294967296"),
        "x".into(),
    ] {
        let path = format!("/v1/turns/{turn}/events");
        let request = ada.request(reqwest::Method::GET, &path).header("last-event-id", &wrong);
        context.send(request).await?.is_problem(422, "invalid")?;
    }
    Ok(Passed)
}
