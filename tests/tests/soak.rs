//! Long runs: `./hearth test --soak`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

use std::{
    env,
    time::{Duration, Instant},
};

use hearth_tests::{
    house::House,
    instance::{Instance, Parts},
    model::Model,
    person::Person,
    sse::{Events, text},
};
use serde_json::json;

/// Seconds that a soak lasts, unless `HEARTH_SOAK_SECONDS` says otherwise.
const LASTS: u64 = 600;
const WORKERS: usize = 4;
/// Mebibytes that the host process may grow by.
const GROWTH: u64 = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "ten minutes: ./hearth test --soak"]
async fn turns_that_are_cut_and_resumed_for_ten_minutes_lose_nothing_and_leave_memory_where_it_was() {
    let lasts = env::var("HEARTH_SOAK_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(LASTS);
    let house = House::own().await;
    work(&house, Duration::from_secs(5)).await;
    let before = resident(house.up.pid);
    let turns = work(&house, Duration::from_secs(lasts)).await;
    let after = resident(house.up.pid);
    assert!(turns > 0);
    assert!(after <= before + GROWTH, "{before} MiB before, {after} MiB after {turns} turns");
    house.stop().await;
}

/// Has several people ask at once, each cut in the middle of every answer; gives how many turns there were.
async fn work(house: &House, lasts: Duration) -> usize {
    let until = Instant::now() + lasts;
    let workers = (0..WORKERS).map(|worker| async move {
        let model = Model::new().await;
        let instance = Instance::start(house, Parts::of(&house.up).edge(&model.url)).await;
        let person = Person::new(&house.up).await.at(&instance.url);
        let conversation = person.conversation().await;
        let mut turns = 0;
        while Instant::now() < until {
            let words: Vec<String> = (0..20).map(|n| format!("{worker}.{turns}.{n} ")).collect();
            for word in &words {
                model.say(word);
            }
            model.end();
            let mut cut = Events::new(person.stream(&conversation, json!({ "content": "Go on." })).await);
            let mut seen = Vec::new();
            for _ in 0..=turns % 20 {
                seen.push(cut.next().await.unwrap());
            }
            drop(cut);
            let turn = seen[0].data["turn_id"].as_str().unwrap();
            let last = seen.last().unwrap().id.clone();
            seen.extend(Events::new(person.events(turn, Some(&last)).await).rest().await);
            assert_eq!(text(&seen), words.concat());
            turns += 1;
        }
        turns
    });
    futures_util::future::join_all(workers).await.into_iter().sum()
}

fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}
