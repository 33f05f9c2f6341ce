//! What breaks, and what comes of it.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use reqwest::StatusCode;
use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};

use crate::edge;
use crate::home::TestHome;
use crate::machine::{Machine, children, until, up, up_at};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_hard_it_starts_again_with_nothing_lost() {
    let (home, edge) = (TestHome::new(), edge::start().await);
    let machine = Machine::start(home.path(), &edge).await;
    machine.sign_up("ann@example.com").await;
    let login = machine.ready["login"].clone();
    assert_eq!(machine.redis(json!(["SET", "kept", "yes"])).await, Some("OK".into()));
    machine.kill().await;
    assert_eq!(children(home.path(), "postgres").len(), 1, "the orphans are what this is about");
    assert_eq!(children(home.path(), "redis").len(), 1);

    let machine = Machine::start(home.path(), &edge).await;
    assert_eq!(machine.children("postgres").len(), 1);
    assert_eq!(machine.children("redis").len(), 1);
    assert_eq!(machine.sign_in("ann@example.com", "correct horse").await, StatusCode::OK);
    let (email, password) = (login["email"].as_str().unwrap(), login["password"].as_str().unwrap());
    assert_eq!(machine.sign_in(email, password).await, StatusCode::OK);
    assert_eq!(machine.redis(json!(["GET", "kept"])).await, Some("yes".into()));
    assert!(machine.ready.get("login").is_none(), "the first login is shown once");

    assert!(machine.stop().await.success());
    assert!(children(home.path(), "postgres").is_empty());
    assert!(children(home.path(), "redis").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_everywhere_at_once_it_starts_again() {
    let (home, edge) = (TestHome::new(), edge::start().await);
    let machine = Machine::start(home.path(), &edge).await;
    machine.sign_up("ann@example.com").await;
    let left = [machine.children("postgres"), machine.children("redis")].concat();
    machine.kill().await;
    for pid in left {
        kill_process(pid, Signal::KILL).unwrap();
    }
    // PostgreSQL's lock file and both sockets are still there, and stale.
    assert!(home.home().postgres().join("postmaster.pid").exists());
    let machine = Machine::start(home.path(), &edge).await;
    assert_eq!(machine.sign_in("ann@example.com", "correct horse").await, StatusCode::OK);
    machine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_up_says_where_the_first_one_runs() {
    let (home, edge) = (TestHome::new(), edge::start().await);
    let machine = Machine::start(home.path(), &edge).await;
    let second = up(home.path(), &edge).output().await.unwrap();
    assert!(!second.status.success());
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.contains("runs already"), "{said}");
    assert!(said.contains(machine.text("url")), "{said}");
    assert_eq!(machine.redis(json!(["PING"])).await, Some("PONG".into()), "the first one does not mind");
    machine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_port_is_named_with_its_flag() {
    let (home, edge) = (TestHome::new(), edge::start().await);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let refused = up_at(&port, home.path(), &edge).output().await.unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success());
    assert!(said.contains(&port) && said.contains("--port"), "{said}");
    assert!(children(home.path(), "postgres").is_empty(), "nothing was started for it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_killed_under_load_comes_back_with_what_it_confirmed() {
    let (home, edge) = (TestHome::new(), edge::start().await);
    let machine = Arc::new(Machine::start(home.path(), &edge).await);
    let session = machine.sign_up("ann@example.com").await;
    let token: Arc<str> = session["access_token"].as_str().unwrap().into();
    let (done, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let (machine, token) = (Arc::clone(&machine), Arc::clone(&token));
            let (done, stop) = (Arc::clone(&done), Arc::clone(&stop));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    match create_conversation(&machine, &token).await {
                        Written::Confirmed => drop(done.fetch_add(1, Ordering::Relaxed)),
                        Written::Away => {}
                        Written::Odd(answer) => panic!("neither written nor away: {answer}"),
                    }
                }
            })
        })
        .collect();
    let confirmed = || done.load(Ordering::Relaxed);
    until("some are written", async || confirmed() > 20).await;
    kill_process(machine.children("postgres")[0], Signal::KILL).unwrap();
    let before = confirmed();
    until("writing goes on", async || confirmed() > before + 20).await;
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    let kept = count_conversations(&machine, &token).await;
    assert!(kept >= confirmed(), "{kept} kept of {} confirmed", confirmed());
    Arc::into_inner(machine).unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_killed_comes_back_with_what_it_kept() {
    let (home, edge) = (TestHome::new(), edge::start().await);
    let machine = Machine::start(home.path(), &edge).await;
    machine.redis(json!(["SET", "kept", "yes"])).await;
    // Written to disk each second: wait for that, not for a second.
    until("the key is on disk", async || {
        let info = machine.redis(json!(["INFO", "persistence"])).await.unwrap_or_default();
        info.as_str().is_some_and(|info| {
            info.contains("aof_pending_bio_fsync:0") && info.contains("aof_buffer_length:0")
        })
    })
    .await;
    let first = machine.children("redis");
    kill_process(first[0], Signal::KILL).unwrap();
    until("Redis answers again", async || machine.redis(json!(["GET", "kept"])).await == Some("yes".into()))
        .await;
    assert_ne!(machine.children("redis"), first);
    machine.stop().await;
}

enum Written {
    Confirmed,
    /// The answer says that the database is away, so that a caller tries again.
    Away,
    Odd(String),
}

async fn create_conversation(machine: &Machine, token: &str) -> Written {
    let body = json!({ "p": { "title": "under load" } });
    let Ok(answer) = machine.post("/rest/v1/rpc/create_conversation", Some(token), &body).await else {
        return Written::Away;
    };
    let status = answer.status();
    if status.is_success() {
        return Written::Confirmed;
    }
    let text = answer.text().await.unwrap_or_default();
    let error: Value = serde_json::from_str(&text).unwrap_or_default();
    // SQLSTATE class 57P: the server is going down, or coming up.
    let is_away = status == StatusCode::SERVICE_UNAVAILABLE
        || error["code"].as_str().is_some_and(|code| code.starts_with("57P"));
    if is_away { Written::Away } else { Written::Odd(format!("{status} {text}")) }
}

async fn count_conversations(machine: &Machine, token: &str) -> usize {
    let mut cursor = Value::Null;
    let mut count = 0;
    loop {
        let body = json!({ "p": { "limit": 200, "cursor": cursor } });
        let answer = machine.post("/rest/v1/rpc/list_conversations", Some(token), &body).await.unwrap();
        let mut page: Value = answer.json().await.unwrap();
        count += page["data"].as_array().unwrap().len();
        cursor = page["next_cursor"].take();
        if cursor.is_null() {
            return count;
        }
    }
}
