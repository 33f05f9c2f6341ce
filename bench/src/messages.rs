//! The newest page of a conversation of 1,000 messages, in a database of 100,000.

use std::time::{Duration, Instant};

use hearth_tests::{house::House, person::Person};
use serde_json::json;

use crate::table::{Row, millis, quantile};

const CONVERSATIONS: usize = 100;
const MESSAGES: usize = 1000;
const READS: usize = 200;

pub async fn measure(house: &House) -> anyhow::Result<Row> {
    let person = Person::new(&house.up).await;
    let mut last = String::new();
    for _ in 0..CONVERSATIONS {
        last = person.conversation().await;
        let mut parent = None;
        let rows: Vec<_> = (0..MESSAGES)
            .map(|n| {
                let id = uuid::Uuid::now_v7();
                let row = json!({ "id": id, "parent_id": parent, "content": format!("Message {n}, of some length.") });
                parent = Some(id);
                row
            })
            .collect();
        house.fill(&person, &last, &rows).await;
    }
    let path = format!("/v1/conversations/{last}/messages");
    let mut samples = Vec::new();
    for _ in 0..READS {
        let began = Instant::now();
        let (status, page) = person.get(&path).await;
        samples.push(began.elapsed());
        anyhow::ensure!(
            status == 200 && page["data"].as_array().is_some_and(|rows| rows.len() == 50),
            "{page}"
        );
    }
    let (median, p99) = (quantile(&mut samples, 0.5), quantile(&mut samples, 0.99));
    Ok(Row {
        what: "the newest page of a conversation of 1,000 messages, among 100,000, median / p99",
        at_most: "10 ms",
        measured: format!("{} / {}", millis(median), millis(p99)),
        reached: median <= Duration::from_millis(10),
    })
}
