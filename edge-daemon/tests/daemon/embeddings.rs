//! Vectors of a real embedding model, which `scripts/embedding-model.sh` makes.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{self, Daemon};

const EMBEDDINGS: &str = "/v1/embeddings";

/// Types of values in a GGUF file. Source: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.
const NUMBER: u32 = 4;
const STRING: u32 = 8;

/// llama.cpp's `LLAMA_POOLING_TYPE_LAST`.
const LAST: u32 = 3;

/// The model; made on the first call on a machine.
pub fn model() -> PathBuf {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../scripts/embedding-model.sh");
    let output = Command::new(script).output().expect("the script");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

fn vectors(answer: &Value) -> Vec<Vec<f64>> {
    let vector = |item: &Value| {
        item["embedding"].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
    };
    answer["data"].as_array().unwrap().iter().map(vector).collect()
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[tokio::test]
async fn what_means_the_same_is_near_and_a_batch_changes_nothing() {
    let daemon = Daemon::serving(&model(), &[]).await;
    let texts = ["A cat sits on the mat.", "A kitten is on the rug.", "Stock prices fell sharply today."];
    let answer = daemon.ask(EMBEDDINGS, &json!({"input": texts})).await;
    let together = vectors(&answer);
    assert!(together.iter().all(|vector| vector.len() == 384 && (cosine(vector, vector) - 1.0).abs() < 1e-3));
    let (near, far) = (cosine(&together[0], &together[1]), cosine(&together[0], &together[2]));
    assert!(near > 0.5 && far < 0.3, "{near} {far}");
    assert_eq!(answer["usage"]["prompt_tokens"], answer["usage"]["total_tokens"]);
    for (text, vector) in texts.iter().zip(&together) {
        let alone = vectors(&daemon.ask(EMBEDDINGS, &json!({"input": text})).await);
        assert!(cosine(&alone[0], vector) > 0.999, "{text}");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_nothing_is_cut() {
    let daemon = Daemon::serving(&model(), &[]).await;
    for (fields, status, param) in [
        (json!({"input": "word ".repeat(600)}), 413, "messages"),
        (json!({"input": ""}), 400, "input"),
        (json!({"input": []}), 400, "input"),
        (json!({"input": ["a", ""]}), 400, "input"),
        (json!({"input": [999_999]}), 400, "input"),
        (json!({"input": "a\u{0}b"}), 400, "input"),
        (json!({"input": "a", "dimensions": 64}), 400, "dimensions"),
        (json!({"input": "a", "encoding_format": "int8"}), 400, "encoding_format"),
        (json!({"input": "a", "model": "other"}), 404, "model"),
    ] {
        let (found, error) = daemon.refused(EMBEDDINGS, &fields).await;
        assert_eq!((found, &error["param"]), (status, &json!(param)), "{error}");
    }
    let fits = daemon.ask(EMBEDDINGS, &json!({"input": "a", "dimensions": 384})).await;
    assert_eq!(vectors(&fits)[0].len(), 384);
    let chat = json!({"messages": [{"role": "user", "content": "x"}]});
    assert_eq!(daemon.refused("/v1/chat/completions", &chat).await.0, 400);
    assert_eq!(daemon.get("/v1/models").await["data"][0]["capabilities"]["dimensions"], 384);
}

/// A model that writes, whose file says that it embeds by its last token: a decoder, as Qwen3-Embedding is one.
fn embedding_decoder() -> Vec<u8> {
    let mut bytes = std::fs::read(harness::model()).unwrap();
    let count = u64::from_le_bytes(bytes[16..24].try_into().unwrap());
    bytes[16..24].copy_from_slice(&(count + 2).to_le_bytes());
    let text = |text: &str| [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat();
    let added = [
        text("llama.pooling_type"),
        [NUMBER, LAST].map(u32::to_le_bytes).concat(),
        // What follows stays where it was, in units of 32 bytes.
        text("x"),
        STRING.to_le_bytes().to_vec(),
        text("nine byte"),
    ]
    .concat();
    assert_eq!(added.len() % 32, 0);
    bytes.splice(24..24, added);
    bytes
}

#[tokio::test]
async fn a_decoder_that_embeds_takes_no_more_memory_than_was_reckoned() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("decoder.gguf");
    std::fs::write(&path, embedding_decoder()).unwrap();
    let daemon = Daemon::serving(&path, &["--context", "2048", "--cache-type", "q8_0"]).await;
    let listed = daemon.get("/v1/models/decoder").await;
    let reckoned =
        listed["memory"]["total"].as_f64().unwrap() - listed["memory"]["weights"].as_f64().unwrap();
    let text = "river stone window garden ".repeat(450);
    let answer = daemon.ask(EMBEDDINGS, &json!({"input": [text, "A cat sits on the mat."]})).await;
    let vectors = vectors(&answer);
    assert!(vectors.iter().all(|vector| vector.len() == 576 && (cosine(vector, vector) - 1.0).abs() < 1e-3));
    assert!(answer["usage"]["prompt_tokens"].as_u64().unwrap() > 1800);
    let taken = daemon.own_memory() * 1024.0;
    // The program itself takes some.
    assert!(taken < reckoned + 60e6 && taken > reckoned / 2.0, "{taken} of {reckoned}");
}
