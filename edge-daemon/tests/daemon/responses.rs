//! OpenAI's Responses API.

use serde_json::{Value, json};

use crate::harness::{Daemon, with};

const RESPONSES: &str = "/v1/responses";

fn hello() -> Value {
    json!({
        "model": "default", "instructions": "You are a helpful AI assistant.", "input": "Write a story about the sea.",
        "temperature": 0, "max_output_tokens": 12,
    })
}

async fn events(daemon: &Daemon, body: &Value) -> Vec<Value> {
    let text =
        daemon.send(RESPONSES, &with(body.clone(), json!({"stream": true}))).await.text().await.unwrap();
    let data = |event: &str| {
        let (name, data) = event.strip_prefix("event: ")?.split_once("\ndata: ")?;
        let data: Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["type"], name);
        Some(data)
    };
    text.split("\n\n").filter_map(data).collect()
}

#[tokio::test]
async fn a_stream_says_what_the_plain_response_says() {
    let daemon = Daemon::start().await;
    let plain = daemon.ask(RESPONSES, &hello()).await;
    assert_eq!(
        (&plain["object"], &plain["status"], &plain["store"]),
        (&json!("response"), &json!("incomplete"), &json!(false))
    );
    assert_eq!(plain["incomplete_details"]["reason"], "max_output_tokens");
    assert_eq!(plain["usage"]["output_tokens"], 12);

    let events = events(&daemon, &hello()).await;
    let names: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        names[..4],
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added"
        ]
    );
    assert_eq!(
        names[names.len() - 4..],
        [
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.incomplete"
        ]
    );
    assert!(events.iter().enumerate().all(|(n, event)| event["sequence_number"] == n));
    let text: String = events
        .iter()
        .filter(|event| event["type"] == "response.output_text.delta")
        .filter_map(|event| event["delta"].as_str())
        .collect();
    assert_eq!(json!(text), plain["output"][0]["content"][0]["text"]);
    assert_eq!(events.last().unwrap()["response"]["output"][0]["content"], plain["output"][0]["content"]);
}

#[tokio::test]
async fn a_forced_call_is_an_item_and_its_output_is_read() {
    let daemon = Daemon::start().await;
    let schema = json!({"type": "object", "properties": {"city": {"enum": ["Paris", "Oslo"]}}, "required": ["city"], "additionalProperties": false});
    let body = with(
        hello(),
        json!({
            "max_output_tokens": 100,
            "tools": [{"type": "function", "name": "get_weather", "parameters": schema, "strict": true}],
            "tool_choice": {"type": "function", "name": "get_weather"},
        }),
    );
    let plain = daemon.ask(RESPONSES, &body).await;
    let item = &plain["output"][0];
    assert_eq!(
        (&plain["status"], &item["type"], &item["name"]),
        (&json!("completed"), &json!("function_call"), &json!("get_weather")),
        "{plain}"
    );
    let arguments: Value = serde_json::from_str(item["arguments"].as_str().unwrap()).unwrap();
    assert!(["Paris", "Oslo"].contains(&arguments["city"].as_str().unwrap()));
    let events = events(&daemon, &body).await;
    let done = events.iter().find(|event| event["type"] == "response.function_call_arguments.done").unwrap();
    assert_eq!(done["arguments"], item["arguments"]);

    let output = json!({"type": "function_call_output", "call_id": item["call_id"], "output": "sunny"});
    let input = json!([{"role": "user", "content": "Weather?"}, item, output]);
    let again = daemon.ask(RESPONSES, &with(hello(), json!({"input": input}))).await;
    assert_eq!(again["output"][0]["type"], "message");
}

#[tokio::test]
async fn a_response_keeps_to_its_schema() {
    let daemon = Daemon::start().await;
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer", "minimum": 0, "maximum": 9}}, "required": ["n"], "additionalProperties": false});
    let format = json!({"format": {"type": "json_schema", "name": "n", "schema": schema, "strict": true}});
    let answer =
        daemon.ask(RESPONSES, &with(hello(), json!({"text": format, "max_output_tokens": 40}))).await;
    let text = answer["output"][0]["content"][0]["text"].as_str().unwrap();
    let value: Value = serde_json::from_str(text).unwrap();
    assert!((0..=9).contains(&value["n"].as_i64().unwrap()), "{text}");
}

#[tokio::test]
async fn what_needs_a_store_is_refused_with_what_to_do() {
    let daemon = Daemon::start().await;
    for (fields, param) in [
        (json!({"previous_response_id": "resp_1"}), "previous_response_id"),
        (json!({"store": true}), "store"),
    ] {
        let (status, error) = daemon.refused(RESPONSES, &with(hello(), fields)).await;
        assert_eq!((status, &error["param"]), (400, &json!(param)), "{error}");
        assert!(error["message"].as_str().unwrap().contains("nothing is stored"), "{error}");
    }
}
