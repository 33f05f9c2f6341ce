//! A cache of rounded numbers: half the memory, and the same sense.

use serde_json::json;

use crate::harness::{Daemon, story, with};

/// Megabytes that the daemon says its cache takes.
async fn cache_megabytes(daemon: &Daemon) -> u64 {
    let line = daemon.logged("model loaded").await;
    let figure = line.split("cache_mb=").nth(1).and_then(|rest| rest.split(' ').next());
    figure.expect("a figure").parse().expect("a number")
}

#[tokio::test]
async fn a_rounded_cache_takes_about_half_and_answers_as_well() {
    let options = ["--context", "2048", "--cells", "16384", "--cache-type"];
    let rounded = Daemon::with(&[&options[..], &["q8_0"]].concat()).await;
    let exact = Daemon::with(&[&options[..], &["f16"]].concat()).await;
    let [small, large] = [cache_megabytes(&rounded).await, cache_megabytes(&exact).await].map(|mb| mb as f64);
    assert!(small < large * 0.55, "{small} MB beside {large} MB");
    // What the daemon says is what the process has.
    let saved = (exact.own_memory() - rounded.own_memory()) * 1024.0 / 1_000_000.0;
    assert!(
        (saved / (large - small) - 1.0).abs() < 0.15,
        "{saved} MB less, and {} by the log",
        large - small
    );

    let question = json!({
        "messages": [
            {"role": "system", "content": "You are a helpful AI assistant."},
            {"role": "user", "content": "What is the capital of France?"},
        ],
        "temperature": 0,
        "max_tokens": 20,
    });
    let answer = rounded.chat(&question).await;
    assert!(answer.text.contains("Paris"), "{}", answer.text);
}

#[tokio::test]
async fn beginnings_are_shared_in_it_too() {
    let daemon = Daemon::with(&["--context", "2048", "--cache-type", "q8_0"]).await;
    let first = daemon.ask("/v1/chat/completions", &story("the sea", 5)).await;
    let again = daemon.ask("/v1/chat/completions", &with(story("the sea", 5), json!({"seed": 2}))).await;
    let cached = again["usage"]["prompt_tokens_details"]["cached_tokens"].as_u64().unwrap();
    assert!(cached > 10, "{again}");
    assert_eq!(again["choices"][0]["message"], first["choices"][0]["message"]);
    daemon.idle().await;
}
