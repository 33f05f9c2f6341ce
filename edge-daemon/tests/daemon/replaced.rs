//! A model's file that is replaced while it is served.

use std::fs;
use std::time::{Duration, SystemTime};

use hearth_wire::FinishReason;
use serde_json::json;

use crate::harness::{self, Daemon, story, with};
use crate::models::{Folder, told};

/// Puts a file in the place of another, as a package manager would. It was written a while ago.
fn replace(folder: &Folder, name: &str, bytes: &[u8]) {
    let new = folder.file("new");
    fs::write(&new, bytes).unwrap();
    let file = fs::File::options().write(true).open(&new).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
    fs::rename(&new, folder.file(name)).unwrap();
}

fn loads(metrics: &str) -> &str {
    metrics.lines().find_map(|line| line.strip_prefix("hearth_edge_model_loads_total{model=\"a\"} ")).unwrap()
}

async fn metrics(daemon: &Daemon) -> String {
    daemon.http.get(format!("{}/metrics", daemon.base)).send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn running_answers_end_on_the_old_file_and_later_ones_begin_on_the_new() {
    let folder = Folder::with(&["a.gguf"]);
    let daemon = Daemon::of(&["--models", folder.text(), "--model", "a", "--context", "1024"]).await;
    daemon.logged("model loaded").await;
    let mut running = daemon.stream(&story("the sea", 60)).await;
    running.text().await.unwrap();
    replace(&folder, "a.gguf", &fs::read(harness::model()).unwrap());
    let asked = story("the sea", 5);
    let (old, new) = tokio::join!(running.answer(), daemon.chat(&asked));
    assert_eq!(old.reason, FinishReason::Length, "it is not cut off");
    assert!(!new.text.is_empty());
    assert_eq!(loads(&metrics(&daemon).await), "2");
    // It is loaded anew once, not each time.
    daemon.chat(&story("the sea", 5)).await;
    assert_eq!(loads(&metrics(&daemon).await), "2");
}

#[tokio::test]
async fn a_new_file_that_is_broken_leaves_the_old_one_in_service() {
    let folder = Folder::with(&["a.gguf"]);
    let daemon = Daemon::of(&["--models", folder.text(), "--model", "a", "--context", "1024"]).await;
    daemon.logged("model loaded").await;
    let whole = fs::read(harness::model()).unwrap();
    replace(&folder, "a.gguf", &whole[..whole.len() / 2]);
    daemon.chat(&story("patience", 3)).await;
    fs::remove_file(folder.file("a.gguf")).unwrap();
    daemon.chat(&story("patience", 3)).await;
    assert_eq!(loads(&metrics(&daemon).await), "1");
}

#[tokio::test]
async fn without_mapping_even_a_file_that_is_emptied_does_no_harm() {
    let folder = Folder::with(&[]);
    fs::copy(harness::model(), folder.file("a.gguf")).unwrap();
    let options = ["--models", folder.text(), "--model", "a", "--context", "1024", "--no-mmap"];
    let daemon = Daemon::of(&options).await;
    daemon.logged("model loaded").await;
    fs::File::options().write(true).open(folder.file("a.gguf")).unwrap().set_len(0).unwrap();
    let answer = daemon.chat(&with(story("stones", 20), json!({"model": "a"}))).await;
    assert_eq!(answer.usage.map(|usage| usage.completion_tokens), Some(20));
    assert_eq!(told(&daemon, "a").await["state"], "ready");
}
