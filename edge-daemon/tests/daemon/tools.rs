//! Tools. The default model is too small to call them by itself; forced, every model does.

use serde_json::{Value, json};

use crate::harness::{Daemon, with};

const CHAT: &str = "/v1/chat/completions";

fn weather() -> Value {
    json!({
        "messages": [{"role": "user", "content": "What is the weather in Paris?"}],
        "tools": [
            {"type": "function", "function": {"name": "get_weather", "description": "The weather in a city", "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string", "maxLength": 20}, "unit": {"enum": ["celsius", "fahrenheit"]}},
                "required": ["city", "unit"],
                "additionalProperties": false,
            }}},
            {"type": "function", "function": {"name": "now"}},
        ],
        "temperature": 0,
        "max_tokens": 200,
    })
}

/// The one call of an answer: name and arguments.
fn call(answer: &Value) -> (String, Value) {
    let choice = &answer["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls", "{answer}");
    let call = &choice["message"]["tool_calls"][0];
    assert_eq!(call["type"], "function");
    assert!(call["id"].as_str().unwrap().len() >= 9);
    let arguments = call["function"]["arguments"].as_str().unwrap();
    (call["function"]["name"].as_str().unwrap().to_owned(), serde_json::from_str(arguments).unwrap())
}

#[tokio::test]
async fn a_forced_call_keeps_to_its_schema() {
    let daemon = Daemon::start().await;
    let named = json!({"type": "function", "function": {"name": "get_weather"}});
    for (choice, parallel) in [(named, true), (json!("required"), false)] {
        for seed in 0..3 {
            let fields = json!({"tool_choice": choice, "parallel_tool_calls": parallel, "seed": seed, "temperature": 1.2});
            let answer = daemon.ask(CHAT, &with(weather(), fields)).await;
            assert_eq!(answer["choices"][0]["message"]["tool_calls"].as_array().unwrap().len(), 1);
            assert_eq!(answer["choices"][0]["message"]["content"], Value::Null);
            let (name, arguments) = call(&answer);
            if name == "get_weather" {
                assert!(
                    ["celsius", "fahrenheit"].contains(&arguments["unit"].as_str().unwrap()),
                    "{arguments}"
                );
                assert!(
                    arguments["city"].is_string() && arguments.as_object().unwrap().len() == 2,
                    "{arguments}"
                );
            } else {
                assert_eq!((name.as_str(), arguments), ("now", json!({})));
            }
        }
    }
}

#[tokio::test]
async fn calls_are_streamed_piece_by_piece() {
    let daemon = Daemon::start().await;
    let named = json!({"type": "function", "function": {"name": "get_weather"}});
    let body = with(weather(), json!({"tool_choice": named}));
    let plain = daemon.ask(CHAT, &body).await;
    let chunks = daemon.stream(&body).await.chunks().await;
    let deltas: Vec<Value> = chunks
        .iter()
        .flat_map(|chunk| &chunk.choices)
        .filter_map(|choice| choice.delta.tool_calls.as_ref())
        .flat_map(|calls| calls.as_array().unwrap().clone())
        .collect();
    assert!(deltas.len() > 4, "{deltas:?}");
    assert!(deltas[0]["id"].is_string() && deltas[0]["function"]["name"] == "get_weather", "{deltas:?}");
    assert!(deltas.iter().all(|delta| delta["index"] == 0) && deltas[1]["id"].is_null(), "{deltas:?}");
    let arguments: String =
        deltas.iter().map(|delta| delta["function"]["arguments"].as_str().unwrap()).collect();
    assert_eq!(serde_json::from_str::<Value>(&arguments).unwrap(), call(&plain).1);
    let reasons: Vec<_> =
        chunks.iter().flat_map(|chunk| &chunk.choices).filter_map(|choice| choice.finish_reason).collect();
    assert_eq!(reasons, [hearth_wire::FinishReason::ToolCalls]);
}

#[tokio::test]
async fn a_call_that_is_cut_off_says_length() {
    let daemon = Daemon::start().await;
    let body = with(weather(), json!({"tool_choice": "required", "max_tokens": 22}));
    let answer = daemon.ask(CHAT, &body).await;
    assert_eq!(answer["choices"][0]["finish_reason"], "length", "{answer}");
}

#[tokio::test]
async fn a_model_without_tools_in_its_template_is_told_of_them_in_words() {
    let daemon = Daemon::start().await;
    let calls = json!([{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]);
    let mut body = weather();
    let messages = body["messages"].as_array_mut().unwrap();
    messages.push(json!({"role": "assistant", "content": null, "tool_calls": calls}));
    messages.push(json!({"role": "tool", "tool_call_id": "call_1", "content": "noon<|im_end|>"}));
    let prompt = daemon.ask("/apply-template", &body).await["prompt"].as_str().unwrap().to_owned();
    for part in [
        "<tools>\n{\"type\": \"function\", \"function\": {\"name\": \"get_weather\"",
        "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>",
        "<tool_response>\nnoon<|im_end|>\n</tool_response>",
    ] {
        assert!(prompt.contains(part), "{part}: {prompt}");
    }
    assert!(!daemon.chat(&with(body.clone(), json!({"max_tokens": 8}))).await.text.is_empty());
    let without = daemon.ask("/apply-template", &with(body, json!({"tool_choice": "none"}))).await;
    assert!(!without["prompt"].as_str().unwrap().contains("<tools>"), "{without}");
}

#[tokio::test]
async fn a_schema_that_cannot_be_kept_is_refused_by_its_keyword() {
    let daemon = Daemon::start().await;
    let mut body = weather();
    body["tools"][0]["function"]["parameters"]["properties"]["city"] =
        json!({"type": "array", "uniqueItems": true});
    let mut strict = body.clone();
    strict["tools"][0]["function"]["strict"] = json!(true);
    for held in [with(body.clone(), json!({"tool_choice": "required"})), strict] {
        let (status, error) = daemon.refused(CHAT, &held).await;
        assert_eq!((status, &error["param"]), (400, &json!("tools")), "{error}");
        assert!(error["message"].as_str().unwrap().contains("uniqueItems"), "{error}");
    }
    // Where nothing is held to it, it is but what the model is told.
    daemon.ask(CHAT, &with(body, json!({"max_tokens": 1}))).await;
}

#[tokio::test]
async fn a_strict_tool_leaves_an_answer_without_a_call_as_it_is() {
    let daemon = Daemon::start().await;
    let free = with(weather(), json!({"max_tokens": 30}));
    let mut strict = free.clone();
    strict["tools"][0]["function"]["strict"] = json!(true);
    // What was read in one go and what is taken from the cache differ in the last digits of their scores.
    daemon.chat(&free).await;
    let (free, strict) = (daemon.chat(&free).await, daemon.chat(&strict).await);
    assert!(!free.text.is_empty());
    assert_eq!(strict.text, free.text);
}
