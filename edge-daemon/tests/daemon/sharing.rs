//! Prefixes that requests share, and cells that nobody loses.

use futures_util::StreamExt;
use futures_util::future::join_all;
use hearth_wire::FinishReason;
use serde_json::{Value, json};

use crate::harness::{Daemon, story};

/// The figure of this name in each line about an answer.
fn figures(daemon: &Daemon, name: &str) -> Vec<usize> {
    let log = daemon.log();
    let lines = log.lines().filter(|line| line.contains("answered"));
    let figure = |line: &str| line.split(&format!(" {name}=")).nth(1)?.split(' ').next()?.parse().ok();
    lines.filter_map(figure).collect()
}

fn with_system(system: &str, user: &str) -> Value {
    json!({
        "messages": [{"role": "system", "content": system}, {"role": "user", "content": user}],
        "max_tokens": 3,
        "temperature": 0,
    })
}

/// A request that takes most of 256 cells.
fn long(n: usize) -> Value {
    with_system(&format!("You count to {n}. ").repeat(20), &format!("Say {n} again and again, {n} and {n}."))
}

#[tokio::test]
async fn a_beginning_that_many_share_is_read_once() {
    let daemon = Daemon::start().await;
    let system = "You are the keeper of a lighthouse. ".repeat(30);
    let bodies: Vec<Value> = (0..4).map(|n| with_system(&system, &format!("Question {n}."))).collect();
    let answers = join_all(bodies.iter().map(|body| daemon.chat(body))).await;
    // The log comes by a way of its own, and may be later than the answers.
    let told = |count: usize| {
        let daemon = &daemon;
        async move {
            daemon.until("a line for each", |_| figures(daemon, "shared_tokens").len() == count).await;
        }
    };
    told(4).await;
    let mut shared = figures(&daemon, "shared_tokens");
    shared.sort_unstable();
    assert_eq!(shared.len(), 4);
    assert_eq!(shared[0], 0, "the first one reads it");
    assert!(shared[1..].iter().all(|shared| *shared > 200), "{shared:?}");

    // It stays for those who come later, and the answer is no other.
    let again = daemon.chat(&bodies[2]).await;
    assert_eq!(again.usage, answers[2].usage);
    let prompt = again.usage.unwrap().prompt_tokens as usize;
    told(5).await;
    assert_eq!(figures(&daemon, "shared_tokens").last(), Some(&(prompt - 1)));
}

#[tokio::test]
async fn kept_prefixes_make_room_for_whoever_needs_it() {
    let daemon = Daemon::with(&["--context", "256", "--cells", "256", "--parallel", "2"]).await;
    for n in 0..6 {
        let answer = daemon.chat(&long(n)).await;
        let usage = answer.usage.unwrap();
        assert!(usage.prompt_tokens > 128, "{usage:?}: more than half of the cells");
        assert_eq!(answer.reason, FinishReason::Length);
    }
    daemon.idle().await;
}

#[tokio::test]
async fn after_a_thousand_callers_who_left_every_cell_and_slot_is_free() {
    let daemon =
        Daemon::with(&["--context", "256", "--cells", "512", "--parallel", "8", "--queue", "64"]).await;
    let call = async |n: u64| {
        // Where each one leaves is random, and the same in every run.
        let random = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let body = story(&format!("{}", random % 97), 6);
        if random.is_multiple_of(5) {
            // Before there is an answer at all.
            let some_turns = async {
                for _ in 0..random % 400 {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                _ = daemon.post(&body) => {}
                () = some_turns => {}
            }
        } else {
            let mut stream = daemon.stream(&body).await;
            for _ in 0..random % 6 {
                if stream.data().await.is_none() {
                    break;
                }
            }
        }
    };
    futures_util::stream::iter(0..1000).map(call).buffer_unordered(24).for_each(async |()| ()).await;
    daemon.idle().await;

    // All cells can be had at once, and all slots.
    let answers = join_all([daemon.chat(&long(1)), daemon.chat(&long(2))]).await;
    assert!(answers.iter().all(|answer| answer.reason == FinishReason::Length), "{answers:?}");
    let bodies: Vec<Value> = (0..8).map(|n| story(&format!("slot {n}"), 2)).collect();
    join_all(bodies.iter().map(|body| daemon.chat(body))).await;
    daemon.idle().await;
}
