//! An answer in the items and events of the Responses API.

use axum::body::Bytes;
use hearth_wire::FinishReason;
use serde_json::{Map, Value, json};

use crate::http::answers::{End, Said};
use crate::http::error::ApiError;
use crate::http::object::{ObjectHead, new_id};
use crate::http::sse;

/// A response as it grows; each piece of it is an event too.
pub struct Sending {
    head: ObjectHead,
    /// What the response repeats of the request.
    echo: Map<String, Value>,
    prompt_tokens: u64,
    items: Vec<Item>,
    /// Whether the last of the items goes on.
    open: bool,
    end: Option<End>,
    /// Events so far.
    sequence: u64,
}

struct Item {
    id: String,
    kind: Kind,
    text: String,
}

#[derive(PartialEq)]
enum Kind {
    Message,
    Reasoning,
    /// The text is its arguments.
    Call {
        call_id: String,
        name: String,
    },
}

impl Sending {
    pub fn new(head: ObjectHead, echo: Map<String, Value>, prompt_tokens: u64) -> Self {
        Self { head, echo, prompt_tokens, items: Vec::new(), open: false, end: None, sequence: 0 }
    }

    /// The events that begin a stream.
    pub fn start(&mut self) -> Vec<Bytes> {
        ["response.created", "response.in_progress"]
            .map(|name| self.event(name, json!({"response": self.response()})))
            .into()
    }

    /// Takes what is said next.
    pub fn take(&mut self, said: Said) -> Vec<Bytes> {
        let mut events = Vec::new();
        match said {
            Said::Waiting { .. } | Said::Reading => {}
            Said::Text { text, .. } if text.is_empty() => {}
            Said::Text { text, .. } => {
                self.open(Kind::Message, "msg_", &mut events);
                self.add(&text, "response.output_text.delta", &mut events);
            }
            Said::Reasoning(text) => {
                self.open(Kind::Reasoning, "rs_", &mut events);
                self.add(&text, "response.reasoning_text.delta", &mut events);
            }
            Said::CallBegins { id, name, .. } => {
                self.close(&mut events);
                self.open(Kind::Call { call_id: id, name }, "fc_", &mut events);
            }
            Said::CallArguments { text, .. } => {
                self.add(&text, "response.function_call_arguments.delta", &mut events);
            }
            Said::End(end) => {
                if self.items.is_empty() {
                    // An answer without a word is an empty message.
                    self.open(Kind::Message, "msg_", &mut events);
                }
                let name = if end.reason == FinishReason::Length {
                    "response.incomplete"
                } else {
                    "response.completed"
                };
                self.end = Some(end);
                self.close(&mut events);
                let response = self.response();
                events.push(self.event(name, json!({"response": response})));
            }
        }
        events
    }

    /// The event that ends a stream with an error.
    pub fn fail(&mut self, error: &ApiError) -> Bytes {
        let mut response = self.response();
        response["status"] = json!("failed");
        response["error"] = json!({"code": "server_error", "message": error.told().1});
        self.event("response.failed", json!({"response": response}))
    }

    /// The response so far.
    pub fn response(&self) -> Value {
        let cut = self.end.as_ref().is_some_and(|end| end.reason == FinishReason::Length);
        let status = match &self.end {
            None => "in_progress",
            Some(_) if cut => "incomplete",
            Some(_) => "completed",
        };
        let last = self.items.len().saturating_sub(1);
        let output: Vec<Value> = self
            .items
            .iter()
            .enumerate()
            .map(|(at, item)| item.to_json(if at == last { status } else { "completed" }))
            .collect();
        let mut response = Map::new();
        let mut set = |name: &str, value: Value| drop(response.insert(name.to_owned(), value));
        set("id", json!(self.head.id));
        set("object", json!("response"));
        set("created_at", json!(self.head.created));
        set("status", json!(status));
        set("error", Value::Null);
        set("incomplete_details", if cut { json!({"reason": "max_output_tokens"}) } else { Value::Null });
        set("model", json!(&*self.head.model));
        set("output", json!(output));
        set("previous_response_id", Value::Null);
        set("store", json!(false));
        set("truncation", json!("disabled"));
        set("usage", self.usage());
        response.extend(self.echo.clone());
        Value::Object(response)
    }

    fn usage(&self) -> Value {
        let Some(end) = &self.end else { return Value::Null };
        json!({
            "input_tokens": self.prompt_tokens,
            "input_tokens_details": {"cached_tokens": end.cached_tokens},
            "output_tokens": end.completion_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": self.prompt_tokens + end.completion_tokens,
        })
    }

    fn event(&mut self, name: &str, mut fields: Value) -> Bytes {
        fields["type"] = json!(name);
        fields["sequence_number"] = json!(self.sequence);
        self.sequence += 1;
        sse::named(name, &fields)
    }

    /// Goes on with an item of this kind, or begins one.
    fn open(&mut self, kind: Kind, prefix: &str, events: &mut Vec<Bytes>) {
        if self.open && self.items.last().is_some_and(|last| last.kind == kind) {
            return;
        }
        self.close(events);
        let item = Item { id: new_id(prefix), kind, text: String::new() };
        let index = self.items.len();
        let added = json!({"output_index": index, "item": item.to_json("in_progress")});
        events.push(self.event("response.output_item.added", added));
        if let Some(part) = item.part() {
            let part = json!({"item_id": item.id, "output_index": index, "content_index": 0, "part": part});
            events.push(self.event("response.content_part.added", part));
        }
        self.items.push(item);
        self.open = true;
    }

    fn add(&mut self, text: &str, name: &str, events: &mut Vec<Bytes>) {
        let index = self.items.len().saturating_sub(1);
        let Some(item) = self.items.last_mut() else { return };
        item.text.push_str(text);
        let mut delta = json!({"item_id": item.id, "output_index": index, "delta": text});
        match item.kind {
            Kind::Message => {
                delta["content_index"] = json!(0);
                delta["logprobs"] = json!([]);
            }
            Kind::Reasoning => delta["content_index"] = json!(0),
            Kind::Call { .. } => {}
        }
        events.push(self.event(name, delta));
    }

    fn close(&mut self, events: &mut Vec<Bytes>) {
        if !std::mem::replace(&mut self.open, false) {
            return;
        }
        let index = self.items.len().saturating_sub(1);
        let Some(item) = self.items.last() else { return };
        let cut = self.end.as_ref().is_some_and(|end| end.reason == FinishReason::Length);
        let whole = item.to_json(if cut { "incomplete" } else { "completed" });
        let place = json!({"item_id": item.id, "output_index": index});
        let with = |fields: Value| {
            let mut all = place.clone();
            if let (Some(all), Value::Object(fields)) = (all.as_object_mut(), fields) {
                all.extend(fields);
            }
            all
        };
        let part = item.part().map(|part| with(json!({"content_index": 0, "part": part})));
        let (name, done) = match &item.kind {
            Kind::Message => (
                "response.output_text.done",
                with(json!({"content_index": 0, "text": item.text, "logprobs": []})),
            ),
            Kind::Reasoning => {
                ("response.reasoning_text.done", with(json!({"content_index": 0, "text": item.text})))
            }
            Kind::Call { name, .. } => {
                ("response.function_call_arguments.done", with(json!({"name": name, "arguments": item.text})))
            }
        };
        events.push(self.event(name, done));
        if let Some(part) = part {
            events.push(self.event("response.content_part.done", part));
        }
        events.push(self.event("response.output_item.done", json!({"output_index": index, "item": whole})));
    }
}

impl Item {
    /// The one part of its content, where it has parts.
    fn part(&self) -> Option<Value> {
        match self.kind {
            Kind::Message => {
                Some(json!({"type": "output_text", "text": self.text, "annotations": [], "logprobs": []}))
            }
            Kind::Reasoning => Some(json!({"type": "reasoning_text", "text": self.text})),
            Kind::Call { .. } => None,
        }
    }

    fn to_json(&self, status: &str) -> Value {
        let content: Vec<Value> =
            self.part().filter(|_| !self.text.is_empty() || status != "in_progress").into_iter().collect();
        match &self.kind {
            Kind::Message => {
                json!({"id": self.id, "type": "message", "role": "assistant", "status": status, "content": content})
            }
            Kind::Reasoning => {
                json!({"id": self.id, "type": "reasoning", "status": status, "summary": [], "content": content})
            }
            Kind::Call { call_id, name } => json!({
                "id": self.id, "type": "function_call", "status": status,
                "call_id": call_id, "name": name, "arguments": self.text,
            }),
        }
    }
}
