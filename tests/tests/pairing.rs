//! A function and a daemon that are paired: the settings that `hearth-edge pair` prints, as they stand, from one end to the
//! other.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

use std::sync::{Arc, Mutex};

use axum::{Router, http::HeaderMap};
use hearth_tests::{
    daemon::{Daemon, pair},
    deploying::Settings,
    house::House,
    instance::{Instance, Parts},
    logs::Logs,
    person::Person,
    proxy::serve,
    sse::{Events, names},
    wait::until,
};
use http::StatusCode;
use serde_json::{Value, json};

const ID: &str = "HEARTH_EDGE_ID";
const KEY: &str = "HEARTH_EDGE_SERVICE_KEY";

/// What `hearth-edge pair` printed, a setting a line.
async fn paired(file: &std::path::Path, name: &str) -> Vec<(&'static str, String)> {
    let output = pair(file, &["--name", name]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let line = |line: &str| {
        let (name, value) = line.split_once('=').unwrap();
        (*[ID, KEY].iter().find(|known| **known == name).unwrap(), value.to_owned())
    };
    text.lines().map(line).collect()
}

async fn turn(person: &Person) -> Vec<String> {
    let conversation = person.conversation().await;
    let body = json!({ "content": "Say hello.", "max_tokens": 8 });
    let events = Events::new(person.stream(&conversation, body).await).rest().await;
    names(&events).into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn what_pair_prints_carries_turns_until_it_is_revoked() {
    let logs = Logs::keep();
    let house = House::shared().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pairings.json");
    let settings = paired(&file, "functions").await;
    let daemon = Daemon::paired(&file).await;
    let parts = Parts::of(&house.up).edge(&daemon.url);
    let person = Person::new(&house.up).await;

    let stranger = Instance::start(&house, parts.clone()).await;
    let ask = json!({ "messages": [{ "role": "user", "content": "Say hello." }], "max_tokens": 4 });
    let (status, problem) = person.at(&stranger.url).post("/v1/chat/completions", ask.clone()).await;
    assert_eq!(status, 503, "{problem}");

    let instance = Instance::start(&house, parts.clone().shown(settings.clone())).await;
    let known = person.at(&instance.url);
    let events = turn(&known).await;
    assert_eq!(events.last().unwrap(), "message.completed", "{events:?}");
    assert_eq!(known.post("/v1/chat/completions", ask.clone()).await.0, 200);
    let (status, health) = known.get("/v1/health").await;
    assert_eq!((status, &health["dependencies"]["edge"]), (200, &json!("up")), "{health}");

    let check = settings.iter().fold(Settings::of(&house), |all, (name, value)| all.with(name, value));
    let check = check.with("HEARTH_EDGE_URL", &daemon.url).without("HEARTH_EDGE_MODEL");
    check.check(&["--host", "local"]).await.expect(0, &["the daemon answers, and serves"]);
    let other = "6f2c7e0a-3c1b-4a86-9a55-1c1f0f2f7a10";
    let wrong = check.clone().with(ID, other).check(&["--host", "local"]).await;
    wrong.expect(1, &["HEARTH_EDGE_SERVICE_KEY is not taken by the daemon"]);

    // A successor takes over, and what came before it ends.
    let next = paired(&file, "next").await;
    assert_eq!((&settings[0], settings[0].0), (&next[0], ID), "the daemon keeps its id");
    assert!(pair(&file, &["revoke", "functions"]).await.status.success());
    let status = until("the end of a revoked pairing", || async {
        let (status, body) = known.post("/v1/chat/completions", ask.clone()).await;
        (status != 200).then_some((status, body))
    })
    .await;
    assert_eq!((status.0, &status.1["error"]["code"]), (503, &json!("no_provider")), "{status:?}");
    let instance = Instance::start(&house, parts.shown(next.clone())).await;
    assert_eq!(turn(&person.at(&instance.url)).await.last().unwrap(), "message.completed");

    for (_, key) in [&settings[1], &next[1]] {
        let seed = key.rsplit('.').next().unwrap();
        assert!(!logs.text().contains(seed) && !daemon.log().contains(seed));
    }
    let log = daemon.log();
    for kept in ["Bearer", "eyJ", &person.user_id, &person.email] {
        assert!(!log.contains(kept), "`{kept}` is in the daemon's log: {log}");
    }
}

/// Keeps what it is shown, and lets nobody in.
async fn doorkeeper() -> (String, Arc<Mutex<Vec<String>>>) {
    let shown = Arc::<Mutex<Vec<String>>>::default();
    let kept = Arc::clone(&shown);
    let router = Router::new().fallback(move |headers: HeaderMap| async move {
        kept.lock().unwrap().push(headers["authorization"].to_str().unwrap().to_owned());
        StatusCode::UNAUTHORIZED
    });
    (serve(router).await, shown)
}

fn claims(bearer: &str) -> Value {
    let token = bearer.strip_prefix("Bearer ").unwrap();
    jsonwebtoken::dangerous::insecure_decode_claims(token).unwrap()
}

#[tokio::test]
async fn a_call_names_its_person_by_a_pseudonym_and_other_calls_name_nobody() {
    let house = House::shared().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = paired(&folder.path().join("pairings.json"), "functions").await;
    let (url, shown) = doorkeeper().await;
    let instance = Instance::start(&house, Parts::of(&house.up).edge(&url).shown(settings.clone())).await;
    let take = || std::mem::take(&mut *shown.lock().unwrap());
    let mut subs = Vec::new();
    let (ada, eve) = (Person::new(&house.up).await, Person::new(&house.up).await);
    for person in [&ada, &ada, &eve] {
        let (status, problem) =
            person.at(&instance.url).post("/v1/embeddings", json!({ "input": "a" })).await;
        assert_eq!((status, &problem["error"]["code"]), (503, &json!("no_provider")), "{problem}");
        let shown = take();
        let said = claims(&shown[0]);
        assert_eq!((&said["iss"], &said["aud"]), (&json!("hearth"), &json!(settings[0].1)), "{said}");
        assert_eq!(said["exp"].as_u64().unwrap() - said["iat"].as_u64().unwrap(), 60);
        subs.push(said["sub"].as_str().unwrap().to_owned());
    }
    assert!(subs[0] == subs[1] && subs[0] != subs[2], "{subs:?}");
    for person in [&ada, &eve] {
        assert!(subs.iter().all(|sub| !sub.contains(&person.user_id) && !sub.contains(&person.email)));
    }
    ada.at(&instance.url).get("/v1/health").await;
    assert!(claims(&take()[0]).get("sub").is_none(), "a look at the daemon is nobody's");
}
