//! Turns: what is asked, and how the answer comes.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::{
    case::{Outcome, Verdict::Passed, cases},
    context::Context,
    person::id,
    stream::check,
    turn::{self, LONG, SHORT, SOME},
};

/// An answer that was held back comes all at once; one that was not comes over a longer time than this.
const AT_ONCE: Duration = Duration::from_millis(100);

cases! { "turns":
    streamed "A turn's events come in their order and shape, and what was streamed is what is stored.";
    in_real_time "The first delta arrives before the last one is made.";
    pending_while_it_runs "While its stream runs a turn reads as `pending`: the stream is no recording.";
    whole "With `\"stream\": false` the answer is the completed message.";
    read_later "A turn can be read with its answer.";
    history "The next turn's prompt holds what was said before.";
    branches "An edited question is a branch, and a question can be answered again.";
    private "A private question is answered by a local model or not at all, and so is each one after it.";
    no_such_model "A model that is not there is 404 `model_not_found`.";
}

async fn streamed(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let mut asked = turn::ask(&ada, SHORT).await?;
    let conversation = asked.conversation.clone();
    let mut events = vec![asked.started.clone()];
    events.extend(asked.events.rest().await?);
    ensure!(asked.events.greeted, "no comment came first, so that proxies may hold the stream back");
    ensure!(!asked.events.resumes, "a whole stream says that it is to be resumed");
    let message = check(&events)?;
    ensure!(message["status"] == "completed" && message["role"] == "assistant", "{message}");
    ensure!(message["usage"]["completion_tokens"].as_u64().is_some_and(|count| count > 0), "no usage");
    let stored = ada.messages(&conversation).await?;
    ensure!(stored.len() == 2 && stored[0]["role"] == "user", "{} messages are stored", stored.len());
    ensure!(&stored[1] == message, "what was streamed is not what is stored");
    let question = &events[0].data["user_message"];
    // Its revision may be newer by now: its tokens were counted.
    for name in ["id", "content", "parent_id", "created_at"] {
        ensure!(stored[0][name] == question[name], "the question's {name} is not what is stored");
    }
    Ok(Passed)
}

async fn in_real_time(context: Arc<Context>) -> Outcome {
    let events = turn::ask(&context.ada().await?, SOME).await?.whole().await?;
    check(&events)?;
    let deltas: Vec<_> = events.iter().filter(|event| event.name == "message.delta").collect();
    let (Some(first), Some(last)) = (deltas.first(), deltas.last()) else {
        anyhow::bail!("the model said nothing")
    };
    let over = last.at.duration_since(first.at);
    ensure!(deltas.len() > 2, "the model said too little: {} deltas", deltas.len());
    ensure!(
        over > AT_ONCE,
        "{} deltas within {} ms: the stream was held back",
        deltas.len(),
        over.as_millis()
    );
    Ok(Passed)
}

async fn pending_while_it_runs(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let mut asked = turn::ask(&ada, LONG).await?;
    let delta = asked.events.one().await?;
    ensure!(["message.delta", "message.reasoning"].contains(&delta.name.as_str()), "{}", delta.raw);
    let state = turn::state(&ada, &asked.id).await?;
    turn::cancel(&ada, &asked.id).await?;
    ensure!(state == "pending", "the turn was {state} when its first words came");
    Ok(Passed)
}

async fn whole(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let conversation = ada.conversation().await?;
    let mut body = turn::body(SHORT);
    body["stream"] = false.into();
    let message = ada.post(&turn::path(&conversation), body.clone()).await?.is(200)?;
    ensure!(message["id"] == body["id"] && message["status"] == "completed", "{message}");
    ensure!(message["content"].as_str().is_some_and(|text| !text.is_empty()), "an empty answer");
    ensure!(ada.messages(&conversation).await?.last() == Some(&message), "it is not what is stored");
    Ok(Passed)
}

async fn read_later(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let asked = turn::ask(&ada, SHORT).await?;
    let turn = asked.id.clone();
    let events = asked.whole().await?;
    let message = check(&events)?;
    let read = ada.get(&format!("/v1/turns/{turn}")).await?.is(200)?;
    ensure!(read["state"] == "completed" && &read["message"] == message, "{read}");
    ensure!(read["finished_at"].is_string() && read["user_id"] == ada.session.user_id, "{read}");
    Ok(Passed)
}

async fn history(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let conversation = ada.conversation().await?;
    let mut counts = Vec::new();
    for _ in 0..2 {
        let events = turn::send(&ada, &conversation, &turn::body(SHORT)).await?.whole().await?;
        counts.push(check(&events)?["usage"]["prompt_tokens"].as_u64().context("a count of tokens")?);
    }
    ensure!(counts[1] > counts[0], "the second prompt has {} tokens, the first {}", counts[1], counts[0]);
    let stored = ada.messages(&conversation).await?;
    let parents: Vec<&Value> = stored.iter().skip(1).map(|row| &row["parent_id"]).collect();
    let before: Vec<&Value> = stored.iter().map(|row| &row["id"]).take(3).collect();
    ensure!(parents == before, "each message follows the one before: {parents:?}");
    Ok(Passed)
}

async fn branches(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let conversation = ada.conversation().await?;
    let path = turn::path(&conversation);
    let ask = |more: Value| {
        let mut body = json!({ "stream": false, "max_tokens": 4 });
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name.as_str()] = value.clone();
        }
        ada.post(&path, body)
    };
    let first = ask(json!({ "content": "Hello." })).await?.is(200)?;
    let edited = ask(json!({ "content": "Hello!", "parent_id": null })).await?.is(200)?;
    ensure!(edited["parent_id"] != first["parent_id"], "the edited question is the first one");
    let again = ask(json!({ "parent_id": first["parent_id"] })).await?.is(200)?;
    ensure!(again["parent_id"] == first["parent_id"] && id(&again)? != id(&first)?, "{again}");
    let rows = ada.messages(&conversation).await?;
    ensure!(rows.len() == 5, "{} messages instead of two questions and three answers", rows.len());
    Ok(Passed)
}

async fn private(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let conversation = ada.conversation().await?;
    for sensitivity in [Some("private"), None] {
        let mut body = turn::body(4);
        body["stream"] = false.into();
        if let Some(sensitivity) = sensitivity {
            body["sensitivity"] = sensitivity.into();
        }
        let answer = ada.post(&turn::path(&conversation), body).await?;
        if answer.status != 200 {
            // Without a local model there is nobody whom it may be told.
            answer.is_problem(503, "no_provider")?;
            return Ok(Passed);
        }
        let message = answer.is(200)?;
        ensure!(message["sensitivity"] == "private", "the answer is {}", message["sensitivity"]);
        ensure!(message["decision"]["locality"] == "local", "told to {}", message["decision"]);
    }
    Ok(Passed)
}

async fn no_such_model(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    let conversation = ada.conversation().await?;
    let mut body = turn::body(SHORT);
    body["model"] = "no-such-model-99".into();
    ada.post(&turn::path(&conversation), body).await?.is_problem(404, "model_not_found")?;
    Ok(Passed)
}
