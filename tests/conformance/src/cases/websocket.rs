//! `GET /v1/ws`: who may connect, and what is said that makes no sense.

use std::sync::Arc;

use anyhow::ensure;
use serde_json::json;

use crate::{
    Host,
    case::{
        Outcome,
        Verdict::{Passed, Skipped},
        cases,
    },
    context::Context,
    socket::{Said, Socket},
};

/// No valid credential.
const UNAUTHORIZED: u16 = 4401;
/// No credential in time.
const TOO_LATE: u16 = 4408;

cases! { "websocket":
    a_plain_get "Without an upgrade the route is 426 `upgrade_required`. (On Lambda it is 501 `websocket_unsupported`, and names the stream.)";
    by_subprotocol "A token beside the subprotocol `hearth.v1` lets one in, and `hearth.v1` is what the server selects.";
    by_first_message "A token in the first message lets one in, with or without the subprotocol.";
    no_valid_token "Nonsense, another message first, and a token in the URL are told a problem and closed with 4401.";
    nothing_said "Who says nothing for 10 s is closed with 4408.";
    renewed "A token can be renewed; one that does not count closes the connection.";
    ping "A ping is answered.";
    nonsense "What makes no sense is told a problem each, and the connection goes on.";
    too_large "A message over 1 MiB ends its connection, and no other.";
}

/// Why a case about WebSockets is not run on this host.
pub fn none_here(context: &Context) -> Option<Outcome> {
    let none = context.target.host == Host::Lambda;
    none.then(|| Ok(Skipped("this host has no WebSockets, as is stated".into())))
}

async fn a_plain_get(context: Arc<Context>) -> Outcome {
    let answer = context.get("/v1/ws").await?;
    if context.target.host == Host::Lambda {
        let problem = answer.is_problem(501, "websocket_unsupported")?;
        ensure!(problem["detail"].as_str().is_some_and(|text| text.contains("/messages")), "{problem}");
    } else {
        answer.is_problem(426, "upgrade_required")?;
    }
    Ok(Passed)
}

async fn by_subprotocol(context: Arc<Context>) -> Outcome {
    if let Some(none) = none_here(&context) {
        return none;
    }
    let socket = Socket::sign_in(&context.ada().await?).await?;
    socket.close().await;
    Ok(Passed)
}

async fn by_first_message(context: Arc<Context>) -> Outcome {
    if let Some(none) = none_here(&context) {
        return none;
    }
    let ada = context.ada().await?;
    for protocols in [None, Some("hearth.v1")] {
        let (mut socket, selected) = Socket::open(&context, protocols).await?;
        ensure!(selected.as_deref() == protocols, "selected {selected:?}");
        socket.say(json!({ "type": "auth", "token": ada.session.token.expose() })).await?;
        socket.hear_type("ready").await?;
        socket.close().await;
    }
    Ok(Passed)
}

async fn no_valid_token(context: Arc<Context>) -> Outcome {
    if let Some(none) = none_here(&context) {
        return none;
    }
    let (mut by_protocol, _) = Socket::open(&context, Some("hearth.v1, bearer.x.y.z")).await?;
    is_refused(&mut by_protocol).await?;
    for first in [json!({ "type": "auth", "token": "nonsense" }), json!({ "type": "ping" }), json!("auth")] {
        let (mut socket, _) = Socket::open(&context, None).await?;
        socket.say(first).await?;
        is_refused(&mut socket).await?;
    }
    Ok(Passed)
}

async fn is_refused(socket: &mut Socket) -> anyhow::Result<()> {
    let (code, told) = socket.hear_end().await?;
    ensure!(code == UNAUTHORIZED, "closed with {code}");
    let told = told.unwrap_or_default();
    ensure!(told["problem"]["code"] == "invalid_credential", "told {told}");
    Ok(())
}

async fn nothing_said(context: Arc<Context>) -> Outcome {
    if let Some(none) = none_here(&context) {
        return none;
    }
    let (mut socket, _) = Socket::open(&context, None).await?;
    let began = std::time::Instant::now();
    let (code, _) = socket.hear_end().await?;
    let seconds = began.elapsed().as_secs();
    ensure!(code == TOO_LATE, "closed with {code}");
    ensure!((8..20).contains(&seconds), "closed after {seconds} s");
    Ok(Passed)
}

async fn renewed(context: Arc<Context>) -> Outcome {
    if let Some(none) = none_here(&context) {
        return none;
    }
    let ada = context.ada().await?;
    let mut socket = Socket::sign_in(&ada).await?;
    socket.say(json!({ "type": "auth", "token": ada.session.token.expose() })).await?;
    socket.hear_type("ready").await?;
    socket.say(json!({ "type": "auth", "token": "nonsense" })).await?;
    is_refused(&mut socket).await?;
    Ok(Passed)
}

async fn ping(context: Arc<Context>) -> Outcome {
    if let Some(none) = none_here(&context) {
        return none;
    }
    let mut socket = Socket::sign_in(&context.ada().await?).await?;
    for _ in 0..3 {
        socket.say(json!({ "type": "ping" })).await?;
        socket.hear_type("pong").await?;
    }
    socket.close().await;
    Ok(Passed)
}

async fn nonsense(context: Arc<Context>) -> Outcome {
    if let Some(none) = none_here(&context) {
        return none;
    }
    let mut socket = Socket::sign_in(&context.ada().await?).await?;
    let id = uuid::Uuid::now_v7();
    for text in ["{", "not json", "", &"[".repeat(5000)] {
        // An empty message counts as `{}`, as an empty body does.
        let code = if text.is_empty() { "invalid" } else { "invalid_json" };
        socket.say_wrong(text, code).await?;
    }
    socket.say_wrong(r#"{"type":"ping","ref":"\u0000"}"#, "invalid_text").await?;
    socket.say_wrong(r#"{"type":"ping","ref":"\ud800"}"#, "invalid_text").await?;
    let wrong = [
        json!([]),
        json!({ "type": "turn.shout" }),
        json!({ "type": "turn.send", "ref": "7" }),
        json!({ "type": "turn.subscribe", "ref": "7" }),
        json!({ "type": "turn.cancel", "turn_id": "x", "ref": "7" }),
        json!({ "type": "turn.send", "conversation_id": id, "turn": { "contents": 1 }, "ref": "7" }),
        json!({ "type": "turn.send", "conversation_id": id, "turn": { "content": " " }, "ref": "7" }),
        json!({ "type": "turn.subscribe", "turn_id": id, "last_event_id": "x", "ref": "7" }),
    ];
    for message in wrong {
        let told = socket.say_wrong(&message.to_string(), "invalid").await?;
        let named = told["problem"]["fields"].as_array().is_some_and(|fields| !fields.is_empty());
        ensure!(named, "no field is named: {told}");
    }
    socket.say(json!({ "type": "ping" })).await?;
    socket.hear_type("pong").await?;
    socket.close().await;
    Ok(Passed)
}

async fn too_large(context: Arc<Context>) -> Outcome {
    if let Some(none) = none_here(&context) {
        return none;
    }
    let ada = context.ada().await?;
    let (mut large, mut other) = (Socket::sign_in(&ada).await?, Socket::sign_in(&ada).await?);
    let text = json!({ "type": "ping", "ref": "x".repeat(1024 * 1024) }).to_string();
    // The other end may have closed before all of it was written.
    let _ = large.say_text(&text).await;
    match large.hear().await {
        Ok(Said::Message(message)) => anyhow::bail!("it was answered: {message}"),
        Ok(Said::Closed(_)) | Err(_) => {}
    }
    other.say(json!({ "type": "ping" })).await?;
    other.hear_type("pong").await?;
    other.close().await;
    Ok(Passed)
}
