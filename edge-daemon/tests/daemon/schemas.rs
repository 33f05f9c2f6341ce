//! Answers that must be JSON, and schemas that are too much.

use serde_json::{Value, json};

use crate::harness::{Daemon, story, with};

const CHAT: &str = "/v1/chat/completions";

fn schema(schema: Value) -> Value {
    json!({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": true}}})
}

#[tokio::test]
async fn an_answer_keeps_to_its_schema_streamed_or_not() {
    let daemon = Daemon::start().await;
    let person = json!({
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 20},
            "age": {"type": "integer", "minimum": 0, "maximum": 150},
            "colour": {"enum": ["red", "green"]},
            "friends": {"type": "array", "items": {"$ref": "#/$defs/friend"}, "minItems": 1, "maxItems": 2},
        },
        "required": ["name", "age", "colour", "friends"],
        "additionalProperties": false,
        "$defs": {"friend": {"type": "object", "properties": {"id": {"type": "integer", "minimum": 1, "maximum": 9}}, "required": ["id"], "additionalProperties": false}},
    });
    for seed in 0..4 {
        let body = with(story("a person", 200), json!({"temperature": 1.5, "seed": seed}));
        let body = with(body, schema(person.clone()));
        let answer = daemon.chat(&body).await;
        let value: Value =
            serde_json::from_str(&answer.text).unwrap_or_else(|error| panic!("{error}: {}", answer.text));
        assert!((0..=150).contains(&value["age"].as_i64().unwrap()), "{value}");
        assert!(["red", "green"].contains(&value["colour"].as_str().unwrap()), "{value}");
        assert!((1..=2).contains(&value["friends"].as_array().unwrap().len()), "{value}");
        assert_eq!(value.as_object().unwrap().len(), 4);
        assert_eq!(daemon.stream(&body).await.answer().await.text, answer.text);
    }
    let any = with(story("a person", 60), json!({"response_format": {"type": "json_object"}}));
    assert!(daemon.chat(&any).await.text.trim_start().starts_with('{'));
}

#[tokio::test]
async fn json_that_is_cut_off_says_length() {
    let daemon = Daemon::start().await;
    let long = json!({"type": "array", "items": {"type": "integer"}, "minItems": 50});
    let answer = daemon.ask(CHAT, &with(story("numbers", 5), schema(long))).await;
    assert_eq!(answer["choices"][0]["finish_reason"], "length");
}

#[tokio::test]
async fn what_an_answer_cannot_be_held_to_is_named_and_nothing_else_breaks() {
    let daemon = Daemon::start().await;
    let mut deep = json!({"type": "string"});
    for _ in 0..40 {
        deep = json!({"type": "array", "items": deep});
    }
    let many: serde_json::Map<String, Value> =
        (0..2000).map(|n| (format!("field_{n}"), json!({"type": "string"}))).collect();
    for (asked, named) in [
        (json!({"type": "array", "uniqueItems": true}), Some("uniqueItems")),
        (json!({"type": "object", "dependentRequired": {"a": ["b"]}}), Some("dependentRequired")),
        (json!({"type": "object", "x-guidance": {"lenient": true}}), Some("x-guidance")),
        (json!({"type": "colour"}), None),
        (json!({"$ref": "#"}), None),
        (json!({"$ref": "#/nowhere"}), None),
        (json!({"$ref": "https://example.com/schema"}), None),
        (json!({"allOf": [{"type": "string"}, {"type": "integer"}]}), None),
        (json!({"type": "integer", "minimum": 5, "maximum": 4}), None),
        (json!({"type": "string", "pattern": "("}), None),
    ] {
        let (status, error) = daemon.refused(CHAT, &with(story("x", 5), schema(asked.clone()))).await;
        assert_eq!(status, 400, "{asked}: {error}");
        assert_eq!(error["param"], "response_format", "{asked}: {error}");
        if let Some(named) = named {
            assert!(error["message"].as_str().unwrap().contains(named), "{error}");
        }
    }
    // Large, recursive and sound: answered within its bounds, or refused; never the end of the daemon.
    for asked in [
        deep,
        json!({"type": "string", "pattern": "(a{1000}){1000}"}),
        json!({"type": "object", "properties": many}),
        json!({"$ref": "#/$defs/tree", "$defs": {"tree": {"type": "object", "properties": {"child": {"$ref": "#/$defs/tree"}}}}}),
    ] {
        let response = daemon.send(CHAT, &with(story("x", 5), schema(asked))).await;
        assert!([200, 400].contains(&response.status().as_u16()), "{}", response.status());
    }
    assert_eq!(daemon.get("/health").await["status"], "ok");
    daemon.idle().await;
}
