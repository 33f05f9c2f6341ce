//! Signals, and what they leave behind.

use hearth_wire::FinishReason;
use serde_json::Value;

use crate::harness::{Daemon, story};

#[tokio::test]
async fn a_running_answer_is_finished_before_the_daemon_ends() {
    let daemon = Daemon::start().await;
    let mut stream = daemon.stream(&story("a farewell", 60)).await;
    stream.text().await.unwrap();
    daemon.terminate();
    daemon.logged("stopping").await;
    let answer = stream.answer().await;
    assert_eq!(answer.reason, FinishReason::Length);
    assert_eq!(daemon.exit_code().await, Some(0));
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_told_why() {
    let daemon = Daemon::with(&["--context", "2048", "--parallel", "1", "--grace", "0"]).await;
    let mut running = daemon.stream(&story("eternity", 2000)).await;
    running.text().await.unwrap();
    let mut waiting = daemon.stream(&story("waiting", 2000)).await;
    waiting.bytes().await.unwrap();
    daemon.terminate();
    for mut stream in [running, waiting] {
        let mut last = Value::Null;
        while let Some(data) = stream.data().await {
            last = serde_json::from_str(&data).unwrap();
        }
        assert_eq!(last["error"]["code"], "shutting_down", "{last}");
    }
    assert_eq!(daemon.exit_code().await, Some(0));
}

#[tokio::test]
async fn a_stop_while_the_model_is_loading_is_a_stop_like_any() {
    let model = crate::harness::model();
    let daemon = Daemon::of(&["--model", model.to_str().unwrap(), "--cells", "65536"]).await;
    daemon.terminate();
    assert_eq!(daemon.exit_code().await, Some(0));
}

#[tokio::test]
async fn the_log_never_holds_what_was_said() {
    let daemon = Daemon::start().await;
    let answer = daemon.chat(&story("xylophones and zeppelins", 30)).await;
    daemon.logged("answered").await;
    let log = daemon.log();
    assert!(!log.contains("xylophones") && !log.contains(&answer.text[..20]), "{log}");
}
