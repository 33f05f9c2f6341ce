//! The events of a turn, and their frames in a stream (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use hearth_domain::{Decision, Message, Problem, TurnId};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What can happen in a turn.
#[derive(Clone, Debug)]
pub enum Event {
    Started { user_message: Message, decision: Decision },
    Reasoning { text: String },
    Delta { text: String },
    Rerouted { from: String, to: String, reason: String },
    Completed { message: Message },
    Failed { problem: Problem },
}

/// An event with its number, as it is sent, kept and sent again: the same bytes each time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    pub n: u32,
    pub name: String,
    /// JSON text without a line break.
    pub data: String,
}

impl Event {
    /// The frame of this event, as number `n` of its turn.
    pub fn frame(&self, turn: TurnId, n: u32) -> Frame {
        let (name, data) = match self {
            Self::Started { user_message, decision } => (
                "turn.started",
                json!({ "turn_id": turn, "user_message": user_message, "decision": decision }),
            ),
            Self::Reasoning { text } => ("message.reasoning", json!({ "text": text })),
            Self::Delta { text } => ("message.delta", json!({ "text": text })),
            Self::Rerouted { from, to, reason } => {
                ("turn.rerouted", json!({ "from": from, "to": to, "reason": reason }))
            }
            Self::Completed { message } => ("message.completed", json!({ "message": message })),
            Self::Failed { problem } => ("turn.failed", json!({ "problem": problem })),
        };
        Frame { n, name: name.into(), data: data.to_string() }
    }
}

#[derive(Deserialize)]
struct Text {
    text: String,
}

#[derive(Deserialize)]
struct Failed {
    problem: Problem,
}

#[derive(Deserialize)]
struct Completed {
    message: Message,
}

impl Frame {
    /// Whether nothing follows.
    pub fn is_last(&self) -> bool {
        matches!(self.name.as_str(), "message.completed" | "turn.failed")
    }

    /// What this frame adds to the answer.
    pub fn delta(&self) -> Option<String> {
        if self.name != "message.delta" {
            return None;
        }
        serde_json::from_str::<Text>(&self.data).ok().map(|delta| delta.text)
    }

    /// The problem that ended the turn.
    pub fn problem(&self) -> Option<Problem> {
        if self.name != "turn.failed" {
            return None;
        }
        serde_json::from_str::<Failed>(&self.data).ok().map(|failed| failed.problem)
    }

    /// The message that ended the turn.
    pub fn message(&self) -> Option<Message> {
        if self.name != "message.completed" {
            return None;
        }
        serde_json::from_str::<Completed>(&self.data).ok().map(|completed| completed.message)
    }

    /// The frame as it goes over the wire.
    pub fn to_sse(&self, turn: TurnId) -> String {
        format!("id: {turn}:{}\nevent: {}\ndata: {}\n\n", self.n, self.name, self.data)
    }
}

#[cfg(test)]
mod tests {
    use super::Event;
    use hearth_domain::{Code, TurnId};

    #[test]
    fn a_frame_is_one_event_of_three_lines_whatever_the_text() {
        let turn = TurnId::generate();
        let frame = Event::Delta { text: "a\nb\r\n\ndata: c\u{2028}".into() }.frame(turn, 7);
        let sse = frame.to_sse(turn);
        assert_eq!(sse.lines().filter(|line| !line.is_empty()).count(), 3, "{sse}");
        assert!(sse.starts_with(&format!("id: {turn}:7\nevent: message.delta\ndata: ")));
        assert_eq!(frame.delta().unwrap(), "a\nb\r\n\ndata: c\u{2028}");
    }

    #[test]
    fn completed_and_failed_are_the_last() {
        let turn = TurnId::generate();
        let failed = Event::Failed { problem: Code::NoProvider.with("None.") }.frame(turn, 1);
        assert!(failed.is_last());
        assert_eq!(failed.problem().unwrap().code, "no_provider");
        assert!(!Event::Delta { text: String::new() }.frame(turn, 0).is_last());
    }
}
