//! What the API adds to the time to the first token: against an upstream that answers at once, beside that upstream alone.

use std::time::{Duration, Instant};

use axum::{Json, Router, body::Body, response::IntoResponse, routing::post};
use futures_util::StreamExt;
use hearth_tests::{
    house::House,
    instance::{Instance, Parts},
    person::Person,
    proxy::serve,
    sse::Events,
};
use serde_json::{Value, json};

use crate::table::{Row, millis, quantile};

const WARM_UP: usize = 30;
const TURNS: usize = 300;

const ANSWER: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n\
    data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

pub async fn measure(house: &House) -> anyhow::Result<Row> {
    let upstream = serve(Router::new().route("/v1/chat/completions", post(at_once)).route(
        "/v1/models",
        axum::routing::get(|| async { Json(json!({ "object": "list", "data": [{ "id": "instant" }] })) }),
    ))
    .await;
    let instance = Instance::start(house, Parts::of(&house.up).edge(&upstream)).await;
    let person = Person::new(&house.up).await.at(&instance.url);
    let (mut through, mut direct) = (Vec::new(), Vec::new());
    for turn in 0..WARM_UP + TURNS {
        let conversation = person.conversation().await;
        let (api, alone) = (ask(&person, &conversation).await, straight(&person, &upstream).await?);
        if turn >= WARM_UP {
            through.push(api);
            direct.push(alone);
        }
    }
    let base = quantile(&mut direct, 0.5);
    let (p50, p99) = (quantile(&mut through, 0.5), quantile(&mut through, 0.99));
    let (p50, p99) = (p50.saturating_sub(base), p99.saturating_sub(base));
    Ok(Row {
        what: "what the API adds to the first token, p50 / p99 (the upstream alone: its median)",
        at_most: "5 ms / 15 ms",
        measured: format!("{} / {} ({})", millis(p50), millis(p99), millis(base)),
        reached: p50 <= Duration::from_millis(5) && p99 <= Duration::from_millis(15),
    })
}

async fn at_once(_: Json<Value>) -> impl IntoResponse {
    ([("content-type", "text/event-stream")], Body::from(ANSWER))
}

async fn ask(person: &Person, conversation: &str) -> Duration {
    let began = Instant::now();
    let mut events = Events::new(person.stream(conversation, json!({ "content": "Hi" })).await);
    while let Some(event) = events.next().await {
        if event.name == "message.delta" {
            let took = began.elapsed();
            events.rest().await;
            return took;
        }
    }
    Duration::MAX
}

async fn straight(person: &Person, upstream: &str) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let body = json!({ "messages": [{ "role": "user", "content": "Hi" }], "stream": true });
    let answer = person.client.post(format!("{upstream}/v1/chat/completions")).json(&body).send().await?;
    let mut bytes = answer.bytes_stream();
    bytes.next().await;
    Ok(began.elapsed())
}
