//! The three routes that OpenAI's clients call.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

use futures_util::StreamExt;
use hearth_tests::{
    house::House,
    person::{Person, client, read},
};
use reqwest::Method;
use serde_json::{Value, json};

fn ask() -> Value {
    json!({ "model": "default", "messages": [{ "role": "user", "content": "Say hello." }], "max_tokens": 12 })
}

#[tokio::test]
async fn chat_answers_whole_and_streamed() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let (status, whole) = person.post("/v1/chat/completions", ask()).await;
    assert_eq!(status, 200, "{whole}");
    assert!(!whole["choices"][0]["message"]["content"].as_str().unwrap().is_empty());
    assert!(whole["usage"]["completion_tokens"].as_u64().unwrap() > 0);

    let mut body = ask();
    body["stream"] = true.into();
    let response = person.request(Method::POST, "/v1/chat/completions").json(&body).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let bytes: Vec<_> = response.bytes_stream().map(|piece| piece.unwrap()).collect().await;
    let text = String::from_utf8(bytes.concat()).unwrap();
    assert!(text.trim_end().ends_with("data: [DONE]"), "{text}");
    assert!(!text.contains("\"choices\":[]"), "no usage chunk that was not asked for");
}

#[tokio::test]
async fn usage_and_decision_are_stored_and_nothing_that_was_said() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    assert_eq!(person.post("/v1/chat/completions", ask()).await.0, 200);
    let rows = hearth_tests::wait::until("a row of usage", || async {
        let rows = house.table(&person, "provider_usage?select=kind,prompt_tokens,completion_tokens").await;
        rows.as_array().filter(|rows| !rows.is_empty()).cloned()
    })
    .await;
    assert_eq!(rows[0]["kind"], "completion");
    assert!(rows[0]["prompt_tokens"].as_u64().unwrap() > 0, "{rows:?}");
    assert_eq!(house.table(&person, "messages?select=id").await, json!([]));
}

#[tokio::test]
async fn models_are_listed() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let (status, list) = person.get("/v1/models").await;
    assert_eq!((status, list["object"].as_str()), (200, Some("list")), "{list}");
    assert_eq!(list["data"][0]["id"].as_str(), house.up.model.as_deref());
}

#[tokio::test]
async fn errors_come_in_openais_envelope_with_the_same_code() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let stranger = Person { token: "x".into(), ..person.clone() };
    let (status, body) = stranger.get("/v1/models").await;
    assert_eq!((status, body["error"]["code"].as_str()), (401, Some("invalid_credential")), "{body}");
    let (status, body) = person.post("/v1/chat/completions", json!({ "messages": "hi" })).await;
    assert_eq!((status, body["error"]["param"].as_str()), (422, Some("messages")), "{body}");
    let mut unknown = ask();
    unknown["model"] = "gpt-99".into();
    let (status, body) = person.post("/v1/chat/completions", unknown).await;
    assert_eq!((status, body["error"]["code"].as_str()), (404, Some("model_not_found")), "{body}");
    let request = person.request(Method::POST, "/v1/chat/completions").body("{");
    assert_eq!(read(request.send().await.unwrap()).await.0, 400);
}

#[tokio::test]
async fn another_tenants_workspace_is_not_there() {
    let house = House::shared().await;
    let (ada, eve) = (Person::new(&house.up).await, Person::new(&house.up).await);
    let workspace = ada.workspace().await;
    let request = |person: &Person| {
        let request = person.request(Method::POST, "/v1/chat/completions");
        request.header("x-hearth-workspace", &workspace).json(&ask()).send()
    };
    assert_eq!(request(&ada).await.unwrap().status(), 200);
    let (status, body) = read(request(&eve).await.unwrap()).await;
    assert_eq!((status, body["error"]["code"].as_str()), (404, Some("workspace_not_found")), "{body}");
}

#[tokio::test]
async fn embeddings_without_a_model_for_them_say_so() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let (status, body) = person.post("/v1/embeddings", json!({ "model": "embed", "input": "hi" })).await;
    assert_eq!((status, body["error"]["code"].as_str()), (503, Some("no_embedding_model")), "{body}");
}

#[tokio::test]
async fn a_model_that_comes_while_the_house_runs_can_be_asked_for_by_its_name() {
    let house = House::own().await;
    let models = house.home().join("models");
    let served = std::fs::read_dir(&models).unwrap().flatten().map(|entry| entry.path());
    let gguf = served.into_iter().find(|path| path.extension().is_some_and(|kind| kind == "gguf")).unwrap();
    std::os::unix::fs::symlink(&gguf, models.join("newcomer-Q8_0.gguf")).unwrap();
    let http = client();
    let mut body = ask();
    body["model"] = "newcomer".into();
    let asked = http.post(format!("{}/v1/chat/completions", house.up.edge_url)).json(&body);
    let (status, answer) = read(asked.send().await.unwrap()).await;
    assert_eq!((status, answer["model"].as_str()), (200, Some("newcomer")), "{answer}");
    let list = http.get(format!("{}/v1/models", house.up.edge_url)).send().await.unwrap();
    let list: Value = list.json().await.unwrap();
    let ids: Vec<&str> =
        list["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2, "the served model is there once: {ids:?}");
    assert_eq!(ids[1], "newcomer", "and first");
    house.stop().await;
}
