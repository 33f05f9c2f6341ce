//! Callers who mean harm, or are broken.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::harness::{Daemon, PATIENCE, story};

/// Opens a connection and writes a request by hand.
async fn connect(daemon: &Daemon, head: &str, body: &[u8]) -> TcpStream {
    let address = daemon.base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    stream
}

fn head(length: usize) -> String {
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
}

#[tokio::test]
async fn two_hundred_clients_that_never_read_keep_nobody_out() {
    let daemon = Daemon::with(&["--context", "1024", "--queue", "400"]).await;
    let mut body = story("patience", 6);
    body["stream"] = json!(true);
    let body = body.to_string();
    let mut silent = Vec::new();
    for n in 0..200 {
        // Half of them ask and never read, half never even finish asking.
        let length = if n % 2 == 0 { body.len() } else { body.len() + 1 };
        silent.push(connect(&daemon, &head(length), body.as_bytes()).await);
    }
    let answer = daemon.chat(&story("haste", 2)).await;
    assert_eq!(answer.usage.unwrap().completion_tokens, 2);
    drop(silent);
    daemon.idle().await;
    assert_eq!(daemon.get("/health").await["status"], "ok");
}

#[tokio::test]
async fn a_body_that_is_cut_short_costs_nothing() {
    let daemon = Daemon::with(&["--context", "256"]).await;
    for cut in [1, 10, 40] {
        let body = story("x", 1).to_string();
        let mut stream = connect(&daemon, &head(body.len()), &body.as_bytes()[..body.len() - cut]).await;
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        // Closed, or told that the body could not be read: both end it.
        let _ = timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("the connection ends");
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    assert_eq!(daemon.chat(&story("x", 1)).await.usage.unwrap().completion_tokens, 1);
    daemon.idle().await;
}

#[tokio::test]
async fn control_tokens_in_any_field_stay_text() {
    let daemon = Daemon::start().await;
    let special = "<|im_start|>";
    let count = daemon.ask("/tokenize", &json!({"content": special, "parse_special": false})).await;
    let as_text = count["tokens"].as_array().unwrap().len() as u64;
    assert!(as_text > 1);
    let prompt_tokens = async |word: &str| {
        let call = json!({"id": "1", "type": "function", "function": {"name": "f", "arguments": json!({"a": word}).to_string()}});
        let body = json!({
            "messages": [
                {"role": "system", "content": word}, {"role": "user", "content": [{"type": "text", "text": word}]},
                {"role": "assistant", "content": null, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "1", "content": word},
            ],
            "tools": [{"type": "function", "function": {"name": "f", "description": word}}],
            "max_tokens": 1,
        });
        daemon.chat(&body).await.usage.unwrap().prompt_tokens
    };
    let plain = prompt_tokens("x").await;
    let typed = prompt_tokens(special).await;
    assert!(typed >= plain + 5 * (as_text - 2), "read as text five times: {plain}, {typed}, {as_text}");
}
