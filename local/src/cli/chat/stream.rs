//! The event stream of one answer, taken up again where the connection broke.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context, bail};
use hearth_wire::sse::{Event, Parser};
use reqwest::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::api::{Api, Problem};

/// An event that is larger than this is not one of ours.
const LARGEST_EVENT: usize = 4 << 20;
const TRIES: u32 = 5;

/// What a listener is told.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    Started,
    Text(String),
    Rerouted { from: String, to: String },
    Completed { status: String },
}

pub struct Turn {
    id: Uuid,
    body: Option<Response>,
    parser: Parser,
    waiting: VecDeque<Event>,
    last_event: Option<String>,
    failures: u32,
}

#[derive(Deserialize)]
struct Text {
    text: String,
}

#[derive(Deserialize)]
struct Reroute {
    from: String,
    to: String,
}

#[derive(Deserialize)]
struct Completion {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    status: String,
}

#[derive(Deserialize)]
struct Failure {
    problem: Problem,
}

impl Turn {
    pub fn new(id: Uuid, answer: Response) -> Self {
        Self {
            id,
            body: Some(answer),
            parser: Parser::new(LARGEST_EVENT),
            waiting: VecDeque::new(),
            last_event: None,
            failures: 0,
        }
    }

    pub fn id(&self) -> Uuid {
        self.id
    }

    /// The next thing that happens. Safe to drop while it waits: what was read is kept.
    pub async fn next(&mut self, api: &mut Api) -> anyhow::Result<Heard> {
        loop {
            while let Some(event) = self.waiting.pop_front() {
                self.last_event = event.id.clone().or(self.last_event.take());
                if let Some(heard) = understand(&event)? {
                    return Ok(heard);
                }
            }
            let Some(body) = &mut self.body else {
                self.resume(api).await?;
                continue;
            };
            match body.chunk().await {
                Ok(Some(bytes)) => {
                    self.waiting.extend(self.parser.push(&bytes)?);
                    self.failures = 0;
                }
                // The stream ends after `message.completed` alone; any other end is a lost connection.
                Ok(None) | Err(_) => self.body = None,
            }
        }
    }

    async fn resume(&mut self, api: &mut Api) -> anyhow::Result<()> {
        self.failures += 1;
        if self.failures > TRIES {
            bail!(
                "the connection to Hearth was lost. The answer goes on without it: look at the page later."
            );
        }
        tokio::time::sleep(Duration::from_millis(200 << self.failures)).await;
        self.parser = Parser::new(LARGEST_EVENT);
        match api.resume(self.id, self.last_event.as_deref()).await {
            Ok(answer) => self.body = Some(answer),
            Err(error) if self.failures == TRIES => return Err(error),
            Err(_) => {}
        }
        Ok(())
    }
}

fn understand(event: &Event) -> anyhow::Result<Option<Heard>> {
    Ok(match event.event.as_deref() {
        Some("turn.started") => Some(Heard::Started),
        Some("message.delta") => Some(Heard::Text(read::<Text>(event)?.text)),
        Some("turn.rerouted") => {
            let Reroute { from, to } = read(event)?;
            Some(Heard::Rerouted { from, to })
        }
        Some("message.completed") => {
            Some(Heard::Completed { status: read::<Completion>(event)?.message.status })
        }
        Some("turn.failed") => bail!(read::<Failure>(event)?.problem.sentence()),
        // A newer server may say more than this client knows.
        _ => None,
    })
}

fn read<T: DeserializeOwned>(event: &Event) -> anyhow::Result<T> {
    serde_json::from_str(&event.data).with_context(|| {
        format!("the event {} is not as expected", event.event.as_deref().unwrap_or("message"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str) -> Event {
        Event { event: Some(name.into()), data: data.into(), id: None }
    }

    #[test]
    fn each_event_is_understood() {
        let heard = |name, data| understand(&event(name, data)).unwrap();
        assert_eq!(heard("turn.started", "{}"), Some(Heard::Started));
        assert_eq!(heard("message.delta", r#"{"text":"Hi"}"#), Some(Heard::Text("Hi".into())));
        assert_eq!(
            heard("message.completed", r#"{"message":{"status":"cancelled","usage":null}}"#),
            Some(Heard::Completed { status: "cancelled".into() })
        );
        assert_eq!(heard("message.later", "{}"), None);
    }

    #[test]
    fn a_failed_turn_says_why() {
        let failed =
            event("turn.failed", r#"{"problem":{"title":"x","detail":"The model is away.","status":503}}"#);
        assert_eq!(understand(&failed).unwrap_err().to_string(), "The model is away.");
    }
}
