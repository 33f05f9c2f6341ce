//! One streamed chat, with a stop-watch.

use std::time::{Duration, Instant};

use anyhow::Context;
use futures_util::StreamExt;
use hearth_wire::ChatChunk;
use hearth_wire::sse::Parser;
use serde_json::{Value, json};

/// A client that speaks plain HTTP to loopback; reqwest wants to know its cryptography all the same.
pub fn http() -> reqwest::Client {
    // A second installation is refused and changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // A connection each: llama-server closes idle ones, and a request on such a one is lost.
    reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap_or_default()
}

#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
}

/// How an answer came.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// From the request to the first text.
    pub first: Duration,
    pub tokens: u64,
}

impl Client {
    pub fn new(base: String) -> Self {
        Self { http: http(), base }
    }

    /// Asks, reads the answer to its end, and tells how it came. `system` `None` is the template's default.
    pub async fn ask(&self, system: Option<&str>, user: &str, max_tokens: u32) -> anyhow::Result<Timing> {
        let system = system.map(|text| json!({"role": "system", "content": text}));
        let messages: Vec<Value> =
            system.into_iter().chain([json!({"role": "user", "content": user})]).collect();
        let body = json!({
            "messages": messages,
            "max_tokens": max_tokens,
            "temperature": 0,
            "stream": true,
            "stream_options": {"include_usage": true},
        });
        let began = Instant::now();
        let answer = self.http.post(format!("{}/v1/chat/completions", self.base)).json(&body).send().await?;
        let mut bytes = answer.error_for_status()?.bytes_stream();
        let mut parser = Parser::new(1 << 20);
        let (mut first, mut tokens) = (None, None);
        while let Some(piece) = bytes.next().await {
            for event in parser.push(&piece?)? {
                let Ok(chunk) = serde_json::from_str::<ChatChunk>(&event.data) else { continue };
                let has_text = chunk
                    .choices
                    .iter()
                    .any(|choice| choice.delta.content.as_ref().is_some_and(|text| !text.is_empty()));
                if has_text {
                    first.get_or_insert_with(|| began.elapsed());
                }
                tokens = chunk.usage.map(|usage| usage.completion_tokens).or(tokens);
            }
        }
        Ok(Timing {
            first: first.context("an answer without text")?,
            tokens: tokens.context("an answer without usage")?,
        })
    }
}
