//! Reading a turn's stream as a client does, and keeping its bytes.

use futures_util::StreamExt;
use hearth_conformance::frames::Frames;
use reqwest::Response;
use serde_json::Value;

/// One event: its id, its name, its data, and its very bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub id: String,
    pub name: String,
    pub data: Value,
    pub raw: String,
}

/// A stream, read event by event. Comments are passed over.
pub struct Events {
    response: futures_util::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    frames: Frames,
}

impl Events {
    pub fn new(response: Response) -> Self {
        assert_eq!(response.status(), 200, "a stream of events");
        let kind = response.headers()["content-type"].to_str().expect("text").to_owned();
        assert!(kind.starts_with("text/event-stream"), "{kind}");
        Self { response: response.bytes_stream().boxed(), frames: Frames::default() }
    }

    /// The next event; none when the stream has ended or was cut.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some(raw) = self.frames.take().expect("UTF-8") {
                if !raw.starts_with(':') {
                    return Some(parse(&raw));
                }
            }
            match self.response.next().await? {
                Ok(bytes) => self.frames.push(&bytes),
                Err(_) => return None,
            }
        }
    }

    /// All events until the stream ends.
    pub async fn rest(mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

fn parse(raw: &str) -> Event {
    let field = |name: &str| {
        let line = raw.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_else(|| panic!("no {name} in {raw}")).to_owned()
    };
    let data = serde_json::from_str(&field("data")).expect("JSON");
    Event { id: field("id"), name: field("event"), data, raw: raw.to_owned() }
}

/// The text of all deltas.
pub fn text(events: &[Event]) -> String {
    let deltas = events.iter().filter(|event| event.name == "message.delta");
    deltas.filter_map(|event| event.data["text"].as_str()).collect()
}

/// The names, in order, with runs of one name folded.
pub fn names(events: &[Event]) -> Vec<&str> {
    let mut names: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
    names.dedup();
    names
}
