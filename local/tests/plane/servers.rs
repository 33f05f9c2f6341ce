//! Servers that run already.

use hearth_local::database::Role;
use hearth_local::settings::Settings;
use hearth_local::supervise::{Lifeline, PostgresServer, RedisServer};
use reqwest::StatusCode;
use serde_json::json;

use crate::edge;
use crate::home::TestHome;
use crate::machine::{Machine, up};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_run_already_are_used_and_left_running() {
    let (theirs, ours, edge) = (TestHome::new(), TestHome::new(), edge::start().await);
    theirs.home().prepare().unwrap();
    let (lifeline, last_child) = Lifeline::new();
    let postgres = PostgresServer::new(&theirs.home(), &Settings::default(), &lifeline).unwrap();
    let redis = RedisServer::new(&theirs.home(), &Settings::default(), &lifeline).unwrap();
    let (postgres_child, redis_child) = (postgres.start().await.unwrap(), redis.start().await.unwrap());

    let sockets = theirs.home().socket_folder("postgres");
    let host = sockets.to_str().unwrap().replace('/', "%2F");
    let mut command = up(ours.path(), &edge);
    command
        .env("DATABASE_URL", format!("postgres://{}@{host}/postgres", Role::Superuser.name()))
        .env("REDIS_URL", redis.url());
    let machine = Machine::run(command, ours.path()).await;
    machine.sign_up("ann@example.com").await;
    assert_eq!(machine.sign_in("ann@example.com", "correct horse").await, StatusCode::OK);
    assert_eq!(machine.redis(json!(["SET", "here", "1"])).await, Some("OK".into()));
    assert!(machine.children("postgres").is_empty());
    assert!(machine.children("redis").is_empty());
    assert!(machine.stop().await.success());

    let mut still = postgres.database().connect(Role::Superuser).await.unwrap();
    let accounts: i64 =
        sqlx::query_scalar("select count(*) from auth.users").fetch_one(&mut still).await.unwrap();
    assert_eq!(accounts, 2, "the first login, and Ann");
    drop(still);
    postgres_child.stop().await;
    redis_child.stop().await;
    drop((postgres, redis, lifeline));
    last_child.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_elsewhere_is_shown_the_key_that_it_asks_for() {
    let (home, edge) = (TestHome::new(), edge::start_for("sesame-sesame").await);
    for (name, value) in [("HEARTH_EDGE_API_KEY", "wrong"), ("HEARTH_EDGE_ID", "half a pairing")] {
        let refused = up(home.path(), &edge).env(name, value).output().await.unwrap();
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && said.contains("asks for a key"), "{said}");
        assert!(!said.contains(value), "{said}");
    }
    let mut command = up(home.path(), &edge);
    command.env("HEARTH_EDGE_API_KEY", "sesame-sesame");
    let machine = Machine::run(command, home.path()).await;
    assert_eq!(machine.ready["model"], "stub", "{}", machine.ready);
    assert!(machine.stop().await.success());
}
