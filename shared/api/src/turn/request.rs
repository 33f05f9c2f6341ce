//! What a caller sends to start a turn.

use hearth_domain::{Content, ConversationId, FieldError, MessageId, Problem, Sensitivity, TurnId};
use hearth_routing::{Latency, Task};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

/// A turn, as `POST /v1/conversations/{id}/messages` takes it.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TurnRequest {
    /// The turn's id, and that of its answer. A turn that was sent before is not made again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<TurnId>,
    /// The question's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// The question. Without it, the user's message `parent_id` is answered again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// The message that the question follows; the newest one if left out. Null starts at the root.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MessageId>)]
    #[expect(clippy::option_option, reason = "left out, null and an id are three different requests")]
    pub parent_id: Option<Option<MessageId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<Sensitivity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "chat")]
    pub task: Option<Task>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "interactive")]
    pub latency: Option<Latency>,
    /// A model by name; `default` for whichever the router picks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Events as they come (the default), or the completed message at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
}

/// A field that is there, be it null.
#[expect(clippy::option_option, reason = "left out, null and an id are three different requests")]
fn given<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

impl TurnRequest {
    /// Checks what a type cannot say.
    pub fn check(&self) -> Result<(), Problem> {
        let mut wrong = Vec::new();
        if self.content.is_none() && !matches!(self.parent_id, Some(Some(_))) {
            wrong.push(FieldError::new(
                "content",
                "say something, or name in `parent_id` the question to answer again",
            ));
        }
        if let Some(content) = &self.content
            && content.to_text().trim().is_empty()
        {
            wrong.push(FieldError::new("content", "says nothing"));
        }
        if self.max_tokens == Some(0) {
            wrong.push(FieldError::new("max_tokens", "must be 1 or more"));
        }
        if self.temperature.is_some_and(|value| !(0.0..=2.0).contains(&value)) {
            wrong.push(FieldError::new("temperature", "must be from 0 to 2"));
        }
        let Some(first) = wrong.first() else { return Ok(()) };
        let mut problem = Problem::field(first.field.clone(), first.message.clone());
        problem.fields = wrong;
        Err(problem)
    }

    /// What tells this request from another one with the same id. How it is to be answered (`stream`) does not count.
    pub fn digest(&self, conversation: ConversationId) -> String {
        let asked = Self { stream: None, ..self.clone() };
        let json = serde_json::to_vec(&(conversation, asked)).unwrap_or_default();
        Sha256::digest(json).iter().fold(String::with_capacity(64), |mut hex, byte| {
            use std::fmt::Write as _;
            // Writing to a String does not fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

#[cfg(test)]
mod tests {
    use super::TurnRequest;
    use hearth_domain::ConversationId;
    use serde_json::{Value, json};

    fn request(value: Value) -> TurnRequest {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_turn_says_something_or_names_a_question() {
        for body in [json!({}), json!({"content": ""}), json!({"content": " \n"}), json!({"parent_id": null})]
        {
            let problem = request(body.clone()).check().unwrap_err();
            assert_eq!(problem.fields[0].field, "content", "{body}");
        }
        let again = json!({"parent_id": "018f0000-0000-7000-8000-000000000000"});
        assert!(request(again).check().is_ok());
    }

    #[test]
    fn every_wrong_field_is_named() {
        let body = json!({"content": "x", "max_tokens": 0, "temperature": 3});
        assert_eq!(request(body).check().unwrap_err().fields.len(), 2);
    }

    #[test]
    fn the_digest_tells_bodies_apart_but_not_ways_to_answer() {
        let (here, there) = (ConversationId::generate(), ConversationId::generate());
        let one = request(json!({"content": "a", "stream": false}));
        let same = request(json!({"stream": true, "content": "a"}));
        let other = request(json!({"content": "b"}));
        assert_eq!(one.digest(here), same.digest(here));
        assert_ne!(one.digest(here), other.digest(here));
        assert_ne!(one.digest(here), one.digest(there));
        assert_ne!(request(json!({"content": "a", "parent_id": null})).digest(here), one.digest(here));
    }
}
