//! Vectors of a real embedding model, which `scripts/embedding-model.sh` makes.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::Daemon;

const EMBEDDINGS: &str = "/v1/embeddings";

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
