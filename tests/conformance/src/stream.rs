//! A turn's stream, read as a client reads it, with the very bytes and the moment at which each event came.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use futures_util::{StreamExt, stream::BoxStream};
use reqwest::Response;
use serde_json::Value;

use crate::frames::Frames;

/// The longest silence: three keep-alives.
const SILENCE: Duration = Duration::from_secs(45);

/// One event.
#[derive(Clone, Debug)]
pub struct Event {
    pub id: String,
    pub name: String,
    pub data: Value,
    /// As it came, the empty line at its end included.
    pub raw: String,
    pub at: Instant,
}

impl Event {
    pub fn is_last(&self) -> bool {
        matches!(self.name.as_str(), "message.completed" | "turn.failed")
    }

    /// Its number within the turn.
    pub fn number(&self) -> anyhow::Result<u32> {
        let number = self.id.rsplit_once(':').and_then(|(_, n)| n.parse().ok());
        number.with_context(|| format!("`{}` is not an event's id", self.id))
    }
}

/// A stream of events.
pub struct Events {
    bytes: BoxStream<'static, reqwest::Result<Bytes>>,
    frames: Frames,
    /// Whether it began with a comment, as proxies like it.
    pub greeted: bool,
    /// Whether the client was told when to connect again.
    pub resumes: bool,
}

impl Events {
    /// Takes the answer that a stream was asked for with.
    pub async fn of(response: Response) -> anyhow::Result<Self> {
        let status = response.status();
        if status != 200 {
            bail!("{status} instead of a stream: {}", response.text().await.unwrap_or_default());
        }
        let header = |name: &str| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        ensure!(
            header("content-type").starts_with("text/event-stream"),
            "content-type is `{}`",
            header("content-type")
        );
        ensure!(header("cache-control").contains("no-cache"), "a stream that may be cached");
        ensure!(header("content-encoding").is_empty(), "a stream that is compressed, and so held back");
        Ok(Self {
            bytes: response.bytes_stream().boxed(),
            frames: Frames::default(),
            greeted: false,
            resumes: false,
        })
    }

    /// The next event; none when the stream has ended.
    pub async fn next(&mut self) -> anyhow::Result<Option<Event>> {
        loop {
            while let Some(raw) = self.frames.take()? {
                if raw.starts_with(':') {
                    self.greeted = true;
                } else if raw.starts_with("retry:") {
                    ensure!(raw == "retry: 1000\n\n", "another time to wait: {raw:?}");
                    self.resumes = true;
                } else {
                    return parse(raw).map(Some);
                }
            }
            let piece = tokio::time::timeout(SILENCE, self.bytes.next()).await;
            match piece.with_context(|| format!("a stream was silent for {} s", SILENCE.as_secs()))? {
                Some(bytes) => self.frames.push(&bytes.context("a stream broke off")?),
                None if self.frames.is_empty() => return Ok(None),
                None => bail!("a stream ended in the middle of an event"),
            }
        }
    }

    /// The next event, which must be there.
    pub async fn one(&mut self) -> anyhow::Result<Event> {
        self.next().await?.context("the stream ended too early")
    }

    /// All events until the stream ends.
    pub async fn rest(&mut self) -> anyhow::Result<Vec<Event>> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await? {
            events.push(event);
        }
        Ok(events)
    }
}

fn parse(raw: String) -> anyhow::Result<Event> {
    let at = Instant::now();
    let field = |name: &str| {
        let line = raw.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.map(str::to_owned).with_context(|| format!("an event without {name}: {raw:?}"))
    };
    let data = serde_json::from_str(&field("data")?).context("an event's data is not JSON")?;
    Ok(Event { id: field("id")?, name: field("event")?, data, at, raw })
}

/// The very bytes of events.
pub fn raw(events: &[Event]) -> String {
    events.iter().map(|event| event.raw.as_str()).collect()
}

/// The text of all deltas.
pub fn text(events: &[Event]) -> String {
    let deltas = events.iter().filter(|event| event.name == "message.delta");
    deltas.filter_map(|event| event.data["text"].as_str()).collect()
}

/// Holds a whole turn's events against their shape; gives the message at their end.
pub fn check(events: &[Event]) -> anyhow::Result<&Value> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else { bail!("a stream without events") };
    ensure!(first.name == "turn.started", "the first event is {}", first.name);
    let turn = first.data["turn_id"].as_str().context("turn.started names its turn")?;
    for name in ["provider", "model", "locality", "reasons", "rejected"] {
        ensure!(!first.data["decision"][name].is_null(), "the decision has no {name}");
    }
    ensure!(first.data["user_message"]["role"] == "user", "turn.started carries the question");
    follow_on(events, turn, 0)?;
    ensure!(last.name == "message.completed", "the turn ended with {}: {}", last.name, last.data);
    let message = &last.data["message"];
    ensure!(message["id"] == turn, "the answer has the turn's id");
    ensure!(message["parent_id"] == first.data["user_message"]["id"], "the answer follows its question");
    ensure!(message["content"] == text(events), "what was streamed is not what was completed");
    Ok(message)
}

/// Holds events against their order: numbered from `from` on without a gap, and at most one last event, at the end.
pub fn follow_on(events: &[Event], turn: &str, from: u32) -> anyhow::Result<()> {
    for (event, n) in events.iter().zip(from..) {
        ensure!(event.id == format!("{turn}:{n}"), "`{}` where {turn}:{n} comes next", event.id);
    }
    let last = events.iter().position(Event::is_last);
    ensure!(last.is_none_or(|at| at + 1 == events.len()), "an event after the last one");
    Ok(())
}
