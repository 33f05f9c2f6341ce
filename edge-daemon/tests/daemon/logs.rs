//! What the daemon writes down, and what it never does.

use serde_json::{Value, json};

use crate::harness::Daemon;

#[tokio::test]
async fn json_logs_are_an_object_a_line_and_hold_no_word_of_a_prompt() {
    let daemon = Daemon::with(&["--context", "2048", "--log-format", "json"]).await;
    let body = json!({
        "messages": [{"role": "user", "content": "Say xylophonist."}],
        "temperature": 0,
        "max_tokens": 8,
    });
    let answer = daemon.chat(&body).await;
    daemon.idle().await;
    let log = daemon.log();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    for line in &lines {
        for field in ["timestamp", "level", "message"] {
            assert!(line[field].is_string(), "no {field}: {line}");
        }
    }
    let listening = lines.iter().find(|line| line["address"].is_string()).expect("where it listens");
    assert!(daemon.base.ends_with(listening["address"].as_str().unwrap()), "{listening}");
    let mut words = vec!["xylophonist"];
    words.extend(answer.text.split_whitespace().filter(|word| word.len() > 6));
    for word in words {
        assert!(!log.contains(word), "`{word}` was written down: {log}");
    }
}
