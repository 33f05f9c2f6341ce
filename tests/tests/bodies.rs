//! Bad bodies, bad ids, bad queries: a clear problem each, and nothing stored.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

use hearth_tests::{
    house::House,
    person::{Person, read},
};
use reqwest::Method;
use serde_json::{Value, json};

async fn send(person: &Person, path: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
    let request = person.request(Method::POST, path).header("content-type", "application/json").body(body);
    read(request.send().await.unwrap()).await
}

#[tokio::test]
async fn bad_bodies_have_their_statuses_and_store_nothing() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let conversation = person.conversation().await;
    let path = format!("/v1/conversations/{conversation}/messages");
    let cases: Vec<(&str, u16, &str)> = vec![
        ("not json", 400, "invalid_json"),
        ("{\"content\":", 400, "invalid_json"),
        ("{\"content\":\"a\\u0000b\"}", 400, "invalid_text"),
        ("{\"content\":\"\\ud83d\"}", 400, "invalid_text"),
        ("{\"content\":\"\\ud83d\\ud83d\"}", 400, "invalid_text"),
        ("{\"content\":\"a\",\"contnet\":\"b\"}", 422, "invalid"),
        ("{\"content\":\"\"}", 422, "invalid"),
        ("{\"content\":\"  \\n \"}", 422, "invalid"),
        ("{\"content\":[]}", 422, "invalid"),
        ("{\"content\":5}", 422, "invalid"),
        ("{\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"x\"}}]}", 422, "invalid"),
        ("{}", 422, "invalid"),
        ("[]", 422, "invalid"),
        ("null", 422, "invalid"),
        ("{\"content\":\"a\",\"id\":\"x\"}", 422, "invalid"),
        ("{\"content\":\"a\",\"max_tokens\":-1}", 422, "invalid"),
        ("{\"content\":\"a\",\"temperature\":9}", 422, "invalid"),
        ("{\"content\":\"a\",\"sensitivity\":\"secret\"}", 422, "invalid"),
        (
            "{\"content\":\"a\",\"parent_id\":\"018f0000-0000-7000-8000-000000000000\"}",
            404,
            "message_not_found",
        ),
    ];
    for (body, status, code) in cases {
        let (got, problem) = send(&person, &path, body).await;
        assert_eq!((got, problem["code"].as_str()), (status, Some(code)), "{body}: {problem}");
        assert_eq!(problem["correlation_id"].as_str().map(str::len), Some(36), "{problem}");
        if status == 422 {
            assert!(!problem["fields"].as_array().unwrap().is_empty(), "{body}: {problem}");
        }
    }
    let (_, page) = person.get(&path).await;
    assert_eq!(page["data"], json!([]), "nothing of it was stored");
}

#[tokio::test]
async fn large_and_deep_bodies_are_refused() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let conversation = person.conversation().await;
    let path = format!("/v1/conversations/{conversation}/messages");
    let large = format!("{{\"content\":\"{}\"}}", "x".repeat(1024 * 1024));
    let (status, problem) = send(&person, &path, large).await;
    assert_eq!((status, problem["code"].as_str()), (413, Some("content_too_large")), "{problem}");
    let huge = format!("{{\"content\":\"{}\"}}", "x".repeat(8 * 1024 * 1024));
    let (status, problem) = send(&person, &path, huge).await;
    assert_eq!(
        (status, problem["limit"].as_u64()),
        (413, Some(1024 * 1024)),
        "told, and not just cut off: {problem}"
    );
    let deep = format!("{{\"content\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
    let (status, problem) = send(&person, &path, deep).await;
    assert_eq!((status, problem["code"].as_str()), (400, Some("invalid_json")), "{problem}");
    let over = format!("{{\"content\":\"{}\"}}", "x".repeat(200_001));
    let (status, problem) = send(&person, &path, over).await;
    assert_eq!(status, 413, "{problem}");
}

#[tokio::test]
async fn ids_that_are_not_uuids_are_named() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    for path in [
        "/v1/conversations/x",
        "/v1/conversations/1/messages",
        "/v1/turns/..%2f",
        "/v1/workspaces/%00/members",
    ] {
        let (status, problem) = person.get(path).await;
        assert_eq!(status, 422, "{path}: {problem}");
        assert_eq!(problem["fields"][0]["field"], "id", "{path}");
    }
}

#[tokio::test]
async fn limits_cursors_and_revisions_are_checked() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    for query in ["limit=0", "limit=201", "limit=x", "limit=-1", "cursor=nonsense", "archived=maybe"] {
        let (status, problem) = person.get(&format!("/v1/conversations?{query}")).await;
        assert_eq!((status, problem["code"].as_str()), (422, Some("invalid")), "{query}: {problem}");
    }
    let conversation = person.conversation().await;
    let path = format!("/v1/conversations/{conversation}");
    let request =
        person.request(Method::PATCH, &path).header("if-match", "newest").json(&json!({ "title": "x" }));
    assert_eq!(read(request.send().await.unwrap()).await.0, 422);
}

#[tokio::test]
async fn another_type_route_or_method_is_said() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let form =
        person.request(Method::POST, "/v1/conversations").header("content-type", "text/plain").body("{}");
    assert_eq!(read(form.send().await.unwrap()).await.0, 415);
    let (status, problem) = person.get("/v1/nowhere").await;
    assert_eq!((status, problem["code"].as_str()), (404, Some("route_not_found")), "{problem}");
    let (status, problem) = person.send(Method::PUT, "/v1/me", json!({})).await;
    assert_eq!((status, problem["code"].as_str()), (405, Some("method_not_allowed")), "{problem}");
}

#[tokio::test]
async fn a_sane_correlation_id_is_kept_and_another_replaced() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    for (sent, kept) in
        [("abc-123.X_y", true), ("two words", false), (&"x".repeat(200), false), ("<script>", false)]
    {
        let answer =
            person.request(Method::GET, "/v1/me").header("x-correlation-id", sent).send().await.unwrap();
        let got = answer.headers()["x-correlation-id"].to_str().unwrap();
        assert_eq!(got == sent, kept, "{sent}: {got}");
    }
}

#[tokio::test]
async fn a_create_repeated_is_one_and_with_another_body_is_409() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let body = json!({ "id": uuid::Uuid::now_v7(), "title": "One" });
    let (first, made) = person.post("/v1/conversations", body.clone()).await;
    let (second, again) = person.post("/v1/conversations", body.clone()).await;
    assert_eq!((first, second, &made), (201, 201, &again));
    let other = json!({ "id": body["id"], "title": "Two" });
    let (status, problem) = person.post("/v1/conversations", other).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("id_reused")), "{problem}");
}

#[tokio::test]
async fn lists_page_through_everything_once() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    for _ in 0..5 {
        person.conversation().await;
    }
    let mut seen = Vec::new();
    let mut path = "/v1/conversations?limit=2".to_owned();
    loop {
        let (status, page) = person.get(&path).await;
        assert_eq!(status, 200, "{page}");
        seen.extend(
            page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        let cursor: String = url::form_urlencoded::byte_serialize(cursor.as_bytes()).collect();
        path = format!("/v1/conversations?limit=2&cursor={cursor}");
    }
    let all = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!((all, seen.len()), (5, 5));
}
