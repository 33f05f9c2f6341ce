//! Anthropic's Messages API.

use serde_json::{Value, json};

use crate::harness::{Daemon, with};

const MESSAGES: &str = "/v1/messages";

fn hello() -> Value {
    json!({
        "model": "default", "max_tokens": 12, "temperature": 0,
        "system": "You are a helpful AI assistant.",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Write a story about the sea."}]}],
    })
}

fn with_tool() -> Value {
    let schema = json!({"type": "object", "properties": {"city": {"enum": ["Paris", "Oslo"]}}, "required": ["city"], "additionalProperties": false});
    with(
        hello(),
        json!({
            "max_tokens": 100,
            "tools": [{"name": "get_weather", "description": "The weather", "input_schema": schema}],
            "tool_choice": {"type": "tool", "name": "get_weather"},
        }),
    )
}

/// The events of a stream: names and data.
async fn events(daemon: &Daemon, body: &Value) -> Vec<(String, Value)> {
    let text =
        daemon.send(MESSAGES, &with(body.clone(), json!({"stream": true}))).await.text().await.unwrap();
    let event = |event: &str| {
        let (name, data) = event.strip_prefix("event: ")?.split_once("\ndata: ")?;
        Some((name.to_owned(), serde_json::from_str(data).unwrap()))
    };
    text.split("\n\n").filter_map(event).collect()
}

#[tokio::test]
async fn a_stream_says_what_the_plain_message_says() {
    let daemon = Daemon::start().await;
    let plain = daemon.ask(MESSAGES, &hello()).await;
    assert_eq!(
        (&plain["type"], &plain["role"], &plain["stop_reason"]),
        (&json!("message"), &json!("assistant"), &json!("max_tokens"))
    );
    assert_eq!(plain["usage"]["output_tokens"], 12);

    let events = events(&daemon, &hello()).await;
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names[..2], ["message_start", "content_block_start"]);
    assert_eq!(names[names.len() - 3..], ["content_block_stop", "message_delta", "message_stop"]);
    assert!(events.iter().all(|(name, data)| data["type"] == *name));
    let text: String = events.iter().filter_map(|(_, data)| data["delta"]["text"].as_str()).collect();
    assert_eq!(json!(text), plain["content"][0]["text"]);
    let delta = &events[events.len() - 2].1;
    assert_eq!(
        (&delta["delta"]["stop_reason"], &delta["usage"]["output_tokens"]),
        (&json!("max_tokens"), &json!(12))
    );
}

#[tokio::test]
async fn a_stop_sequence_is_named() {
    let daemon = Daemon::start().await;
    let whole = daemon.ask(MESSAGES, &hello()).await["content"][0]["text"].as_str().unwrap().to_owned();
    let stop = whole.split(' ').nth(3).unwrap();
    let answer = daemon.ask(MESSAGES, &with(hello(), json!({"stop_sequences": [stop]}))).await;
    assert_eq!(
        (&answer["stop_reason"], &answer["stop_sequence"]),
        (&json!("stop_sequence"), &json!(stop)),
        "{answer}"
    );
}

#[tokio::test]
async fn a_forced_tool_is_used_streamed_or_not() {
    let daemon = Daemon::start().await;
    let plain = daemon.ask(MESSAGES, &with_tool()).await;
    let block = &plain["content"][0];
    assert_eq!(
        (&plain["stop_reason"], &block["type"], &block["name"]),
        (&json!("tool_use"), &json!("tool_use"), &json!("get_weather")),
        "{plain}"
    );
    assert!(["Paris", "Oslo"].contains(&block["input"]["city"].as_str().unwrap()));
    let events = events(&daemon, &with_tool()).await;
    let input: String =
        events.iter().filter_map(|(_, data)| data["delta"]["partial_json"].as_str()).collect();
    assert_eq!(serde_json::from_str::<Value>(&input).unwrap(), block["input"]);

    let mut again = with_tool();
    again.as_object_mut().unwrap().remove("tool_choice");
    let messages = again["messages"].as_array_mut().unwrap();
    messages.push(json!({"role": "assistant", "content": plain["content"]}));
    messages.push(json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": block["id"], "content": "sunny"}]}));
    assert_eq!(daemon.ask(MESSAGES, &again).await["type"], "message");
}

#[tokio::test]
async fn tokens_are_counted_as_they_are_read() {
    let daemon = Daemon::start().await;
    let mut body = hello();
    for field in ["max_tokens", "temperature"] {
        body.as_object_mut().unwrap().remove(field);
    }
    let counted = daemon.ask("/v1/messages/count_tokens", &body).await["input_tokens"].clone();
    let usage = daemon.ask(MESSAGES, &hello()).await["usage"].clone();
    let read = usage["input_tokens"].as_u64().unwrap() + usage["cache_read_input_tokens"].as_u64().unwrap();
    assert_eq!(counted, json!(read));
}

#[tokio::test]
async fn every_error_has_their_form() {
    let daemon = Daemon::start().await;
    let long = json!([{"role": "user", "content": "word ".repeat(3000)}]);
    for (fields, status, kind) in [
        (json!({"max_tokens": null}), 400, "invalid_request_error"),
        (json!({"nonsense": 1}), 400, "invalid_request_error"),
        (json!({"model": "claude"}), 404, "not_found_error"),
        (json!({"messages": long}), 413, "request_too_large"),
    ] {
        let response = daemon.send(MESSAGES, &with(hello(), fields)).await;
        assert_eq!(response.status(), status);
        let body: Value = response.json().await.unwrap();
        assert_eq!((&body["type"], &body["error"]["type"]), (&json!("error"), &json!(kind)), "{body}");
        assert!(body["error"]["message"].as_str().unwrap().len() > 10, "{body}");
    }
    let wrong = daemon.get("/v1/messages").await;
    assert_eq!(wrong["type"], "error", "{wrong}");
}
