//! A model's file that is replaced while it is served.

use std::fs;
use std::time::{Duration, SystemTime};

use hearth_wire::FinishReason;
use serde_json::json;

use crate::adapters::write_adapter;
use crate::harness::{self, Daemon, story, with};
use crate::loading::sound_header_before_odd_weights;
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
    let mut running = daemon.stream(&story("the sea", 400)).await;
    running.text().await.unwrap();
    replace(&folder, "a.gguf", &fs::read(harness::model()).unwrap());
    daemon.logged("file was replaced").await;
    let asked = story("the sea", 5);
    let (old, new) = tokio::join!(running.answer(), daemon.chat(&asked));
    assert_eq!(old.reason, FinishReason::Length, "it is not cut off");
    assert!(!new.text.is_empty());
    assert_eq!(loads(&metrics(&daemon).await), "2");
    // It is loaded anew once, not each time.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    daemon.chat(&story("the sea", 5)).await;
    assert_eq!(loads(&metrics(&daemon).await), "2");
}

#[tokio::test]
async fn what_is_to_be_in_memory_always_is_loaded_again_before_anybody_asks() {
    let folder = Folder::with(&["a.gguf"]);
    let daemon = Daemon::of(&["--models", folder.text(), "--model", "a", "--context", "1024"]).await;
    daemon.logged("model loaded").await;
    replace(&folder, "a.gguf", &fs::read(harness::model()).unwrap());
    daemon.logged("file was replaced").await;
    daemon.until("closes the old", |health| health["status"] == "loading").await;
    daemon.until("is loaded again", |health| health["status"] == "ok").await;
    assert_eq!(loads(&metrics(&daemon).await), "2");
}

#[tokio::test]
async fn what_should_be_in_memory_and_cannot_be_loaded_again_has_failed_until_its_file_is_mended() {
    let folder = Folder::with(&["a.gguf"]);
    let daemon = Daemon::of(&["--models", folder.text(), "--model", "a", "--context", "1024"]).await;
    daemon.logged("model loaded").await;
    replace(&folder, "a.gguf", &sound_header_before_odd_weights());
    daemon.until("has failed", |health| health["status"] == "failed").await;
    replace(&folder, "a.gguf", &fs::read(harness::model()).unwrap());
    daemon.until("is loaded again", |health| health["status"] == "ok").await;
    daemon.chat(&story("the sea", 3)).await;
}

#[tokio::test]
async fn a_model_of_a_folder_goes_on_under_another_files_name() {
    let folder = Folder::with(&["a-Q4_1.gguf"]);
    let daemon = Daemon::of(&["--models", folder.text(), "--context", "1024"]).await;
    daemon.chat(&with(story("the sea", 3), json!({"model": "a"}))).await;
    replace(&folder, "a-Q8_0.gguf", &fs::read(harness::model()).unwrap());
    fs::remove_file(folder.file("a-Q4_1.gguf")).unwrap();
    daemon.logged("file was replaced").await;
    daemon.chat(&with(story("the sea", 3), json!({"model": "a"}))).await;
    assert_eq!(loads(&metrics(&daemon).await), "2");
}

#[tokio::test]
async fn weights_of_which_only_the_adapter_is_asked_for_do_not_stay_in_memory_twice() {
    let folder = Folder::with(&["a.gguf"]);
    let adapter = folder.file("style.lora");
    write_adapter(&adapter);
    let config = folder.file("edge.toml");
    fs::write(&config, "folder = \".\"\n[models.a.adapters]\npirate = \"style.lora\"\n").unwrap();
    let daemon = Daemon::of(&["--config", config.to_str().unwrap(), "--context", "1024"]).await;
    let pirate = with(story("the sea", 12), json!({"model": "pirate"}));
    let before = daemon.chat(&pirate).await;
    daemon.chat(&with(story("the sea", 2), json!({"model": "a"}))).await;
    let used = async || daemon.get("/health").await["memory"]["used"].as_u64().unwrap();
    let both = used().await;
    // Other numbers, of the same size.
    let mut bytes = fs::read(&adapter).unwrap();
    let end = bytes.len() - 4096;
    bytes[end..].fill(0);
    replace(&folder, "style.lora", &bytes);
    let replacements = || daemon.log().matches("file was replaced").count();
    // The model and its adapter are looked at each by itself.
    daemon.until("both are closed", |_| replacements() == 2).await;
    let after = daemon.chat(&pirate).await;
    assert_ne!(after.text, before.text, "it answers by the new adapter");
    let weights = told(&daemon, "pirate").await["memory"]["weights"].as_u64().unwrap();
    let alone = used().await;
    assert!(alone < both && alone >= weights, "{alone} of {both}, {weights} of them weights");
    assert_eq!(told(&daemon, "a").await["state"], "unloaded", "nobody has asked for it since");

    // An adapter that is missing does not keep its base from being followed, nor other weights from being shared.
    daemon.chat(&with(story("the sea", 2), json!({"model": "a"}))).await;
    fs::remove_file(folder.file("style.lora")).unwrap();
    let before = replacements();
    replace(&folder, "a.gguf", &fs::read(harness::model()).unwrap());
    daemon.until("follows the base", |_| replacements() > before).await;
    daemon.chat(&with(story("the sea", 2), json!({"model": "a"}))).await;
}

#[tokio::test]
async fn a_new_file_that_is_broken_leaves_the_old_one_in_service() {
    let folder = Folder::with(&["a.gguf"]);
    let daemon = Daemon::of(&["--models", folder.text(), "--model", "a", "--context", "1024"]).await;
    daemon.logged("model loaded").await;
    let whole = fs::read(harness::model()).unwrap();
    replace(&folder, "a.gguf", &whole[..whole.len() / 2]);
    tokio::time::sleep(Duration::from_millis(2500)).await;
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
