//! Tokens, counts and what the daemon tells of itself.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Daemon, PATIENCE, story};

#[tokio::test]
async fn texts_become_tokens_and_come_back() {
    let daemon = Daemon::start().await;
    for text in ["Hello, world!", "Grüße, 東京 🦀", "  two  spaces\n", ""] {
        let tokens = daemon.ask("/tokenize", &json!({"content": text})).await["tokens"].clone();
        assert_eq!(daemon.ask("/detokenize", &json!({"tokens": tokens})).await["content"], text);
    }
    let count =
        async |fields: Value| daemon.ask("/tokenize", &fields).await["tokens"].as_array().unwrap().len();
    assert_eq!(count(json!({"content": "<|im_end|>"})).await, 1);
    assert!(count(json!({"content": "<|im_end|>", "parse_special": false})).await > 1);
    let pieces = daemon.ask("/tokenize", &json!({"content": "🦀 crab", "with_pieces": true})).await;
    let pieces = pieces["tokens"].as_array().unwrap();
    assert!(
        pieces.iter().all(|token| token["id"].is_u64()) && pieces.last().unwrap()["piece"] == " crab",
        "{pieces:?}"
    );
    for body in
        [json!({"tokens": [-1]}), json!({"tokens": [1e9]}), json!({"tokens": ["x"]}), json!({"token": 1})]
    {
        assert_eq!(daemon.refused("/detokenize", &body).await.0, 400, "{body}");
    }
}

#[tokio::test]
async fn metrics_count_what_was_done_and_hold_no_words() {
    let daemon = Daemon::start().await;
    daemon.chat(&story("xylophones", 5)).await;
    drop(daemon.stream(&story("zeppelins", 1000)).await);
    let ask = async || daemon.http.get(format!("{}/metrics", daemon.base)).send().await.unwrap();
    assert!(ask().await.headers()["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    // It may take a moment until it is noticed who has left.
    let left = async {
        loop {
            let text = ask().await.text().await.unwrap();
            if text.lines().any(|line| line.contains("end=\"abandoned\"") && line.ends_with(" 1")) {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let text = tokio::time::timeout(PATIENCE, left).await.expect("an answer that is counted as abandoned");
    let value = |name: &str| {
        let line =
            text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name}: {text}"));
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    let model = "model=\"SmolLM2-135M-Instruct\"";
    assert_eq!(value(&format!("hearth_edge_requests_total{{{model},end=\"finished\"}}")) as u64, 1);
    assert_eq!(value(&format!("hearth_edge_requests_total{{{model},end=\"abandoned\"}}")) as u64, 1);
    assert!(value("hearth_edge_completion_tokens_total") >= 5.0);
    assert!(value("hearth_edge_prompt_tokens_total") > 10.0);
    assert!(value("hearth_edge_kv_cells{") > 1000.0);
    assert!(!text.contains("xylophones") && !text.contains("zeppelins"));
}

#[tokio::test]
async fn the_page_and_the_list_say_what_is_served() {
    let daemon = Daemon::start().await;
    let page = daemon.http.get(&daemon.base).send().await.unwrap();
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    assert!(page.text().await.unwrap().contains("<title>Hearth edge</title>"));
    let capabilities = daemon.get("/v1/models").await["data"][0]["capabilities"].clone();
    assert_eq!((&capabilities["chat"], &capabilities["prefix_sharing"]), (&json!(true), &json!(true)));
    assert_eq!(
        (&capabilities["tools"], &capabilities["tool_format"]),
        (&json!("preamble"), &json!("hermes"))
    );
}

#[tokio::test]
async fn a_model_that_writes_does_not_embed() {
    let daemon = Daemon::start().await;
    let (status, error) = daemon.refused("/v1/embeddings", &json!({"input": "x"})).await;
    assert_eq!((status, &error["param"]), (400, &json!("model")), "{error}");
}
