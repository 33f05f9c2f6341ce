//! Several models under one memory budget: who is loaded, who goes, and who never fits.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hearth_wire::FinishReason;
use serde_json::{Value, json};

use crate::harness::{self, Daemon, run, story, with};

/// A folder in which the model goes by several names.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn with(names: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            std::os::unix::fs::symlink(harness::model(), folder.path().join(name)).unwrap();
        }
        Self(folder)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn text(&self) -> &str {
        self.path().to_str().unwrap()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }
}

/// What `/v1/models` says of a model.
pub async fn told(daemon: &Daemon, id: &str) -> Value {
    daemon.get(&format!("/v1/models/{id}")).await
}

/// Waits until a model stands like this.
pub async fn until_state(daemon: &Daemon, id: &str, state: &str) -> Value {
    let wait = async {
        loop {
            let model = told(daemon, id).await;
            if model["state"] == state {
                return model;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(harness::PATIENCE, wait).await.unwrap_or_else(|_| panic!("{id} was never {state}"))
}

fn asking(model: &str) -> Value {
    with(story(model, 3), json!({"model": model}))
}

/// An amount of memory that one model of 2,048 tokens fits into, and two do not.
async fn room_for_one(folder: &Folder) -> String {
    let daemon = Daemon::of(&["--models", folder.text(), "--context", "2048"]).await;
    let total = told(&daemon, "a").await["memory"]["total"].as_u64().unwrap();
    format!("{}", total * 3 / 2)
}

#[tokio::test]
async fn a_folders_models_are_loaded_when_they_are_asked_for() {
    let folder = Folder::with(&["a.gguf", "b.gguf"]);
    let embedder = crate::embeddings::model();
    std::os::unix::fs::symlink(&embedder, folder.file("embedder.gguf")).unwrap();
    let daemon = Daemon::of(&["--models", folder.text(), "--context", "1024"]).await;
    let list = daemon.get("/v1/models").await;
    let ids: Vec<&str> =
        list["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["a", "b", "embedder"]);
    assert!(list["data"].as_array().unwrap().iter().all(|one| one["state"] == "unloaded"), "{list}");
    assert_eq!(daemon.get("/health").await["status"], "ok");

    let answer = daemon.ask("/v1/chat/completions", &asking("b")).await;
    assert_eq!(answer["model"], "b");
    assert_eq!(told(&daemon, "b").await["state"], "ready");
    assert_eq!(told(&daemon, "a").await["state"], "unloaded");
    // No name means the first, and where texts are to be embedded the first that embeds.
    assert_eq!(daemon.ask("/v1/chat/completions", &story("a", 1)).await["model"], "a");
    for body in [json!({"input": "hello"}), json!({"input": "hello", "model": "embed"})] {
        assert_eq!(daemon.ask("/v1/embeddings", &body).await["model"], "embedder");
    }
    let health = daemon.get("/health").await;
    let held = health["memory"]["used"].as_u64().unwrap();
    let mut sum = 0;
    for id in ids {
        sum += told(&daemon, id).await["memory"]["total"].as_u64().unwrap();
    }
    assert_eq!(held, sum, "{health}");
    let metrics =
        daemon.http.get(format!("{}/metrics", daemon.base)).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("hearth_edge_requests_total{model=\"b\",end=\"finished\"} 1"), "{metrics}");
    assert!(
        metrics.contains("hearth_edge_requests_total{model=\"embedder\",end=\"finished\"} 2"),
        "{metrics}"
    );
}

#[tokio::test]
async fn the_least_recently_used_goes_and_its_memory_comes_back() {
    let folder = Folder::with(&["a.gguf", "b.gguf"]);
    let room = room_for_one(&folder).await;
    let daemon = Daemon::of(&["--models", folder.text(), "--context", "2048", "--memory", &room]).await;
    let mut memory = Vec::new();
    for turn in 0..3 {
        for (asked, other) in [("a", "b"), ("b", "a")] {
            daemon.ask("/v1/chat/completions", &asking(asked)).await;
            assert_eq!(told(&daemon, asked).await["state"], "ready", "{turn}");
            assert_eq!(told(&daemon, other).await["state"], "unloaded", "{turn}");
            memory.push(daemon.own_memory());
        }
    }
    assert!(memory[5] < memory[1] * 1.15, "memory grows from load to load: {memory:?} kB");
}

#[tokio::test]
async fn a_busy_model_is_waited_for_and_nobody_is_cut_off() {
    let folder = Folder::with(&["a.gguf", "b.gguf"]);
    let room = room_for_one(&folder).await;
    let daemon = Daemon::of(&["--models", folder.text(), "--context", "2048", "--memory", &room]).await;
    let mut busy = daemon.stream(&with(story("the sea", 40), json!({"model": "a"}))).await;
    busy.text().await.unwrap();
    let asked = asking("b");
    let (answer, other) = tokio::join!(busy.answer(), daemon.chat(&asked));
    assert_eq!(answer.reason, FinishReason::Length, "it is not cut off");
    assert!(!other.text.is_empty());
    // And many at once, for either, all get their answers.
    let asked: Vec<Value> = (0..8).map(|n| asking(if n % 2 == 0 { "a" } else { "b" })).collect();
    let answers = futures_util::future::join_all(asked.iter().map(|body| daemon.chat(body))).await;
    assert_eq!(answers.len(), 8);
}

#[tokio::test]
async fn two_that_are_asked_for_at_once_have_one_place_in_turn() {
    let folder = Folder::with(&["a.gguf", "b.gguf"]);
    let room = room_for_one(&folder).await;
    let daemon = Daemon::of(&["--models", folder.text(), "--context", "2048", "--memory", &room]).await;
    let (a, b) = (asking("a"), asking("b"));
    for _ in 0..4 {
        tokio::join!(daemon.chat(&a), daemon.chat(&b));
        for model in ["a", "b"] {
            daemon.ask("/v1/models/unload", &json!({"model": model})).await;
        }
    }
}

#[tokio::test]
async fn a_model_that_is_always_busy_makes_room_for_whoever_has_waited_long() {
    let folder = Folder::with(&["a.gguf", "b.gguf"]);
    let room = room_for_one(&folder).await;
    let daemon = Daemon::of(&["--models", folder.text(), "--context", "2048", "--memory", &room]).await;
    daemon.chat(&asking("a")).await;
    let over = std::sync::atomic::AtomicBool::new(false);
    let done = || over.load(std::sync::atomic::Ordering::Relaxed);
    let long = with(story("the sea", 100), json!({"model": "a"}));
    // Two who begin again while the other one's answer goes on: the model is never idle.
    let busy = async |first: u32| {
        let mut tokens = first;
        while !done() {
            daemon.chat(&with(long.clone(), json!({"max_tokens": tokens}))).await;
            tokens = 100;
        }
    };
    let asked = asking("b");
    let waiting = async {
        daemon.chat(&asked).await;
        over.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    tokio::join!(busy(100), busy(30), busy(60), waiting);
}

#[tokio::test]
async fn what_never_fits_is_refused_with_the_figures() {
    let folder = Folder::with(&["a.gguf"]);
    let daemon = Daemon::of(&["--models", folder.text(), "--context", "2048", "--memory", "90MB"]).await;
    let (status, error) = daemon.refused("/v1/chat/completions", &asking("a")).await;
    assert_eq!((status, &error["code"]), (400, &json!("model_too_large")));
    let said = error["message"].as_str().unwrap();
    assert!(said.contains("97 MB weights") && said.contains("may take 90 MB"), "{said}");

    let file = folder.file("a.gguf");
    let (code, log) = run(&["--port", "0", "--model", file.to_str().unwrap(), "--memory", "90MB"]);
    assert_eq!(code, Some(3), "{log}");
    assert!(log.contains("97 MB weights"), "{log}");
}

#[tokio::test]
async fn what_is_pinned_stays_whoever_asks() {
    let folder = Folder::with(&["a.gguf", "b.gguf"]);
    let room = room_for_one(&folder).await;
    let options = ["--models", folder.text(), "--model", "a", "--context", "2048", "--memory", &room];
    let daemon = Daemon::of(&options).await;
    daemon.logged("model loaded").await;
    let (status, error) = daemon.refused("/v1/chat/completions", &asking("b")).await;
    assert_eq!((status, &error["code"]), (400, &json!("model_too_large")));
    assert!(error["message"].as_str().unwrap().contains("are pinned"), "{error}");
    // Whoever may load may also let go.
    let pin = async |pin: bool| daemon.ask("/v1/models/load", &json!({"model": "a", "pin": pin})).await;
    assert_eq!(pin(false).await["pinned"], false);
    daemon.chat(&asking("b")).await;
    assert_eq!(told(&daemon, "a").await["state"], "unloaded");
    assert_eq!(pin(true).await["pinned"], true, "loading it makes room");
    assert_eq!(told(&daemon, "b").await["state"], "unloaded");
}

#[tokio::test]
async fn a_model_that_nobody_asks_for_goes_by_itself() {
    let folder = Folder::with(&["a.gguf", "b.gguf"]);
    let options = ["--models", folder.text(), "--model", "b", "--context", "1024", "--idle", "1"];
    let daemon = Daemon::of(&options).await;
    daemon.chat(&asking("a")).await;
    until_state(&daemon, "a", "unloaded").await;
    assert_eq!(told(&daemon, "b").await["state"], "ready", "what was named at the start stays");
    daemon.chat(&asking("a")).await;
}
