//! An hour of random requests: `./hearth test --soak`.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{self, Daemon, with};
use crate::models::Folder;

/// Seconds that the soak lasts, unless `HEARTH_SOAK_SECONDS` says otherwise.
const LASTS: u64 = 3600;
const WORKERS: u64 = 6;

/// Kilobytes that the process may grow by once it has been warm: what allocators keep for themselves.
const GROWTH: f64 = 32_000.0;

/// Numbers that look random, the same from the same seed. Source: Knuth's MMIX.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len() as u64) as usize]
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "an hour: ./hearth test --soak"]
async fn an_hour_of_random_requests_leaves_nothing_behind() {
    let lasts = std::env::var("HEARTH_SOAK_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(LASTS);
    let folder = Folder::with(&["a.gguf", "b.gguf", "c.gguf"]);
    std::os::unix::fs::symlink(crate::embeddings::model(), folder.file("embedder.gguf")).unwrap();
    let saved = folder.file("saved");
    // Room for two of the three that write, so that they come and go.
    let mut command = harness::command();
    command.args([
        "--port",
        "0",
        "--models",
        folder.text(),
        "--context",
        "1024",
        "--cells",
        "4096",
        "--idle",
        "20",
    ]);
    command.args(["--memory", "560MB", "--speculate", "4", "--prefix-cache-size", "100MB", "--prefix-cache"]);
    // As the systemd unit has it: else glibc keeps freed memory apart for each thread that there ever was.
    command.arg(&saved).env("MALLOC_ARENA_MAX", "2");
    let daemon = Daemon::run_by(command).await;
    let warm = Duration::from_secs((lasts / 10).clamp(60, 300));
    let mut answered = work(&daemon, warm, 1).await;
    settle(&daemon).await;
    let before = daemon.own_memory();
    answered += work(&daemon, Duration::from_secs(lasts), 2).await;
    settle(&daemon).await;
    let after = daemon.own_memory();
    let log = daemon.log();
    assert!(!log.contains("panicked") && !log.contains("ended by itself"), "an engine crashed");
    assert!(answered > lasts / 20, "only {answered} requests were answered");
    assert!(after <= before + GROWTH, "{before} kB before, {after} kB after {answered} answers");
}

/// Waits until nothing is asked, and loads the same models, so that memory can be compared.
async fn settle(daemon: &Daemon) {
    daemon.idle().await;
    for model in ["a", "b", "c", "embedder"] {
        daemon.ask("/v1/models/unload", &json!({"model": model})).await;
    }
    assert_eq!(daemon.get("/health").await["memory"]["used"], 0);
}

/// Several workers ask for a while; how many requests were answered well.
async fn work(daemon: &Daemon, lasts: Duration, round: u64) -> u64 {
    let until = Instant::now() + lasts;
    let workers = (0..WORKERS).map(|worker| async move {
        let mut chance = Chance(round * 1000 + worker);
        let mut answered = 0;
        while Instant::now() < until {
            answered += u64::from(one(daemon, &mut chance).await);
        }
        answered
    });
    join_all(workers).await.into_iter().sum()
}

/// One random request; whether it was answered well. Whatever is refused must be refused in order.
async fn one(daemon: &Daemon, chance: &mut Chance) -> bool {
    let model = *chance.of(&["a", "b", "c"]);
    let body = chat(chance, model);
    match chance.below(12) {
        0..=3 => well(daemon, "/v1/chat/completions", &body).await,
        // Who leaves in the middle.
        4..=6 => {
            let response = daemon.post(&with(body, json!({"stream": true}))).await;
            let good = response.status() == 200;
            if good {
                let mut stream = harness::Stream::of(response);
                for _ in 0..chance.below(12) {
                    if stream.bytes().await.is_none() {
                        break;
                    }
                }
            }
            good
        }
        7 => well(daemon, "/v1/embeddings", &json!({"input": words(chance, 30)})).await,
        8 => {
            let schema =
                json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
            let format = json!({"type": "json_schema", "json_schema": {"name": "x", "schema": schema}});
            well(daemon, "/v1/chat/completions", &with(body, json!({"response_format": format}))).await
        }
        9 => {
            let body = json!({"model": model, "prompt": words(chance, 40), "max_tokens": 8, "n": 2});
            well(daemon, "/v1/completions", &body).await
        }
        10 => {
            let bad = *chance.of(&[r#"{"messages": [{"role": "user""#, "[]", r#"{"temperature": -1}"#]);
            let url = format!("{}/v1/chat/completions", daemon.base);
            let sent =
                daemon.http.post(url).header("content-type", "application/json").body(bad).send().await;
            assert_eq!(sent.unwrap().status(), 400);
            false
        }
        _ => {
            let path = *chance.of(&["/v1/models/load", "/v1/models/unload"]);
            well(daemon, path, &json!({"model": model})).await
        }
    }
}

/// Whether it was answered; else it was turned away because there is too much to do, and no other way.
async fn well(daemon: &Daemon, path: &str, body: &Value) -> bool {
    let response = daemon.send(path, body).await;
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    let code = || serde_json::from_str::<Value>(&text).unwrap_or_default()["error"]["code"].clone();
    let is_in_order = match status {
        200 => true,
        413 => code() == "context_length_exceeded",
        429 => code() == "queue_full",
        503 => code() == "model_loading",
        _ => false,
    };
    assert!(is_in_order, "{status} {text}");
    status == 200
}

fn chat(chance: &mut Chance, model: &str) -> Value {
    let system = *chance.of(&["You are a helpful AI assistant.", "You answer in short words.", "Be brief."]);
    let length = *chance.of(&[5, 20, 100, 400]);
    json!({
        "model": model,
        "messages": [
            {"role": "system", "content": system},
            {"role": "user", "content": words(chance, length)},
        ],
        "max_tokens": 1 + chance.below(24),
        "temperature": *chance.of(&[0.0, 0.8, 1.5]),
        "stop": ["\n\n"],
    })
}

fn words(chance: &mut Chance, count: u64) -> String {
    let some = ["sea", "stone", "bread", "running", "é", "🦀", "<|im_end|>", "tomorrow", "42", "\n"];
    (0..count).map(|_| *chance.of(&some)).collect::<Vec<_>>().join(" ")
}
