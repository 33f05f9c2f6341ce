//! What a caller can ask for besides words.

use serde_json::{Value, json};

use crate::harness::{Daemon, story, with};

const CHAT: &str = "/v1/chat/completions";

#[tokio::test]
async fn probabilities_come_with_every_token() {
    let daemon = Daemon::start().await;
    let body = with(story("rain", 6), json!({"logprobs": true, "top_logprobs": 3}));
    let answer = daemon.ask(CHAT, &body).await;
    let choice = &answer["choices"][0];
    let tokens = choice["logprobs"]["content"].as_array().unwrap();
    assert_eq!(tokens.len(), 6);
    let text: String = tokens.iter().map(|token| token["token"].as_str().unwrap()).collect();
    assert_eq!(text, choice["message"]["content"].as_str().unwrap());
    for token in tokens {
        let top = token["top_logprobs"].as_array().unwrap();
        assert_eq!(top.len(), 3);
        assert_eq!(top[0]["logprob"], token["logprob"], "greedy takes the likeliest");
        let sorted = top.windows(2).all(|pair| pair[0]["logprob"].as_f64() >= pair[1]["logprob"].as_f64());
        assert!(sorted && token["logprob"].as_f64().unwrap() <= 0.0, "{token}");
        assert_eq!(token["bytes"], json!(token["token"].as_str().unwrap().as_bytes()));
    }
    let streamed = daemon.stream(&body).await.chunks().await;
    let streamed: Vec<Value> = streamed
        .iter()
        .flat_map(|chunk| &chunk.choices)
        .filter_map(|choice| choice.logprobs.as_ref()?.get("content")?.as_array().cloned())
        .flatten()
        .collect();
    let words = |tokens: &[Value]| tokens.iter().map(|token| token["token"].clone()).collect::<Vec<_>>();
    assert_eq!(words(&streamed), words(tokens));
}

#[tokio::test]
async fn several_answers_to_one_prompt_are_told_apart_and_counted_together() {
    let daemon = Daemon::start().await;
    let body = with(story("cats", 8), json!({"n": 3, "temperature": 1.5, "seed": 1}));
    let answer = daemon.ask(CHAT, &body).await;
    let choices = answer["choices"].as_array().unwrap();
    assert_eq!(choices.iter().map(|choice| choice["index"].as_u64().unwrap()).collect::<Vec<_>>(), [0, 1, 2]);
    let texts: Vec<&str> =
        choices.iter().map(|choice| choice["message"]["content"].as_str().unwrap()).collect();
    assert!(texts[0] != texts[1] && texts[1] != texts[2], "{texts:?}");
    assert_eq!(answer["usage"]["completion_tokens"], 24);
    assert!(answer["usage"]["prompt_tokens"].as_u64().unwrap() < 60, "the prompt counts once: {answer}");

    let chunks = daemon.stream(&body).await.chunks().await;
    for (index, text) in texts.iter().enumerate() {
        let choices =
            chunks.iter().flat_map(|chunk| &chunk.choices).filter(|choice| choice.index == index as u32);
        let streamed: String = choices.clone().filter_map(|choice| choice.delta.content.as_deref()).collect();
        assert_eq!(&streamed, text);
        assert_eq!(choices.filter(|choice| choice.finish_reason.is_some()).count(), 1);
    }
    daemon.idle().await;
}

#[tokio::test]
async fn a_bias_forces_and_forbids_tokens() {
    let daemon = Daemon::start().await;
    let token = daemon.ask("/tokenize", &json!({"content": " Zebra"})).await["tokens"][0].clone();
    let body = with(story("rain", 3), json!({"logit_bias": {token.to_string(): 100}}));
    let forced = daemon.chat(&body).await.text;
    let pieces = daemon.ask("/detokenize", &json!({"tokens": [token.clone(), token.clone(), token]})).await;
    assert_eq!(json!(forced), pieces["content"]);

    let plain = daemon.ask(CHAT, &with(story("rain", 1), json!({"logprobs": true}))).await;
    let word = plain["choices"][0]["message"]["content"].as_str().unwrap().to_owned();
    let first = daemon.ask("/tokenize", &json!({"content": word})).await["tokens"][0].clone();
    let never = with(story("rain", 1), json!({"logit_bias": {first.to_string(): -100}}));
    assert_ne!(daemon.chat(&never).await.text, word);
}

#[tokio::test]
async fn an_answer_that_was_begun_is_gone_on_with() {
    let daemon = Daemon::start().await;
    let question = json!({"role": "user", "content": "Write a long story about the sea."});
    let whole = daemon.chat(&json!({"messages": [question], "temperature": 0, "max_tokens": 12})).await.text;
    let (begun, rest) = whole.split_at(whole.match_indices(' ').nth(1).unwrap().0);
    let body = json!({
        "messages": [question, {"role": "assistant", "content": begun}],
        "temperature": 0, "max_tokens": 2,
    });
    let continued = daemon.chat(&body).await.text;
    assert!(rest.starts_with(&continued) && !continued.is_empty(), "{whole:?}: {continued:?}");
    let prompt = daemon.ask("/apply-template", &body).await["prompt"].as_str().unwrap().to_owned();
    assert!(prompt.ends_with(&format!("<|im_start|>assistant\n{begun}")), "{prompt}");
}

#[tokio::test]
async fn the_second_request_with_a_beginning_says_how_much_was_there() {
    let daemon = Daemon::start().await;
    let ask = |about: &str| {
        let long = format!("You answer briefly. {}", "This is a rule. ".repeat(40));
        json!({"messages": [{"role": "system", "content": long}, {"role": "user", "content": about}], "max_tokens": 2})
    };
    let cached = |answer: &Value| answer["usage"]["prompt_tokens_details"]["cached_tokens"].as_u64().unwrap();
    assert_eq!(cached(&daemon.ask(CHAT, &ask("Hi")).await), 0);
    let second = daemon.ask(CHAT, &ask("Bye")).await;
    assert!(
        cached(&second) > 150 && cached(&second) < second["usage"]["prompt_tokens"].as_u64().unwrap(),
        "{second}"
    );
}

#[tokio::test]
async fn a_variable_that_the_template_does_not_read_is_refused() {
    let daemon = Daemon::start().await;
    for (fields, param) in [
        (json!({"chat_template_kwargs": {"enable_thinking": false}}), "chat_template_kwargs"),
        (json!({"reasoning_effort": "low"}), "reasoning_effort"),
    ] {
        let (status, error) = daemon.refused(CHAT, &with(story("x", 1), fields)).await;
        assert_eq!((status, &error["param"]), (400, &json!(param)), "{error}");
    }
}
