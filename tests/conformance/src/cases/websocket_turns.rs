//! Turns over `GET /v1/ws`.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::websocket::none_here;
use crate::{
    case::{Outcome, Verdict::Passed, cases},
    context::Context,
    socket::{Socket, turn_send},
    stream::Events,
    turn::{self, LONG, SHORT, SOME},
};

cases! { "websocket_turns":
    sent "A turn that is sent has the events of the stream, with their ids and the sender's `ref`.";
    followed "A turn that runs elsewhere is followed from any event on.";
    stopped "A turn that was sent is stopped over the same connection.";
    two_at_once "Two turns over one connection are told apart by their `ref`.";
    refused "What would be a problem over HTTP is the same problem here, with the `ref`, and the connection goes on.";
}

/// Events of one turn, until its last.
async fn until_the_end(socket: &mut Socket, reference: &str) -> anyhow::Result<Vec<Value>> {
    let mut events = Vec::new();
    loop {
        let event = socket.hear_type("event").await?;
        ensure!(event["ref"] == reference, "the ref is {}", event["ref"]);
        let is_last = is_last(&event);
        events.push(event);
        if is_last {
            return Ok(events);
        }
    }
}

fn is_last(event: &Value) -> bool {
    event["event"] == "message.completed" || event["event"] == "turn.failed"
}

async fn sent(context: Arc<Context>) -> Outcome {
    if let Some(none) = none_here(&context) {
        return none;
    }
    let ada = context.ada().await?;
    let conversation = ada.conversation().await?;
    let mut socket = Socket::sign_in(&ada).await?;
    let body = turn::body(SHORT);
    socket.say(turn_send(&conversation, &body, "mine")).await?;
    let told = until_the_end(&mut socket, "mine").await?;
    socket.close().await;
    let turn = body["id"].as_str().unwrap_or_default();
    let streamed = Events::of(ada.events(turn, None).await?).await?.rest().await?;
    ensure!(told.len() == streamed.len(), "{} events here, {} in the stream", told.len(), streamed.len());
    for (here, there) in told.iter().zip(&streamed) {
        ensure!(here["turn_id"] == turn && here["id"] == there.id, "{here}");
        ensure!(here["event"] == there.name && here["data"] == there.data, "{here} is not {}", there.raw);
    }
    let message = &told.last().context("an event")?["data"]["message"];
    ensure!(message["status"] == "completed", "{message}");
    Ok(Passed)
}

async fn followed(context: Arc<Context>) -> Outcome {
    if let Some(none) = none_here(&context) {
        return none;
    }
    let ada = context.ada().await?;
    let mut asked = turn::ask(&ada, SOME).await?;
    let mut socket = Socket::sign_in(&ada).await?;
    socket.say(json!({ "type": "turn.subscribe", "turn_id": asked.id, "ref": "all" })).await?;
    let all = until_the_end(&mut socket, "all").await?;
    asked.events.rest().await?;
    ensure!(all[0]["event"] == "turn.started", "the first is {}", all[0]);
    let middle = all.len() / 2;
    let last = all[middle]["id"].clone();
    let again =
        json!({ "type": "turn.subscribe", "turn_id": asked.id, "last_event_id": last, "ref": "rest" });
    socket.say(again).await?;
    let rest = until_the_end(&mut socket, "rest").await?;
    let ids = |events: &[Value]| events.iter().map(|event| event["id"].to_string()).collect::<Vec<_>>();
    ensure!(ids(&rest) == ids(&all[middle + 1..]), "after {last} it is told something else");
    socket.close().await;
    Ok(Passed)
}

async fn stopped(context: Arc<Context>) -> Outcome {
    if let Some(none) = none_here(&context) {
        return none;
    }
    let ada = context.ada().await?;
    let conversation = ada.conversation().await?;
    let mut socket = Socket::sign_in(&ada).await?;
    let body = turn::body(LONG);
    socket.say(turn_send(&conversation, &body, "long")).await?;
    socket.hear_type("event").await?;
    socket.hear_type("event").await?;
    socket.say(json!({ "type": "turn.cancel", "turn_id": body["id"], "ref": "stop" })).await?;
    let (mut cancelled, mut last) = (false, Value::Null);
    while !cancelled || last.is_null() {
        let crate::socket::Said::Message(message) = socket.hear().await? else {
            anyhow::bail!("the connection was closed")
        };
        match message["type"].as_str() {
            Some("cancelled") => {
                ensure!(message["turn_id"] == body["id"] && message["ref"] == "stop", "{message}");
                cancelled = true;
            }
            Some("event") if is_last(&message) => last = message,
            Some("event") => {}
            _ => anyhow::bail!("{message}"),
        }
    }
    ensure!(last["data"]["message"]["status"] == "cancelled", "it ended as {last}");
    socket.close().await;
    Ok(Passed)
}

async fn two_at_once(context: Arc<Context>) -> Outcome {
    if let Some(none) = none_here(&context) {
        return none;
    }
    let ada = context.ada().await?;
    let mut socket = Socket::sign_in(&ada).await?;
    let bodies = [turn::body(SHORT), turn::body(SHORT)];
    for (reference, body) in ["one", "two"].iter().zip(&bodies) {
        let conversation = ada.conversation().await?;
        socket.say(turn_send(&conversation, body, reference)).await?;
    }
    let mut open = 2;
    while open > 0 {
        let event = socket.hear_type("event").await?;
        let at = usize::from(event["ref"] == "two");
        ensure!(event["turn_id"] == bodies[at]["id"], "an event of the other: {event}");
        open -= usize::from(is_last(&event));
    }
    socket.close().await;
    Ok(Passed)
}

async fn refused(context: Arc<Context>) -> Outcome {
    if let Some(none) = none_here(&context) {
        return none;
    }
    let (ada, eve) = (context.ada().await?, context.eve().await?);
    let asked = turn::ask(&ada, 4).await?;
    let (turn, conversation) = (asked.id.clone(), asked.conversation.clone());
    asked.whole().await?;
    let mut socket = Socket::sign_in(&eve).await?;
    let wrong = [
        (turn_send(&conversation, &turn::body(4), "r"), "conversation_not_found"),
        (json!({ "type": "turn.subscribe", "turn_id": turn, "ref": "r" }), "turn_not_found"),
        (json!({ "type": "turn.cancel", "turn_id": turn, "ref": "r" }), "turn_not_found"),
    ];
    for (message, code) in wrong {
        let told = socket.say_wrong(&message.to_string(), code).await?;
        ensure!(told["ref"] == "r", "the ref is {}", told["ref"]);
    }
    let mut model = turn::body(4);
    model["model"] = "no-such-model-99".into();
    socket.say(turn_send(&eve.conversation().await?, &model, "r")).await?;
    // A model that is not there is known before anything was said.
    let crate::socket::Said::Message(told) = socket.hear().await? else { anyhow::bail!("it was closed") };
    let problem = if told["type"] == "problem" { &told["problem"] } else { &told["data"]["problem"] };
    ensure!(problem["code"] == "model_not_found", "{told}");
    socket.close().await;
    Ok(Passed)
}
