//! What a turn costs: calls of PostgREST and commands of Redis, which are paid for in the cloud.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

use std::time::{Duration, Instant};

use hearth_tests::{
    house::House,
    instance::{Instance, Parts},
    model::Model,
    person::Person,
    proxy::Proxy,
    sse::Events,
};
use serde_json::json;

struct Counted {
    house: House,
    model: Model,
    instance: Instance,
    person: Person,
    other: Person,
    supabase: Proxy,
    redis: Proxy,
}

async fn counted() -> Counted {
    let house = House::shared().await;
    let model = Model::new().await;
    let (supabase, redis) = (Proxy::before(&house.up.url).await, Proxy::before(&house.up.url).await);
    let parts = Parts::of(&house.up).edge(&model.url).supabase(&supabase.url);
    let parts = parts.redis(Some(format!("{}/redis", redis.url)));
    let (instance, second) =
        (Instance::start(&house, parts.clone()).await, Instance::start(&house, parts).await);
    let person = Person::new(&house.up).await;
    let (person, other) = (person.at(&instance.url), person.at(&second.url));
    // The first request of an instance fetches the keys.
    assert_eq!(person.get("/v1/me").await.0, 200);
    assert_eq!(other.get("/v1/me").await.0, 200);
    Counted { house, model, instance, person, other, supabase, redis }
}

fn calls(proxy: &Proxy) -> Vec<String> {
    proxy.take().into_iter().map(|(path, _)| path).collect()
}

#[tokio::test]
async fn a_turn_calls_postgrest_once_before_the_first_token_and_twice_in_all() {
    let counted = counted().await;
    let conversation = counted.person.conversation().await;
    calls(&counted.supabase);
    let mut events = Events::new(counted.person.stream(&conversation, json!({ "content": "Hi" })).await);
    counted.model.say("Hello");
    events.next().await.unwrap();
    events.next().await.unwrap();
    assert_eq!(calls(&counted.supabase), ["/rest/v1/rpc/begin_turn"]);
    counted.model.end();
    events.rest().await;
    assert_eq!(calls(&counted.supabase), ["/rest/v1/rpc/complete_turn"]);
}

#[tokio::test]
async fn so_it_does_in_a_conversation_of_a_thousand_messages() {
    let counted = counted().await;
    let conversation = counted.person.conversation().await;
    let mut parent = None;
    let rows: Vec<_> = (0..1000)
        .map(|n| {
            let id = uuid::Uuid::now_v7();
            let row = json!({ "id": id, "parent_id": parent, "content": format!("Message {n}.") });
            parent = Some(id);
            row
        })
        .collect();
    counted.house.fill(&counted.person, &conversation, &rows).await;
    calls(&counted.supabase);
    counted.model.say("Hello");
    counted.model.end();
    Events::new(counted.person.stream(&conversation, json!({ "content": "Hi" })).await).rest().await;
    assert_eq!(calls(&counted.supabase), ["/rest/v1/rpc/begin_turn", "/rest/v1/rpc/complete_turn"]);
    let heard = counted.model.heard().await;
    let prompt = heard[0]["messages"].as_array().unwrap();
    let text = prompt[0]["content"].as_str().unwrap();
    assert!(text.contains("Message 999.") && !text.contains("Message 0."), "the newest, as far as they fit");
}

#[tokio::test]
async fn a_turn_takes_at_most_eight_redis_commands_and_one_for_two_seconds() {
    let counted = counted().await;
    let conversation = counted.person.conversation().await;
    counted.redis.take();
    let began = Instant::now();
    let mut events = Events::new(counted.person.stream(&conversation, json!({ "content": "Hi" })).await);
    let mut n = 0;
    while began.elapsed() < Duration::from_secs(7) {
        counted.model.say(&format!("{n} "));
        n += 1;
        events.next().await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    counted.model.end();
    events.rest().await;
    // A turn is closed here once its last batch is written.
    counted.instance.app.drain(Duration::from_secs(5)).await;
    let seconds = began.elapsed().as_secs();
    let commands = counted.redis.take().len() as u64;
    assert!(n > 100, "many deltas: {n}");
    assert!((3..=8 + seconds / 2).contains(&commands), "{commands} commands in {seconds} s");
}

#[tokio::test]
async fn a_resumed_stream_takes_two_redis_commands_a_second() {
    let counted = counted().await;
    let conversation = counted.person.conversation().await;
    counted.model.say("Wait ");
    let mut events = Events::new(counted.person.stream(&conversation, json!({ "content": "Hi" })).await);
    let turn = events.next().await.unwrap().data["turn_id"].as_str().unwrap().to_owned();
    counted.redis.take();
    let began = Instant::now();
    let mut follower = Events::new(counted.other.events(&turn, None).await);
    follower.next().await.unwrap();
    let waited =
        tokio::time::timeout(Duration::from_secs(6), async { while follower.next().await.is_some() {} });
    assert!(waited.await.is_err(), "the turn is still going on");
    let seconds = began.elapsed().as_secs_f64();
    let reads = counted.redis.take().iter().filter(|(_, body)| body.contains("XRANGE")).count();
    assert!(reads >= 5, "it does follow: {reads}");
    assert!(reads as f64 <= 2.0 * seconds + 2.0, "{reads} commands in {seconds:.1} s");
    counted.model.end();
    events.rest().await;
}
