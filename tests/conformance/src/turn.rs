//! Turns as the cases ask for them. What the model says does not matter; that it says something does, word by word.

use anyhow::Context as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    person::Person,
    stream::{Event, Events},
};

/// Asks for many words, of a small model too.
const QUESTION: &str = "Write a very long story about a river.";
/// Tokens of an answer that is there soon.
pub const SHORT: u32 = 16;
/// Tokens of an answer whose making can be watched.
pub const SOME: u32 = 64;
/// Tokens of an answer that goes on until it is stopped.
pub const LONG: u32 = 4000;

/// A turn under way.
pub struct Asked {
    pub id: String,
    pub conversation: String,
    pub started: Event,
    pub events: Events,
}

/// The body of a turn of so many tokens, with an id of its own.
pub fn body(tokens: u32) -> Value {
    json!({ "id": Uuid::now_v7(), "content": QUESTION, "max_tokens": tokens })
}

/// Where a conversation's turns are asked for.
pub fn path(conversation: &str) -> String {
    format!("/v1/conversations/{conversation}/messages")
}

/// Asks in a new conversation, and waits for the turn to start.
pub async fn ask(person: &Person, tokens: u32) -> anyhow::Result<Asked> {
    let conversation = person.conversation().await?;
    send(person, &conversation, &body(tokens)).await
}

/// Sends a turn, and waits for it to start.
pub async fn send(person: &Person, conversation: &str, body: &Value) -> anyhow::Result<Asked> {
    let request = person.request(http::Method::POST, &path(conversation)).json(body);
    let (_, response) = person.context.open(request).await?;
    let mut events = Events::of(response).await?;
    let started = events.one().await?;
    let id = started.data["turn_id"].as_str().context("turn.started names its turn")?.to_owned();
    Ok(Asked { id, conversation: conversation.to_owned(), started, events })
}

impl Asked {
    /// All its events, the first one included.
    pub async fn whole(mut self) -> anyhow::Result<Vec<Event>> {
        let mut events = vec![self.started];
        events.extend(self.events.rest().await?);
        Ok(events)
    }
}

/// A turn's state, as it can be read.
pub async fn state(person: &Person, turn: &str) -> anyhow::Result<String> {
    let turn = person.get(&format!("/v1/turns/{turn}")).await?.is(200)?;
    turn["state"].as_str().map(str::to_owned).context("a turn has a state")
}

/// Stops a turn.
pub async fn cancel(person: &Person, turn: &str) -> anyhow::Result<Value> {
    person.post(&format!("/v1/turns/{turn}/cancel"), json!({})).await?.is(200)
}
