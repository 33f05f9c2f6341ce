//! What goes over the WebSocket: one JSON object a message.

use hearth_domain::{Code, ConversationId, Problem, TurnId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use crate::{
    input,
    turn::{Frame, TurnRequest},
};

/// What a client says. `ref` comes back with whatever answers it.
#[derive(Debug)]
pub enum Said {
    Auth { token: String },
    Send { reference: Reference, conversation: ConversationId, turn: Box<TurnRequest> },
    Subscribe { reference: Reference, turn: TurnId, last_event_id: Option<String> },
    Cancel { reference: Reference, turn: TurnId },
    Ping,
}

/// A client's own name for a message.
pub type Reference = Option<String>;

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "ref")]
    reference: Reference,
    token: Option<String>,
    conversation_id: Option<ConversationId>,
    turn_id: Option<TurnId>,
    last_event_id: Option<String>,
    turn: Option<Value>,
}

/// Reads a message; the problem comes with the reference where that could be read.
pub fn read(text: &str) -> Result<Said, (Reference, Problem)> {
    let envelope: Envelope = input::parse(text.as_bytes()).map_err(|problem| (None, problem))?;
    let reference = envelope.reference.clone();
    said(envelope).map_err(|problem| (reference, problem))
}

fn said(envelope: Envelope) -> Result<Said, Problem> {
    let Envelope { kind, reference, token, conversation_id, turn_id, last_event_id, turn } = envelope;
    let missing = |field: &str| Problem::field(field, "is missing");
    match kind.as_str() {
        "auth" => Ok(Said::Auth { token: token.ok_or_else(|| missing("token"))? }),
        "turn.send" => {
            let conversation = conversation_id.ok_or_else(|| missing("conversation_id"))?;
            let turn = input::typed(turn.ok_or_else(|| missing("turn"))?).map_err(|mut problem| {
                for field in &mut problem.fields {
                    field.field = format!("turn.{}", field.field);
                }
                problem
            })?;
            Ok(Said::Send { reference, conversation, turn: Box::new(turn) })
        }
        "turn.subscribe" => {
            let turn = turn_id.ok_or_else(|| missing("turn_id"))?;
            Ok(Said::Subscribe { reference, turn, last_event_id })
        }
        "turn.cancel" => Ok(Said::Cancel { reference, turn: turn_id.ok_or_else(|| missing("turn_id"))? }),
        "ping" => Ok(Said::Ping),
        _ => Err(Problem::field("type", "must be one of auth, turn.send, turn.subscribe, turn.cancel, ping")),
    }
}

/// What a client is told.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Told {
    Ready,
    Pong,
    Event {
        turn_id: TurnId,
        id: String,
        event: String,
        data: Box<RawValue>,
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Reference,
    },
    /// A cancel was taken; the turn's last event tells the rest.
    Cancelled {
        turn_id: TurnId,
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Reference,
    },
    Problem {
        problem: Box<Problem>,
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Reference,
    },
}

impl Told {
    pub fn problem(problem: Problem, reference: Reference) -> Self {
        Self::Problem { problem: Box::new(problem), reference }
    }

    /// A turn's event, with the very data that the stream has.
    pub fn event(turn_id: TurnId, frame: &Frame, reference: Reference) -> Self {
        let id = format!("{turn_id}:{}", frame.n);
        match RawValue::from_string(frame.data.clone()) {
            Ok(data) => Self::Event { turn_id, id, event: frame.name.clone(), data, reference },
            Err(_) => Self::problem(Code::Internal.with("An event could not be written."), reference),
        }
    }

    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Said, read};

    #[test]
    fn what_is_wrong_is_named_and_keeps_its_reference() {
        let (reference, problem) = read(r#"{"type":"turn.send","ref":"7"}"#).unwrap_err();
        assert_eq!((reference.as_deref(), problem.fields[0].field.as_str()), (Some("7"), "conversation_id"));
        let (_, problem) = read(
            r#"{"type":"turn.send","conversation_id":"018f0000-0000-7000-8000-000000000000","turn":{"contents":1}}"#,
        )
        .unwrap_err();
        assert!(problem.fields[0].field.starts_with("turn."), "{problem:?}");
        for (text, code) in [("{", "invalid_json"), ("[]", "invalid"), (r#"{"type":"x"}"#, "invalid")] {
            assert_eq!(read(text).unwrap_err().1.code, code, "{text}");
        }
    }

    #[test]
    fn a_ping_is_a_ping() {
        assert!(matches!(read(r#"{"type":"ping"}"#), Ok(Said::Ping)));
    }
}
