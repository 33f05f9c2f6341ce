//! LoRA adapters: each is a model of its own, on the weights of another.

use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Daemon, model, story, with};
use crate::models::{Folder, told};

/// Writes an adapter of the last layer's `ffn_down` of SmolLM2-135M, which changes it a lot. Its numbers are made up.
pub fn write_adapter(path: &Path) {
    const RANK: u64 = 4;
    const INNER: u64 = 1536;
    const WIDTH: u64 = 576;
    let mut bytes = b"GGUF".to_vec();
    let string = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    };
    bytes.extend(3u32.to_le_bytes());
    bytes.extend(2u64.to_le_bytes());
    bytes.extend(4u64.to_le_bytes());
    for (key, value) in
        [("general.architecture", "llama"), ("general.type", "adapter"), ("adapter.type", "lora")]
    {
        string(&mut bytes, key);
        bytes.extend(8u32.to_le_bytes());
        string(&mut bytes, value);
    }
    string(&mut bytes, "adapter.lora.alpha");
    bytes.extend(6u32.to_le_bytes());
    bytes.extend((RANK as f32).to_le_bytes());
    let tensors = [("lora_a", [INNER, RANK], 0), ("lora_b", [RANK, WIDTH], INNER * RANK * 4)];
    for (kind, sides, offset) in tensors {
        string(&mut bytes, &format!("blk.29.ffn_down.weight.{kind}"));
        bytes.extend(2u32.to_le_bytes());
        for side in sides {
            bytes.extend(side.to_le_bytes());
        }
        bytes.extend(0u32.to_le_bytes());
        bytes.extend(offset.to_le_bytes());
    }
    bytes.resize(bytes.len().next_multiple_of(32), 0);
    let mut state = 1u32;
    for _ in 0..(INNER + WIDTH) * RANK {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        bytes.extend(((state >> 8) as f32 / 16_777_216.0 - 0.5).to_le_bytes());
    }
    std::fs::write(path, bytes).unwrap();
}

fn text(answer: &Value) -> &str {
    answer["choices"][0]["message"]["content"].as_str().unwrap()
}

#[tokio::test]
async fn an_adapter_is_a_model_of_its_own_on_the_same_weights() {
    let folder = Folder::with(&[]);
    let file = folder.file("style.gguf");
    write_adapter(&file);
    let lora = format!("pirate={}", file.display());
    let daemon = Daemon::with(&["--context", "1024", "--lora", &lora]).await;
    let ask = async |model: &str| {
        daemon.ask("/v1/chat/completions", &with(story("the sea", 12), json!({"model": model}))).await
    };
    let plain = ask("default").await;
    let before = daemon.get("/health").await["memory"]["used"].as_u64().unwrap();
    let changed = ask("pirate").await;
    assert_eq!(changed["model"], "pirate");
    assert_ne!(text(&changed), text(&plain), "the adapter changes what is said");
    assert_eq!(text(&ask("default").await), text(&plain), "and not what the model says without it");
    assert_eq!(text(&ask("pirate").await), text(&changed));

    let told = told(&daemon, "pirate").await;
    assert_eq!((&told["parent"], &told["state"]), (&json!("SmolLM2-135M-Instruct"), &json!("ready")));
    let memory = daemon.get("/health").await["memory"]["used"].as_u64().unwrap() - before;
    let own = told["memory"]["total"].as_u64().unwrap() - told["memory"]["weights"].as_u64().unwrap();
    assert_eq!(memory, own, "the weights are held once");
}

#[tokio::test]
async fn an_adapter_of_another_model_is_refused_by_itself() {
    let folder = Folder::with(&[]);
    let lora = format!("odd={}", model().display());
    let daemon = Daemon::with(&["--context", "1024", "--lora", &lora]).await;
    let (status, error) =
        daemon.refused("/v1/chat/completions", &with(story("x", 1), json!({"model": "odd"}))).await;
    assert_eq!((status, &error["code"]), (503, &json!("model_failed")));
    assert!(error["message"].as_str().unwrap().contains("does not go with this model"), "{error}");
    daemon.chat(&story("life goes on", 2)).await;
    drop(folder);
}
