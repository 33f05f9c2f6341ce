//! Several callers at once, and callers who leave.

use futures_util::future::join_all;
use hearth_wire::FinishReason;
use serde_json::json;

use crate::harness::{Daemon, story, with};

#[tokio::test]
async fn several_at_once_are_written_in_turns() {
    let daemon = Daemon::start().await;
    let order = std::sync::Mutex::new(Vec::new());
    let read = async |caller: usize, about: &str| {
        let mut stream = daemon.stream(&story(about, 60)).await;
        let mut text = String::new();
        while let Some(piece) = stream.text().await {
            order.lock().unwrap().push(caller);
            text.push_str(&piece);
        }
        text
    };
    let texts = join_all(
        ["a dog", "the moon", "bread", "a train"].into_iter().enumerate().map(|(n, about)| read(n, about)),
    )
    .await;
    assert!(texts.iter().all(|text| text.len() > 100), "{texts:?}");

    let order = order.into_inner().unwrap();
    for caller in 0..4 {
        let first = order.iter().position(|other| *other == caller).unwrap();
        let last = order.iter().rposition(|other| *other == caller).unwrap();
        let others = order[first..last].iter().filter(|other| **other != caller).count();
        assert!(others > 20, "caller {caller} was written by itself: {order:?}");
    }
}

#[tokio::test]
async fn a_short_question_does_not_wait_for_a_long_prompt() {
    let daemon = Daemon::start().await;
    let long = json!({"messages": [{"role": "user", "content": "word ".repeat(1900)}], "max_tokens": 1});
    let mut long = daemon.stream(&long).await;
    assert_eq!(long.bytes().await.unwrap(), ": reading\n\n");
    daemon.chat(&story("haste", 2)).await;
    daemon.until("the short one is over", |health| health["requests"]["active"] != 2).await;
    assert_eq!(daemon.get("/health").await["requests"]["active"], 1, "the long prompt is still being read");
}

#[tokio::test]
async fn who_waits_is_told_and_who_comes_too_late_gets_429() {
    let daemon = Daemon::with(&["--context", "2048", "--parallel", "1", "--queue", "2"]).await;
    let mut first = daemon.stream(&story("patience", 1500)).await;
    first.text().await.unwrap();
    let mut second = daemon.stream(&story("queues", 2)).await;
    assert_eq!(second.bytes().await.unwrap(), ": queued 0\n\n");
    let mut third = daemon.stream(&story("lines", 2)).await;
    assert_eq!(third.bytes().await.unwrap(), ": queued 1\n\n");

    let refused = daemon.post(&story("haste", 2)).await;
    assert_eq!(refused.status(), 429);
    assert!(refused.headers()["retry-after"].to_str().unwrap().parse::<u32>().unwrap() > 0);
    let error: serde_json::Value = refused.json().await.unwrap();
    assert_eq!(error["error"]["code"], "queue_full");
    assert_eq!(error["error"]["type"], "rate_limit_error");

    // The one in front leaves: the others move up and are served.
    drop(second);
    drop(first);
    assert_eq!(third.answer().await.reason, FinishReason::Length);
    daemon.idle().await;
}

#[tokio::test]
async fn who_leaves_frees_a_slot_and_its_cells_at_every_stage() {
    let daemon = Daemon::with(&["--context", "2048", "--parallel", "1", "--queue", "1"]).await;
    let long_prompt =
        json!({"messages": [{"role": "user", "content": "word ".repeat(1900)}], "max_tokens": 1});
    for _ in 0..2 {
        // While it is being written.
        let mut stream = daemon.stream(&story("leaving", 1500)).await;
        stream.text().await.unwrap();
        drop(stream);
        daemon.idle().await;

        // While its prompt is being read.
        let mut stream = daemon.stream(&long_prompt).await;
        stream.bytes().await.unwrap();
        drop(stream);
        daemon.idle().await;

        // While it waits, and without a stream.
        let mut busy = daemon.stream(&story("being busy", 1500)).await;
        busy.text().await.unwrap();
        let plain = story("giving up", 1500);
        tokio::select! {
            answer = daemon.chat(&plain) => panic!("{answer:?}"),
            () = daemon.until("it waits", |health| health["requests"]["waiting"] == 1) => {}
        }
        drop(busy);
        daemon.idle().await;
    }
    assert_eq!(daemon.chat(&story("the end", 2)).await.reason, FinishReason::Length);
}

#[tokio::test]
async fn more_than_the_cache_holds_still_finishes_whole() {
    // 256 cells, and four requests that come to 128 tokens each.
    let daemon = Daemon::with(&["--context", "128"]).await;
    assert_eq!(daemon.get("/health").await["cells"]["total"], 256);
    let ask = |about: &str| with(story(about, 1), json!({"max_tokens": null}));
    let bodies: Vec<_> = ["gold", "iron", "silver", "copper"].into_iter().map(ask).collect();
    let answers = join_all(bodies.iter().map(|body| daemon.chat(body))).await;
    for answer in answers {
        assert_eq!(
            (answer.reason, answer.usage.unwrap().total_tokens),
            (FinishReason::Length, 128),
            "{answer:?}"
        );
        assert!(answer.text.len() > 100, "{answer:?}");
    }
    daemon.idle().await;
}

#[tokio::test]
async fn fifty_at_once_are_all_served() {
    let daemon = Daemon::with(&["--context", "512", "--parallel", "8"]).await;
    let bodies: Vec<_> = (0..50).map(|n| story(&format!("the number {n}"), 4)).collect();
    let answers = join_all(bodies.iter().map(|body| daemon.chat(body))).await;
    assert!(answers.iter().all(|answer| answer.usage.unwrap().completion_tokens == 4));
    daemon.idle().await;
}
