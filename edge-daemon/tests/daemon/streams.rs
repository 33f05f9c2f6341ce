//! What a stream is made of, and when.

use serde_json::{Value, json};

use crate::harness::{Daemon, story, with};

#[tokio::test]
async fn deltas_arrive_before_the_end() {
    let daemon = Daemon::start().await;
    let mut stream = daemon.stream(&story("a lighthouse", 1000)).await;
    assert!(stream.text().await.is_some());
    assert!(stream.text().await.is_some());
    assert_eq!(daemon.get("/health").await["requests"]["active"], 1, "it is still being written");
}

#[tokio::test]
async fn the_head_and_a_comment_come_before_the_prompt_is_read() {
    let daemon = Daemon::start().await;
    let long = "word ".repeat(1500);
    let body = json!({"messages": [{"role": "user", "content": long}], "max_tokens": 1});
    let mut stream = daemon.stream(&body).await;
    let first = stream.bytes().await.unwrap();
    assert_eq!(first, ": reading\n\n");
    let used = daemon.get("/health").await["cells"]["used"].as_u64().unwrap();
    assert!(used < 1500, "the prompt is still being read, {used} tokens so far");
}

#[tokio::test]
async fn a_stream_says_what_the_plain_answer_says() {
    let daemon = Daemon::start().await;
    for (seed, temperature) in [(1, 1.0), (2, 0.7), (3, 0.0)] {
        let body = with(
            story("a fox", 60),
            json!({"seed": seed, "temperature": temperature, "stream_options": {"include_usage": true}}),
        );
        let plain = daemon.chat(&body).await;
        let streamed = daemon.stream(&body).await.answer().await;
        assert_eq!(streamed, plain);
        assert!(plain.usage.is_some_and(|usage| usage.total_tokens == usage.prompt_tokens + 60), "{plain:?}");
    }
}

#[tokio::test]
async fn usage_is_streamed_only_when_asked_for_and_then_last() {
    let daemon = Daemon::start().await;
    let chunks = daemon.stream(&story("rain", 5)).await.chunks().await;
    assert!(chunks.iter().all(|chunk| chunk.usage.is_none() && chunk.choices.len() == 1));

    let body = with(story("rain", 5), json!({"stream_options": {"include_usage": true}}));
    let chunks = daemon.stream(&body).await.chunks().await;
    let (last, others) = chunks.split_last().unwrap();
    assert!(last.choices.is_empty() && last.usage.is_some());
    assert!(others.iter().all(|chunk| chunk.usage.is_none()));
}

/// What changes from run to run is replaced, and must be the same in every chunk.
fn steady(mut value: Value) -> Value {
    assert!(value["id"].as_str().unwrap().starts_with("chatcmpl-"));
    assert!(value["created"].as_u64().unwrap() > 1_700_000_000);
    value["id"] = json!("chatcmpl-…");
    value["created"] = json!(0);
    value
}

/// Pretty, and in the order of the names: the order within an object says nothing, and depends on features of
/// `serde_json` that another program of the same build may turn on.
fn shown(value: &Value) -> String {
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let mut entries: Vec<_> = map.iter().collect();
                entries.sort_by_key(|(name, _)| *name);
                entries.into_iter().map(|(name, item)| (name.clone(), sorted(item))).collect()
            }
            Value::Array(items) => items.iter().map(sorted).collect(),
            other => other.clone(),
        }
    }
    serde_json::to_string_pretty(&sorted(value)).unwrap()
}

#[tokio::test]
async fn the_wire_format_is_openais() {
    let daemon = Daemon::start().await;
    let body = json!({
        "messages": [{"role": "system", "content": "You are a helpful AI assistant."}, {"role": "user", "content": "What is the capital of France?"}],
        "temperature": 0,
    });
    let plain: Value = daemon.post(&body).await.json().await.unwrap();
    insta::assert_snapshot!(shown(&steady(plain)));

    let body = with(body, json!({"max_tokens": 2, "stream_options": {"include_usage": true}}));
    let mut stream = daemon.stream(&body).await;
    let mut events = Vec::new();
    while let Some(data) = stream.data().await {
        events.push(serde_json::from_str(&data).map_or_else(|_| json!(data), steady));
    }
    insta::assert_snapshot!(shown(&json!(events)));
}
