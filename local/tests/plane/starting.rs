//! Starts that are given up, that can't be, and that come after the keys were changed.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use hearth_local::home::is_root;
use hearth_local::secrets::Secrets;
use reqwest::StatusCode;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::edge;
use crate::home::TestHome;
use crate::machine::{Machine, children, until, up};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asked_to_stop_while_starting_it_leaves_nothing_running() {
    let (home, edge) = (TestHome::new(), edge::start().await);
    let mut child = up(home.path(), &edge).spawn().unwrap();
    until("Redis was started", async || !children(home.path(), "redis").is_empty()).await;
    kill_process(Pid::from_raw(child.id().unwrap() as i32).unwrap(), Signal::TERM).unwrap();
    assert!(child.wait().await.unwrap().success());
    assert!(children(home.path(), "redis").is_empty());
    assert!(children(home.path(), "postgres").is_empty());

    let machine = Machine::start(home.path(), &edge).await;
    assert!(machine.ready.get("login").is_some(), "the first run is still to come");
    machine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_home_that_postgres_cannot_reach_is_named() {
    if !is_root() {
        return; // PostgreSQL runs as the same user then, and reaches what that one reaches.
    }
    let (home, edge) = (TestHome::new(), edge::start().await);
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let refused = up(home.path(), &edge).output().await.unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success());
    assert!(said.contains("can't reach") && said.contains(home.path().to_str().unwrap()), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotated_key_signs_and_the_one_before_still_verifies() {
    let (home, edge) = (TestHome::new(), edge::start().await);
    let machine = Machine::start(home.path(), &edge).await;
    let session = machine.sign_up("ann@example.com").await;
    let token = session["access_token"].as_str().unwrap();
    machine.stop().await;

    for (opens, status) in [("once", StatusCode::OK), ("twice", StatusCode::UNAUTHORIZED)] {
        let keys = home.home().keys_file();
        let mut secrets = Secrets::load(&keys).unwrap().unwrap();
        secrets.rotate_jwt_key().unwrap();
        secrets.save(&keys).unwrap();
        let machine = Machine::start(home.path(), &edge).await;
        let answer = machine.post("/rest/v1/rpc/get_me", Some(token), &json!({ "p": {} })).await.unwrap();
        assert_eq!(answer.status(), status, "rotated {opens}");
        assert_eq!(machine.sign_in("ann@example.com", "correct horse").await, StatusCode::OK);
        machine.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_secret_is_its_owners_alone() {
    let (home, edge) = (TestHome::new(), edge::start().await);
    let machine = Machine::start(home.path(), &edge).await;
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.home().secrets()), 0o700);
    assert_eq!(mode(&home.home().keys_file()), 0o600);
    assert_eq!(mode(&home.home().up_file()), 0o600);
    assert_eq!(mode(&home.home().postgres()), 0o700);
    let up = fs::read_to_string(home.home().up_file()).unwrap();
    let password = machine.ready["login"]["password"].as_str().unwrap().to_owned();
    assert!(!up.contains(&password));
    let kept = Secrets::load(&home.home().keys_file()).unwrap().unwrap();
    machine.sign_up("ann@example.com").await;
    machine.stop().await;
    for program in ["hearth", "postgres", "redis"] {
        let log = fs::read_to_string(home.home().log(program)).unwrap();
        for secret in
            [&kept.secret_key, &kept.redis_token, &kept.signing_key, &kept.jwt_secret, &kept.service_key]
        {
            assert!(!log.contains(secret.expose()), "{program}.log");
        }
        assert!(!log.contains(&password) && !log.contains("correct horse"), "{program}.log");
    }
}
