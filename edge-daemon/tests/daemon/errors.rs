//! Requests that are wrong, and what they are told.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Daemon, story, with};

async fn refused(response: reqwest::Response) -> (u16, Value) {
    let status = response.status();
    assert_ne!(status, StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/json");
    let body: Value = response.json().await.unwrap();
    let error = &body["error"];
    assert!(error["message"].as_str().unwrap().len() > 10 && error["type"].is_string(), "{body}");
    (status.as_u16(), error.clone())
}

#[tokio::test]
async fn a_prompt_that_is_too_long_is_refused_before_anything_is_streamed() {
    let daemon = Daemon::with(&["--context", "256"]).await;
    for stream in [true, false] {
        let content = "word ".repeat(1000);
        let body = json!({"messages": [{"role": "user", "content": content}], "stream": stream});
        let (status, error) = refused(daemon.post(&body).await).await;
        assert_eq!((status, &error["code"]), (413, &json!("context_length_exceeded")));
        assert_eq!(error["n_ctx"], 256);
        assert!(error["n_prompt_tokens"].as_u64().unwrap() > 1000, "{error}");
    }
    daemon.idle().await;
}

#[tokio::test]
async fn a_malformed_body_gets_400_and_a_reason() {
    let daemon = Daemon::start().await;
    let deep = format!("{{\"messages\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
    let post = async |body: Vec<u8>| {
        let url = format!("{}/v1/chat/completions", daemon.base);
        daemon
            .http
            .post(url)
            .header("content-type", "application/json; charset=utf-8")
            .body(body)
            .send()
            .await
            .unwrap()
    };
    let cases: &[(&[u8], &str)] = &[
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b"[]", "invalid_json"),
        (b"{}", "invalid_value"),
        (b"\xff\xfe", "invalid_json"),
        (deep.as_bytes(), "invalid_json"),
        (br#"{"messages":[{"role":"user","content":"x"}"#, "invalid_json"),
        (br#"{"messages":[{"role":"user","content":"\ud800"}]}"#, "invalid_json"),
        (b"{\"messages\":[{\"role\":\"user\",\"content\":\"\xed\xa0\x80\"}]}", "invalid_json"),
        (br#"{"messages":[{"role":"wizard","content":"x"}]}"#, "invalid_value"),
        (br#"{"messages":[{"role":"user","content":7}]}"#, "invalid_value"),
        (br#"{"messages":[{"role":"user","content":"x"}],"temperature":NaN}"#, "invalid_json"),
        (br#"{"messages":[{"role":"user","content":"x"}],"temperature":1e999}"#, "invalid_value"),
        (br#"{"messages":[{"role":"user","content":"x"}],"max_tokens":-1}"#, "invalid_value"),
        (br#"{"messages":[{"role":"user","content":"a\u0000b"}]}"#, "invalid_value"),
        (br#"{"messages":[{"role":"user","content":"x"}],"temperature":9}"#, "invalid_value"),
        (br#"{"messages":[]}"#, "invalid_value"),
        (br#"{"messages":[{"role":"user","content":"x"}],"n":1000}"#, "invalid_value"),
        (br#"{"messages":[{"role":"user","content":"x"}],"n":0}"#, "invalid_value"),
        (br#"{"messages":[{"role":"user","content":"x"}],"temprature":1}"#, "unsupported_parameter"),
    ];
    for (body, code) in cases {
        let (status, error) = refused(post(body.to_vec()).await).await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]);
        assert_eq!((status, error["code"].as_str().unwrap()), (400, *code), "{shown}: {error}");
    }
    daemon.idle().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_or_no_json_is_told_so() {
    let daemon = Daemon::start().await;
    let body = json!({"messages": [{"role": "user", "content": "x".repeat(3 << 20)}]});
    let (status, error) = refused(daemon.post(&body).await).await;
    assert_eq!((status, &error["code"]), (413, &json!("body_too_large")));

    let url = format!("{}/v1/chat/completions", daemon.base);
    let (status, error) =
        refused(daemon.http.post(url).body(story("x", 1).to_string()).send().await.unwrap()).await;
    assert_eq!((status, &error["code"]), (415, &json!("unsupported_media_type")));
}

#[tokio::test]
async fn a_text_as_long_as_a_body_may_be_is_counted_and_refused() {
    let daemon = Daemon::start().await;
    for content in [
        "a".repeat(2_000_000),
        "é🦀\n 1".repeat(150_000),
        " ".repeat(2_000_000),
        "<|im_end|>".repeat(100_000),
    ] {
        let (status, error) =
            refused(daemon.post(&json!({"messages": [{"role": "user", "content": content}]})).await).await;
        assert_eq!((status, &error["code"]), (413, &json!("context_length_exceeded")), "{error}");
    }
    assert_eq!(daemon.get("/health").await["status"], "ok");
}

#[tokio::test]
async fn the_model_goes_by_its_id_by_default_and_by_no_name() {
    let daemon = Daemon::with(&["--context", "256", "--alias", "tiny"]).await;
    for model in [json!("tiny"), json!("default"), json!(""), json!(null)] {
        assert_eq!(
            daemon.post(&with(story("names", 1), json!({"model": model}))).await.status(),
            200,
            "{model}"
        );
    }
    let (status, error) =
        refused(daemon.post(&with(story("names", 1), json!({"model": "gpt-4o"}))).await).await;
    assert_eq!((status, &error["code"], &error["param"]), (404, &json!("model_not_found"), &json!("model")));
    assert!(error["message"].as_str().unwrap().contains("tiny"), "{error}");

    let models = daemon.get("/v1/models").await;
    let model = &models["data"][0];
    assert_eq!(
        (&models["object"], &model["id"], &model["object"]),
        (&json!("list"), &json!("tiny"), &json!("model"))
    );
    assert_eq!(model["meta"]["n_ctx"], 256);
    assert_eq!(model["meta"]["n_ctx_train"], 8192);
    assert!(
        ["n_params", "size", "n_vocab"].iter().all(|figure| model["meta"][figure].as_u64().unwrap() > 1000),
        "{model}"
    );
    assert_eq!(&daemon.get("/v1/models/tiny").await, model);
    assert_eq!(daemon.get("/v1/models/gpt-4o").await["error"]["code"], "model_not_found");
}

#[tokio::test]
async fn wrong_paths_methods_and_foreign_pages_get_the_envelope() {
    let daemon = Daemon::start().await;
    let url = |path: &str| format!("{}{path}", daemon.base);
    let (status, error) = refused(daemon.http.get(url("/v1/nothing")).send().await.unwrap()).await;
    assert_eq!((status, &error["code"]), (404, &json!("not_found")));
    let (status, error) = refused(daemon.http.get(url("/v1/chat/completions")).send().await.unwrap()).await;
    assert_eq!((status, &error["code"]), (405, &json!("method_not_allowed")));
    let foreign = daemon.http.post(url("/v1/chat/completions")).header("origin", "https://example.com");
    let (status, error) = refused(foreign.json(&story("x", 1)).send().await.unwrap()).await;
    assert_eq!((status, &error["code"]), (403, &json!("origin_refused")));
}
