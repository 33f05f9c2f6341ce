//! Loading and unloading by hand, names, and files that cannot be served.

use std::time::Duration;

use hearth_wire::FinishReason;
use serde_json::json;

use crate::harness::{self, Daemon, story, with};
use crate::models::{Folder, told, until_state};

#[tokio::test]
async fn a_model_is_loaded_and_unloaded_by_hand() {
    let folder = Folder::with(&["a.gguf"]);
    let daemon = Daemon::of(&["--models", folder.text(), "--context", "1024"]).await;
    let loaded = daemon.ask("/v1/models/load", &json!({"model": "a"})).await;
    assert_eq!(
        (&loaded["state"], &loaded["capabilities"]["prefix_sharing"]),
        (&json!("ready"), &json!(true))
    );
    // A running answer is finished first; whoever comes meanwhile has it loaded again.
    let mut running = daemon.stream(&with(story("the sea", 30), json!({"model": "a"}))).await;
    running.text().await.unwrap();
    let unload = json!({"model": "a"});
    let (answer, gone) = tokio::join!(running.answer(), daemon.ask("/v1/models/unload", &unload));
    assert_eq!(answer.reason, FinishReason::Length, "it is not cut off");
    assert_eq!(gone["state"], "unloaded");
    assert_eq!(daemon.ask("/v1/models/unload", &unload).await["state"], "unloaded", "once more does no harm");
    daemon.chat(&story("again", 1)).await;
    for body in [json!({"model": "gpt-4o"}), json!({"model": 7}), json!({"model": "a", "pn": true})] {
        let (status, error) = daemon.refused("/v1/models/load", &body).await;
        assert!([400, 404].contains(&status), "{error}");
    }
}

#[tokio::test]
async fn what_is_being_loaded_is_unloaded_when_it_is_there() {
    let folder = Folder::with(&["a.gguf"]);
    let daemon = Daemon::of(&["--models", folder.text(), "--context", "1024"]).await;
    let model = json!({"model": "a"});
    for _ in 0..3 {
        let asked = story("haste", 3);
        let load = daemon.chat(&asked);
        let unload = async {
            until_loaded_or_loading(&daemon).await;
            daemon.ask("/v1/models/unload", &model).await
        };
        tokio::join!(load, unload);
    }
}

async fn until_loaded_or_loading(daemon: &Daemon) {
    while told(daemon, "a").await["state"] == "unloaded" {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_daemon_is_well_no_sooner_than_the_model_that_it_is_to_have() {
    let model = harness::model();
    let daemon = Daemon::of(&["--model", model.to_str().unwrap(), "--context", "1024"]).await;
    loop {
        let response = daemon.http.get(format!("{}/health", daemon.base)).send().await.unwrap();
        let (status, health): (_, serde_json::Value) = (response.status(), response.json().await.unwrap());
        if status == 200 {
            break;
        }
        assert_eq!((status.as_u16(), &health["status"]), (503, &json!("loading")));
    }
    assert_eq!(told(&daemon, "default").await["state"], "ready");
    // And whoever asks sooner waits.
    let daemon = Daemon::of(&["--model", model.to_str().unwrap(), "--context", "1024"]).await;
    daemon.chat(&story("haste", 1)).await;
}

#[tokio::test]
async fn further_names_mean_the_same_model() {
    let folder = Folder::with(&["a.gguf", "b.gguf"]);
    let daemon = Daemon::of(&[
        "--models",
        folder.text(),
        "--context",
        "1024",
        "--alias",
        "code=b",
        "--alias",
        "quick=a",
        "--alias",
        "default=b",
    ])
    .await;
    for (name, id) in [("code", "b"), ("quick", "a"), ("default", "b"), ("", "b"), ("a", "a")] {
        let answer =
            daemon.ask("/v1/chat/completions", &with(story("names", 1), json!({"model": name}))).await;
        assert_eq!(answer["model"], id, "{name}");
    }
    let list = daemon.get("/v1/models").await;
    assert_eq!(list["data"][0]["id"], "b", "the default comes first");
    assert_eq!(list["data"][0]["aliases"], json!(["code", "default"]));
    let (status, error) =
        daemon.refused("/v1/chat/completions", &with(story("x", 1), json!({"model": "c"}))).await;
    assert_eq!((status, &error["code"]), (404, &json!("model_not_found")));
    assert!(error["message"].as_str().unwrap().contains("`a`, `b`"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_model_fails_by_itself_and_is_tried_again_when_it_is_another() {
    let folder = Folder::with(&["a.gguf"]);
    let whole = std::fs::read(harness::model()).unwrap();
    std::fs::write(folder.file("broken.gguf"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(folder.file("page.gguf"), "<!doctype html>").unwrap();
    let daemon = Daemon::of(&["--models", folder.text(), "--context", "1024"]).await;
    for (model, sentence) in [("broken", "is cut short"), ("page", "is not a GGUF model")] {
        let told = told(&daemon, model).await;
        assert_eq!(told["state"], "failed", "{told}");
        assert!(told["reason"].as_str().unwrap().contains(sentence), "{told}");
        let (status, error) =
            daemon.refused("/v1/chat/completions", &with(story("x", 1), json!({"model": model}))).await;
        assert_eq!((status, &error["code"]), (503, &json!("model_failed")), "{error}");
    }
    daemon.chat(&with(story("life goes on", 2), json!({"model": "a"}))).await;
    std::fs::write(folder.file("broken.gguf"), &whole).unwrap();
    daemon.chat(&with(story("mended", 2), json!({"model": "broken"}))).await;
}

/// A tensor has another name, so that llama.cpp does not find what it needs; lengths and sizes stay as they are.
pub fn sound_header_before_odd_weights() -> Vec<u8> {
    let mut bytes = std::fs::read(harness::model()).unwrap();
    let name = b"blk.0.attn_q.weight";
    let at = bytes.windows(name.len()).position(|window| window == name).unwrap();
    bytes[at] = b'X';
    bytes
}

#[tokio::test]
async fn a_header_that_is_sound_before_weights_that_are_not_does_not_end_the_daemon() {
    let folder = Folder::with(&["a.gguf"]);
    std::fs::write(folder.file("odd.gguf"), sound_header_before_odd_weights()).unwrap();
    let daemon = Daemon::of(&["--models", folder.text(), "--context", "1024"]).await;
    let odd = with(story("x", 1), json!({"model": "odd"}));
    for _ in 0..2 {
        let (status, error) = daemon.refused("/v1/chat/completions", &odd).await;
        assert_eq!((status, &error["code"]), (503, &json!("model_failed")), "{error}");
        assert!(error["message"].as_str().unwrap().contains("cannot be loaded by llama.cpp"), "{error}");
    }
    daemon.chat(&with(story("life goes on", 2), json!({"model": "a"}))).await;
    let again = until_state(&daemon, "odd", "failed").await;
    assert!(again["reason"].as_str().unwrap().contains("odd.gguf"), "{again}");
}

#[tokio::test]
async fn what_is_being_fetched_is_listed_as_such() {
    let folder = Folder::with(&["a.gguf"]);
    std::fs::write(folder.file("big-Q4_K_M.gguf.part"), [0; 5000]).unwrap();
    let daemon = Daemon::of(&["--models", folder.text()]).await;
    let list = daemon.get("/v1/models").await;
    let fetched = &list["data"][1];
    assert_eq!(
        (&fetched["id"], &fetched["state"], &fetched["downloaded"]),
        (&json!("big"), &json!("downloading"), &json!(5000)),
        "{list}"
    );
    std::fs::remove_file(folder.file("big-Q4_K_M.gguf.part")).unwrap();
    std::os::unix::fs::symlink(harness::model(), folder.file("big-Q4_K_M.gguf")).unwrap();
    daemon.chat(&with(story("new", 1), json!({"model": "big"}))).await;
}

#[tokio::test]
async fn the_estimate_is_near_what_the_process_takes() {
    let folder = Folder::with(&["a.gguf"]);
    let daemon = Daemon::of(&["--models", folder.text(), "--context", "4096", "--cells", "16384"]).await;
    let before = daemon.own_memory();
    daemon.chat(&story("weight", 1)).await;
    let body = json!({"messages": [{"role": "user", "content": "word ".repeat(600)}], "max_tokens": 1});
    daemon.chat(&body).await;
    let taken = (daemon.own_memory() - before) * 1024.0;
    let memory = told(&daemon, "a").await["memory"].clone();
    let own = memory["cache"].as_f64().unwrap() + memory["computing"].as_f64().unwrap();
    assert!((own / taken - 1.0).abs() < 0.2, "{taken} bytes, and by the estimate {own}: {memory}");
}

/// A pipe that nobody writes to stands in for a file on a network share that hangs: opening it waits for ever.
#[tokio::test]
async fn a_disk_that_hangs_holds_up_nobody_but_who_asks_for_what_is_on_it() {
    let folder = Folder::with(&["a.gguf", "b.gguf"]);
    let hung = folder.file("hung");
    assert!(std::process::Command::new("mkfifo").arg(&hung).status().unwrap().success());
    let config = folder.file("edge.toml");
    std::fs::write(&config, "folder = \".\"\n[models.hung]\npath = \"hung\"\n").unwrap();
    let options = ["--config", config.to_str().unwrap(), "--model", "a", "--context", "1024"];
    let daemon = Daemon::of(&options).await;
    daemon.logged("model loaded").await;
    let hung = with(story("patience", 3), json!({"model": "hung"}));
    let asked = (0..8).map(|_| daemon.refused("/v1/chat/completions", &hung));
    let others = async {
        let began = std::time::Instant::now();
        for _ in 0..5 {
            daemon.chat(&story("the sea", 3)).await;
            assert_eq!(daemon.get("/health").await["status"], "ok");
        }
        // What has to be read from the disk, as well.
        daemon.chat(&with(story("the sea", 3), json!({"model": "b"}))).await;
        assert_eq!(told(&daemon, "b").await["state"], "ready");
        began.elapsed()
    };
    let (refused, took) = tokio::join!(futures_util::future::join_all(asked), others);
    for (status, error) in refused {
        assert_eq!((status, &error["code"]), (503, &json!("disk_unavailable")), "{error}");
    }
    assert!(took < Duration::from_secs(9), "others were held up: {took:?}");
    daemon.terminate();
    assert_eq!(daemon.exit_code().await, Some(0), "nor does it hold up the end");
}
