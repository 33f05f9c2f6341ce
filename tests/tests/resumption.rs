//! Streams that survive: cut anywhere and resumed byte-exact, here and on another instance, while it runs and after.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

use hearth_tests::{
    house::House,
    instance::{Instance, Parts},
    model::Model,
    person::{Person, read},
    sse::{Event, Events, names, text},
    wait::until,
};
use serde_json::{Value, json};

/// A house with a scripted model, an instance that makes turns and another one that does not.
struct Stage {
    house: House,
    model: Model,
    maker: Person,
    other: Person,
}

async fn stage() -> Stage {
    let house = House::shared().await;
    let model = Model::new().await;
    let parts = Parts::of(&house.up).edge(&model.url);
    let (maker, other) = (Instance::start(&house, parts.clone()).await, Instance::start(&house, parts).await);
    let person = Person::new(&house.up).await;
    Stage { maker: person.at(&maker.url), other: person.at(&other.url), house, model }
}

fn raw(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.raw.as_str()).collect()
}

#[tokio::test]
async fn a_connection_cut_at_any_event_goes_on_without_a_byte_missing() {
    let stage = stage().await;
    let conversation = stage.maker.conversation().await;
    for word in ["One", ",", " two", "\n\n", "“three”", " 🙂"] {
        stage.model.say(word);
    }
    stage.model.end();
    let whole =
        Events::new(stage.maker.stream(&conversation, json!({ "content": "Count." })).await).rest().await;
    assert_eq!(text(&whole), "One, two\n\n“three” 🙂");
    let turn = whole[0].data["turn_id"].as_str().unwrap();

    for person in [&stage.maker, &stage.other] {
        let again = Events::new(person.events(turn, None).await).rest().await;
        assert_eq!(raw(&again), raw(&whole), "from the start");
        for (seen, event) in whole.iter().enumerate().take(whole.len() - 1) {
            let rest = Events::new(person.events(turn, Some(&event.id)).await).rest().await;
            assert_eq!(raw(&rest), raw(&whole[seen + 1..]), "after {}", event.id);
        }
        let nothing = person.events(turn, Some(&whole.last().unwrap().id)).await;
        assert_eq!(nothing.status(), 204, "nothing is left to tell");
    }
}

#[tokio::test]
async fn a_turn_goes_on_without_its_caller_and_is_followed_from_another_instance() {
    let stage = stage().await;
    let conversation = stage.maker.conversation().await;
    stage.model.say("Before. ");
    let mut first = Events::new(stage.maker.stream(&conversation, json!({ "content": "Go." })).await);
    let started = first.next().await.unwrap();
    let turn = started.data["turn_id"].as_str().unwrap().to_owned();
    let delta = first.next().await.unwrap();
    drop(first);

    let mut follower = Events::new(stage.other.events(&turn, Some(&started.id)).await);
    assert_eq!(follower.next().await.unwrap().raw, delta.raw);
    stage.model.say("After.");
    stage.model.end();
    let rest = follower.rest().await;
    assert_eq!(names(&rest), ["message.delta", "message.completed"]);
    assert_eq!(rest.last().unwrap().data["message"]["content"], "Before. After.");
}

#[tokio::test]
async fn long_after_a_turn_is_told_again_in_three_events() {
    let stage = stage().await;
    let conversation = stage.maker.conversation().await;
    for word in ["Long", " ago"] {
        stage.model.say(word);
    }
    stage.model.end();
    let body = json!({ "content": "When?", "id": uuid::Uuid::now_v7() });
    let whole = Events::new(stage.maker.stream(&conversation, body.clone()).await).rest().await;
    let turn = whole[0].data["turn_id"].as_str().unwrap();
    forget(&stage.house, turn).await;

    // Also when the same turn is sent again.
    let again = Events::new(stage.other.stream(&conversation, body).await).rest().await;
    assert_eq!(names(&again), ["turn.started", "message.delta", "message.completed"]);
    assert_eq!(text(&again), "Long ago");
    assert_eq!(again[0].data["decision"], whole[0].data["decision"]);
    let last = Events::new(stage.other.events(turn, Some(&whole[1].id)).await).rest().await;
    assert_eq!(names(&last), ["message.completed"], "a delta again would be a text twice");
}

/// Deletes what Redis has of a turn, as its time to live does.
async fn forget(house: &House, turn: &str) {
    let redis = |command: Value| {
        let request = hearth_tests::person::client().post(format!("{}/redis", house.up.url));
        async move {
            read(request.bearer_auth(&house.up.redis_token).json(&command).send().await.unwrap()).await.1
        }
    };
    let kept = until("the journal's last batch", || async {
        let keys = redis(json!(["KEYS", format!("hearth:turn:*{turn}*")])).await;
        let keys = keys["result"].as_array().unwrap().clone();
        (keys.len() == 1).then_some(keys)
    })
    .await;
    assert!(kept[0].as_str().unwrap().ends_with("frames"), "the lease ends with the turn: {kept:?}");
    redis(json!(["DEL", kept[0]])).await;
}

#[tokio::test]
async fn a_turn_whose_instance_died_is_closed_with_what_it_said() {
    let house = House::own().await;
    let person = Person::new(&house.up).await;
    let conversation = person.conversation().await;
    let body = json!({ "content": "Write a very long story about the sea.", "max_tokens": 4000 });
    let mut events = Events::new(person.stream(&conversation, body).await);
    let started = events.next().await.unwrap();
    let turn = started.data["turn_id"].as_str().unwrap().to_owned();
    let first = events.next().await.unwrap().data["text"].as_str().unwrap().to_owned();
    // The journal must have something to keep.
    until("the journal's first batch", || async {
        let command = json!(["KEYS", format!("hearth:turn:*{turn}*frames")]);
        let request =
            person.client.post(format!("{}/redis", house.up.url)).bearer_auth(&house.up.redis_token);
        let keys = read(request.json(&command).send().await.unwrap()).await.1;
        (keys["result"].as_array().unwrap().len() == 1).then_some(())
    })
    .await;

    let house = house.kill().await.revive().await;
    let person = person.at(&house.up.url);
    let rest = Events::new(person.events(&turn, Some(&started.id)).await).rest().await;
    let message = rest.last().unwrap().data["message"].clone();
    assert_eq!(message["status"], "interrupted", "{message}");
    let kept = message["content"].as_str().unwrap();
    assert!(kept.is_empty() || kept.starts_with(&first), "{kept}");
    let (_, stored) = person.get(&format!("/v1/turns/{turn}")).await;
    assert_eq!(
        (stored["state"].as_str(), stored["message"]["content"].as_str()),
        (Some("interrupted"), Some(kept))
    );
    // And the conversation goes on.
    person.ask(&conversation, "Go on.").await;
    house.stop().await;
}

#[tokio::test]
async fn a_private_turn_is_not_written_to_a_hosted_redis_and_says_so() {
    let house = House::shared().await;
    let model = Model::new().await;
    let parts = Parts { at_home: false, ..Parts::of(&house.up).edge(&model.url) };
    let (maker, other) = (Instance::start(&house, parts.clone()).await, Instance::start(&house, parts).await);
    let person = Person::new(&house.up).await;
    let conversation = person.conversation().await;
    model.say("Secret.");
    let body = json!({ "content": "Whisper.", "sensitivity": "private" });
    let mut events = Events::new(person.at(&maker.url).stream(&conversation, body).await);
    let turn = events.next().await.unwrap().data["turn_id"].as_str().unwrap().to_owned();
    events.next().await.unwrap();

    let (status, problem) = read(person.at(&other.url).events(&turn, None).await).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("not_resumable")), "{problem}");
    // Its lease is there, and nothing of what was said.
    let command = json!(["KEYS", format!("hearth:turn:*{turn}*:frames")]);
    let request = person.client.post(format!("{}/redis", house.up.url)).bearer_auth(&house.up.redis_token);
    assert_eq!(read(request.json(&command).send().await.unwrap()).await.1["result"], json!([]));
    let (status, turn) = person.at(&other.url).post(&format!("/v1/turns/{turn}/cancel"), json!({})).await;
    assert_eq!(status, 200, "another instance can stop it all the same: {turn}");
    let last = events.rest().await.pop().unwrap().data;
    assert_eq!(
        (&last["message"]["content"], &last["message"]["status"]),
        (&json!("Secret."), &json!("cancelled"))
    );
}
