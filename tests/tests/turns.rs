//! Turns with the real model, through the public door.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

use hearth_tests::{
    house::House,
    person::{Person, read},
    sse::{Events, names, text},
};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn a_question_is_answered_and_kept() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let conversation = person.conversation().await;

    let body = json!({ "content": "Say hello.", "max_tokens": 16 });
    let events = Events::new(person.stream(&conversation, body).await).rest().await;

    assert_eq!(names(&events), ["turn.started", "message.delta", "message.completed"]);
    let turn = events[0].data["turn_id"].as_str().unwrap();
    for (n, event) in events.iter().enumerate() {
        assert_eq!(event.id, format!("{turn}:{n}"));
    }
    assert_eq!(events[0].data["decision"]["locality"], "local");
    let message = &events.last().unwrap().data["message"];
    assert_eq!(message["content"], text(&events), "what was streamed is what is stored");
    assert_eq!(message["status"], "completed");
    assert!(message["usage"]["completion_tokens"].as_u64().unwrap() > 0, "{message}");

    let (_, page) = person.get(&format!("/v1/conversations/{conversation}/messages")).await;
    let stored: Vec<_> = page["data"].as_array().unwrap().iter().map(|row| row["role"].clone()).collect();
    assert_eq!(stored, ["user", "assistant"]);
    assert_eq!(&page["data"][1], message);
}

#[tokio::test]
async fn the_next_turn_knows_what_was_said() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let conversation = person.conversation().await;
    let first = person.ask(&conversation, "My name is Ada.").await;
    let second = person.ask(&conversation, "What is my name?").await;
    let read = |message: &serde_json::Value| message["usage"]["prompt_tokens"].as_u64().unwrap();
    assert!(read(&second) > read(&first) + 10, "the second prompt holds the first turn");
    assert_eq!(second["parent_id"].as_str().map(str::len), Some(36));
}

#[tokio::test]
async fn the_same_turn_four_times_at_once_is_one_turn() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let conversation = person.conversation().await;
    let body = json!({ "id": Uuid::now_v7(), "content": "Count to three.", "max_tokens": 24 });

    let four =
        (0..4).map(|_| async { Events::new(person.stream(&conversation, body.clone()).await).rest().await });
    let streams = futures_util::future::join_all(four).await;

    for stream in &streams {
        assert_eq!(stream, &streams[0], "each sees the same events, byte for byte");
    }
    let (_, page) = person.get(&format!("/v1/conversations/{conversation}/messages")).await;
    assert_eq!(page["data"].as_array().unwrap().len(), 2);

    let other = json!({ "id": body["id"], "content": "Something else." });
    let (status, problem) = read(person.stream(&conversation, other).await).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("id_reused")));
}

#[tokio::test]
async fn an_edited_question_is_a_branch_and_a_question_can_be_answered_again() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let conversation = person.conversation().await;
    let path = format!("/v1/conversations/{conversation}/messages");
    person.ask(&conversation, "First.").await;
    let second = person.ask(&conversation, "Second.").await;
    let question = second["parent_id"].clone();
    let (_, page) = person.get(&path).await;
    let asked = page["data"].as_array().unwrap().iter().find(|row| row["id"] == question).unwrap().clone();

    let edited = json!({ "content": "Second, better.", "parent_id": asked["parent_id"], "stream": false, "max_tokens": 8 });
    let (status, branch) = person.post(&path, edited).await;
    assert_eq!(status, 200, "{branch}");
    assert_ne!(branch["parent_id"], question);

    let again = json!({ "parent_id": question, "stream": false, "max_tokens": 8 });
    let (status, answer) = person.post(&path, again).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["parent_id"], question, "two answers to one question");
    assert_ne!(answer["id"], second["id"]);
}

#[tokio::test]
async fn an_answer_stops_when_it_is_told_to_and_keeps_what_it_said() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let conversation = person.conversation().await;
    let body = json!({ "content": "Write a very long story about a lighthouse.", "max_tokens": 2000 });
    let mut events = Events::new(person.stream(&conversation, body).await);
    let started = events.next().await.unwrap();
    events.next().await.unwrap();
    let turn = started.data["turn_id"].as_str().unwrap();

    let (status, cancelled) = person.post(&format!("/v1/turns/{turn}/cancel"), json!({})).await;
    assert_eq!((status, cancelled["state"].as_str()), (200, Some("cancelled")), "{cancelled}");

    let last = events.rest().await.pop().unwrap();
    assert_eq!(
        (last.name.as_str(), last.data["message"]["status"].as_str()),
        ("message.completed", Some("cancelled"))
    );
    assert!(!last.data["message"]["content"].as_str().unwrap().is_empty());
    let (status, again) = person.post(&format!("/v1/turns/{turn}/cancel"), json!({})).await;
    assert_eq!((status, again["state"].as_str()), (200, Some("cancelled")), "twice is once");
}

#[tokio::test]
async fn a_private_question_makes_every_later_turn_private() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let conversation = person.conversation().await;
    let path = format!("/v1/conversations/{conversation}/messages");
    let private =
        json!({ "content": "A secret.", "sensitivity": "private", "stream": false, "max_tokens": 8 });
    let (_, first) = person.post(&path, private).await;
    assert_eq!(first["sensitivity"], "private");
    let second = person.ask(&conversation, "And now?").await;
    assert_eq!(second["sensitivity"], "private", "its prompt holds the secret");
    assert_eq!(second["decision"]["reasons"], json!(["private_stays_local"]));
}

#[tokio::test]
async fn a_question_that_is_too_long_for_the_model_is_413_with_count_and_limit() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let conversation = person.conversation().await;
    let long = "many words ".repeat(200_000 / 11);
    let (status, problem) = read(person.stream(&conversation, json!({ "content": long })).await).await;
    assert_eq!((status, problem["code"].as_str()), (413, Some("content_too_large")), "{problem}");
    assert!(problem["count"].as_u64().unwrap() > problem["limit"].as_u64().unwrap(), "{problem}");
    // Shorter, it works: nothing is stuck.
    person.ask(&conversation, "Hello?").await;
}

#[tokio::test]
async fn a_model_that_is_not_there_is_named_as_such() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let conversation = person.conversation().await;
    let body = json!({ "content": "Hi", "model": "gpt-99" });
    let (status, problem) = read(person.stream(&conversation, body).await).await;
    assert_eq!((status, problem["code"].as_str()), (404, Some("model_not_found")), "{problem}");
}

#[tokio::test]
async fn a_turn_can_be_read_with_its_answer() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let conversation = person.conversation().await;
    let message = person.ask(&conversation, "Hi").await;
    let (status, turn) = person.get(&format!("/v1/turns/{}", message["id"].as_str().unwrap())).await;
    assert_eq!(status, 200);
    assert_eq!((turn["state"].as_str(), &turn["message"]), (Some("completed"), &message));
}

#[tokio::test]
async fn a_write_that_has_not_seen_the_newest_revision_is_412() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let conversation = person.conversation().await;
    let path = format!("/v1/conversations/{conversation}");
    let (_, before) = person.get(&path).await;
    let change = |title: &str, revision: &serde_json::Value| {
        let request = person.request(Method::PATCH, &path).header("if-match", revision.to_string());
        request.json(&json!({ "title": title })).send()
    };
    let (status, _) = read(change("One", &before["revision"]).await.unwrap()).await;
    assert_eq!(status, 200);
    let (status, problem) = read(change("Two", &before["revision"]).await.unwrap()).await;
    assert_eq!((status, problem["code"].as_str()), (412, Some("stale_revision")));
}
