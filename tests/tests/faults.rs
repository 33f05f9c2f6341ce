//! Parts that fail in the middle: a clear problem, and nothing lost.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

use hearth_tests::{
    house::{House, signal},
    instance::{Instance, Parts},
    model::{Act, Model},
    person::{Person, read},
    proxy::Proxy,
    sse::{Events, names},
    wait::until,
};
use serde_json::{Value, json};

/// An instance with a scripted model, and a person before it.
async fn scripted(house: &House) -> (Model, Person) {
    let model = Model::new().await;
    let instance = Instance::start(house, Parts::of(&house.up).edge(&model.url)).await;
    let person = Person::new(&house.up).await.at(&instance.url);
    (model, person)
}

async fn messages(person: &Person, conversation: &str) -> Vec<Value> {
    let (status, page) = person.get(&format!("/v1/conversations/{conversation}/messages")).await;
    assert_eq!(status, 200, "{page}");
    page["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_model_that_hangs_up_fails_the_turn_and_a_retry_works() {
    let house = House::shared().await;
    let (model, person) = scripted(&house).await;
    let conversation = person.conversation().await;
    model.say("Half an ");
    let mut stream = Events::new(person.stream(&conversation, json!({ "content": "Hi" })).await);
    let mut events = vec![stream.next().await.unwrap(), stream.next().await.unwrap()];
    model.act(Act::HangUp);
    events.extend(stream.rest().await);
    assert_eq!(names(&events), ["turn.started", "message.delta", "turn.failed"]);
    assert_eq!(events.last().unwrap().data["problem"]["code"], "provider_failed");
    let stored = messages(&person, &conversation).await;
    assert_eq!((stored[0]["content"].as_str(), stored[1]["status"].as_str()), (Some("Hi"), Some("failed")));
    assert_eq!(stored[1]["content"], "Half an ", "what was said is kept");

    model.say("Whole.");
    model.end();
    let again = json!({ "parent_id": stored[0]["id"], "stream": false });
    let (status, answer) = person.post(&format!("/v1/conversations/{conversation}/messages"), again).await;
    assert_eq!((status, answer["content"].as_str()), (200, Some("Whole.")), "{answer}");
}

#[tokio::test]
async fn a_real_daemon_killed_in_mid_answer_fails_the_turn_and_comes_back() {
    let house = House::own().await;
    let person = Person::new(&house.up).await;
    let conversation = person.conversation().await;
    let body = json!({ "content": "Write a very long story about a river.", "max_tokens": 4000 });
    let mut events = Events::new(person.stream(&conversation, body).await);
    events.next().await.unwrap();
    events.next().await.unwrap();
    signal(Some(house.child("hearth-edge")), "KILL");
    let last = events.rest().await.pop().unwrap();
    assert_eq!(
        (last.name.as_str(), last.data["problem"]["code"].as_str()),
        ("turn.failed", Some("provider_failed"))
    );
    let stored = messages(&person, &conversation).await;
    assert_eq!(stored[1]["status"], "failed");
    let again = json!({ "parent_id": stored[0]["id"], "stream": false, "max_tokens": 8 });
    let path = format!("/v1/conversations/{conversation}/messages");
    until("the daemon to be back", || async {
        let (status, answer) = person.post(&path, again.clone()).await;
        assert!(status == 200 || answer["code"] == "no_provider", "{answer}");
        (status == 200).then_some(())
    })
    .await;
    house.stop().await;
}

#[tokio::test]
async fn without_a_model_the_turn_fails_with_a_clear_problem() {
    let house = House::shared().await;
    let nobody = "http://127.0.0.1:9";
    let instance = Instance::start(&house, Parts::of(&house.up).edge(nobody)).await;
    let person = Person::new(&house.up).await.at(&instance.url);
    let conversation = person.conversation().await;
    let (status, problem) = read(person.stream(&conversation, json!({ "content": "Hi" })).await).await;
    assert_eq!((status, problem["code"].as_str()), (503, Some("no_provider")), "{problem}");
    assert_eq!(messages(&person, &conversation).await[0]["content"], "Hi", "the question stays");
}

#[tokio::test]
async fn a_prompt_that_the_model_finds_too_long_is_tried_once_with_less_history() {
    let house = House::shared().await;
    let (model, person) = scripted(&house).await;
    let conversation = person.conversation().await;
    model.say("One.");
    model.end();
    person.ask(&conversation, "First question.").await;
    model.act(Act::TooLong(9000, 100));
    model.say("Two.");
    model.end();
    assert_eq!(person.ask(&conversation, "Second question.").await["content"], "Two.");
    let heard = model.heard().await;
    let lengths: Vec<usize> =
        heard.iter().map(|request| request["messages"].as_array().unwrap().len()).collect();
    assert_eq!(lengths, [1, 3, 1]);
}

#[tokio::test]
async fn without_redis_turns_work_and_resumption_says_that_it_cannot() {
    let house = House::shared().await;
    let model = Model::new().await;
    let proxy = Proxy::before(&house.up.url).await;
    let parts = Parts::of(&house.up).edge(&model.url).redis(Some(format!("{}/redis", proxy.url)));
    let (maker, other) = (Instance::start(&house, parts.clone()).await, Instance::start(&house, parts).await);
    let person = Person::new(&house.up).await.at(&maker.url);
    let conversation = person.conversation().await;
    proxy.set_down(true);
    model.say("Still ");
    let mut events = Events::new(person.stream(&conversation, json!({ "content": "Hi" })).await);
    let turn = events.next().await.unwrap().data["turn_id"].as_str().unwrap().to_owned();
    events.next().await.unwrap();
    let (status, problem) = read(person.at(&other.url).events(&turn, None).await).await;
    assert_eq!((status, problem["code"].as_str()), (503, Some("stream_unavailable")), "{problem}");
    model.say("here.");
    model.end();
    let rest = events.rest().await;
    assert_eq!(rest.last().unwrap().data["message"]["content"], "Still here.");
    let told = Events::new(person.at(&other.url).events(&turn, None).await).rest().await;
    assert_eq!(told.last().unwrap().data["message"]["content"], "Still here.", "once stored, without Redis");
}

#[tokio::test]
async fn a_database_that_is_away_when_the_answer_ends_gets_it_when_it_is_back() {
    let house = House::shared().await;
    let model = Model::new().await;
    let proxy = Proxy::before(&house.up.url).await;
    let instance = Instance::start(&house, Parts::of(&house.up).edge(&model.url).supabase(&proxy.url)).await;
    let person = Person::new(&house.up).await.at(&instance.url);
    let conversation = person.conversation().await;
    model.say("Kept.");
    let mut events = Events::new(person.stream(&conversation, json!({ "content": "Hi" })).await);
    events.next().await.unwrap();
    events.next().await.unwrap();
    proxy.set_down(true);
    model.end();
    let (status, problem) = person.get("/v1/me").await;
    assert_eq!((status, problem["code"].as_str()), (503, Some("database_unavailable")), "{problem}");
    proxy.set_down(false);
    let last = events.rest().await.pop().unwrap();
    assert_eq!(last.data["message"]["content"], "Kept.", "{last:?}");
}

#[tokio::test]
async fn a_conversation_deleted_in_mid_answer_takes_its_answer_with_it() {
    let house = House::shared().await;
    let (model, person) = scripted(&house).await;
    let conversation = person.conversation().await;
    model.say("Gone ");
    let mut events = Events::new(person.stream(&conversation, json!({ "content": "Hi" })).await);
    events.next().await.unwrap();
    let path = format!("/v1/conversations/{conversation}");
    assert_eq!(person.send(reqwest::Method::DELETE, &path, Value::Null).await.0, 204);
    model.end();
    let rest = events.rest().await;
    assert!(["message.completed", "turn.failed"].contains(&rest.last().unwrap().name.as_str()), "{rest:?}");
    assert_eq!(person.get(&path).await.0, 404);
}

#[tokio::test]
async fn postgres_restarted_under_load_loses_no_answer() {
    let house = House::own().await;
    let (model, person) = scripted(&house).await;
    let conversations: Vec<String> =
        futures_util::future::join_all((0..4).map(|_| person.conversation())).await;
    let mut streams = Vec::new();
    for conversation in &conversations {
        model.say("Before. ");
        let mut events = Events::new(person.stream(conversation, json!({ "content": "Hi" })).await);
        events.next().await.unwrap();
        events.next().await.unwrap();
        model.end();
        streams.push(events);
        if streams.len() == 2 {
            signal(Some(house.child("postgres")), "KILL");
            until("the database to be back", || async {
                (person.get("/v1/me").await.0 == 200).then_some(())
            })
            .await;
        }
    }
    for events in streams {
        let last = events.rest().await.pop().unwrap();
        assert_eq!(last.data["message"]["content"], "Before. ", "{last:?}");
    }
    for conversation in &conversations {
        assert_eq!(messages(&person, conversation).await[1]["status"], "completed");
    }
    house.stop().await;
}
