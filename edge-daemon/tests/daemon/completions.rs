//! Texts that are gone on with.

use serde_json::{Value, json};

use crate::harness::Daemon;

const COMPLETIONS: &str = "/v1/completions";

#[tokio::test]
async fn a_text_is_gone_on_with_as_text_or_as_tokens() {
    let daemon = Daemon::start().await;
    let body =
        json!({"prompt": "The capital of France is", "temperature": 0, "max_tokens": 4, "logprobs": 2});
    let answer = daemon.ask(COMPLETIONS, &body).await;
    assert_eq!(answer["object"], "text_completion");
    let choice = &answer["choices"][0];
    assert!(choice["text"].as_str().unwrap().contains("Paris"), "{answer}");
    assert_eq!(choice["finish_reason"], "length");
    assert_eq!(choice["logprobs"]["tokens"].as_array().unwrap().len(), 4);
    assert_eq!(choice["logprobs"]["text_offset"][0], 0);

    let tokens = daemon.ask("/tokenize", &json!({"content": body["prompt"]})).await["tokens"].clone();
    let by_tokens = json!({"prompt": tokens, "temperature": 0, "max_tokens": 4});
    assert_eq!(daemon.ask(COMPLETIONS, &by_tokens).await["choices"][0]["text"], choice["text"]);
}

#[tokio::test]
async fn several_prompts_have_answers_in_their_order() {
    let daemon = Daemon::start().await;
    let body = json!({"prompt": ["One, two,", "Red, green,"], "n": 2, "temperature": 0, "max_tokens": 3});
    let choices = daemon.ask(COMPLETIONS, &body).await["choices"].as_array().unwrap().clone();
    assert_eq!(choices.len(), 4);
    assert!(
        choices[0]["text"] == choices[1]["text"] && choices[1]["text"] != choices[2]["text"],
        "{choices:?}"
    );
    assert!(choices.iter().enumerate().all(|(index, choice)| choice["index"] == index));
}

#[tokio::test]
async fn a_stream_says_what_the_plain_answer_says() {
    let daemon = Daemon::start().await;
    let mut body = json!({"prompt": "Once upon a time", "temperature": 0});
    let plain = daemon.ask(COMPLETIONS, &body).await;
    assert_eq!(plain["usage"]["completion_tokens"], 16, "OpenAI's default");
    body["stream"] = json!(true);
    body["stream_options"] = json!({"include_usage": true});
    let text = daemon.send(COMPLETIONS, &body).await.text().await.unwrap();
    let events: Vec<&str> = text.split("\n\n").filter_map(|event| event.strip_prefix("data: ")).collect();
    assert_eq!(events.last(), Some(&"[DONE]"));
    let chunks: Vec<Value> =
        events[..events.len() - 1].iter().map(|data| serde_json::from_str(data).unwrap()).collect();
    let streamed: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["text"].as_str()).collect();
    assert_eq!(json!(streamed), plain["choices"][0]["text"]);
    assert_eq!(chunks.last().unwrap()["usage"]["total_tokens"], plain["usage"]["total_tokens"]);
}

#[tokio::test]
async fn what_is_not_done_here_is_refused_by_name() {
    let daemon = Daemon::start().await;
    for (fields, param) in [
        (json!({"echo": true}), "echo"),
        (json!({"best_of": 3}), "best_of"),
        (json!({"suffix": "the end"}), "suffix"),
        (json!({"prompt": [999_999]}), "prompt"),
        (json!({"prompt": null}), "prompt"),
        (json!({"messages": []}), "messages"),
        (json!({"logprobs": 99}), "logprobs"),
    ] {
        let mut body = json!({"prompt": "x", "max_tokens": 1});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let (status, error) = daemon.refused(COMPLETIONS, &body).await;
        assert_eq!((status, &error["param"]), (400, &json!(param)), "{error}");
    }
    let (status, error) = daemon.refused(COMPLETIONS, &json!({"prompt": "word ".repeat(3000)})).await;
    assert_eq!((status, &error["code"]), (413, &json!("context_length_exceeded")));
}
