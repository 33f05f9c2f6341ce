//! Calls of PostgREST and commands of Redis in a turn.

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

use crate::table::Row;

const GENERATION: Duration = Duration::from_secs(10);

pub async fn measure(house: &House) -> anyhow::Result<[Row; 2]> {
    let model = Model::new().await;
    let (supabase, redis) = (Proxy::before(&house.up.url).await, Proxy::before(&house.up.url).await);
    let parts = Parts::of(&house.up).edge(&model.url).supabase(&supabase.url);
    let instance = Instance::start(house, parts.redis(Some(format!("{}/redis", redis.url)))).await;
    let person = Person::new(&house.up).await.at(&instance.url);
    let conversation = person.conversation().await;
    supabase.take();
    redis.take();

    let began = Instant::now();
    let mut events = Events::new(person.stream(&conversation, json!({ "content": "Hi" })).await);
    model.say("First ");
    for _ in 0..2 {
        events.next().await;
    }
    let before = supabase.take().len();
    while began.elapsed() < GENERATION {
        model.say("more ");
        events.next().await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    model.end();
    events.rest().await;
    instance.app.drain(Duration::from_secs(5)).await;
    let (calls, commands) = (before + supabase.take().len(), redis.take().len());
    let allowed = 8 + usize::try_from(began.elapsed().as_secs() / 2)?;
    Ok([
        Row {
            what: "PostgREST calls before the first token; in a whole turn",
            at_most: "1; 2",
            measured: format!("{before}; {calls}"),
            reached: before <= 1 && calls <= 2,
        },
        Row {
            what: "Redis commands in a turn of 10 s",
            at_most: "8, and one per 2 s",
            measured: commands.to_string(),
            reached: commands <= allowed,
        },
    ])
}
