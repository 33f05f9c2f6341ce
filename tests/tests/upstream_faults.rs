//! A Supabase that fails: a problem with a stable code within ten seconds, on every host, and nothing done twice.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

use std::time::{Duration, Instant};

use hearth_tests::{
    faulty::{Fault, Faulty},
    hosts::Kind,
    house::House,
    instance::Parts,
    keys::Keys,
    person::{Person, read},
    place::Place,
    talker::talker,
    wait::until,
};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

const HOSTS: [Option<Kind>; 4] = [None, Some(Kind::Vercel), Some(Kind::Lambda), Some(Kind::Cloudflare)];
const WITHIN: Duration = Duration::from_secs(10);
/// What a person says, and must not be found in any log.
const SAID: &str = "the words that only we two know";

/// A Router before a Supabase that can be made to fail, and a person.
struct Stage {
    faulty: Faulty,
    place: Place,
    person: Person,
    house: House,
}

async fn stage(host: Option<Kind>) -> Stage {
    let house = House::shared().await;
    let (faulty, parts) = parts(&house).await;
    let place = Place::start(host, &house, parts).await;
    let person = Person::new(&house.up).await.at(place.url());
    Stage { faulty, place, person, house }
}

/// The same, as one instance.
async fn stage_of_one(host: Option<Kind>) -> Stage {
    let house = House::shared().await;
    let (faulty, parts) = parts(&house).await;
    let place = Place::start_one(host, &house, parts).await;
    let person = Person::new(&house.up).await.at(place.url());
    Stage { faulty, place, person, house }
}

async fn parts(house: &House) -> (Faulty, Parts) {
    let faulty = Faulty::before(&house.up.url).await;
    let model = talker(Duration::from_millis(5)).await;
    let parts = Parts::of(&house.up).edge(&model).supabase(&faulty.url);
    (faulty, parts)
}

/// One request of each kind: a read, a create, a change and a turn.
async fn requests(person: &Person) -> Vec<RequestBuilder> {
    let turn = format!("/v1/conversations/{}/messages", person.conversation().await);
    vec![
        person.request(Method::GET, "/v1/me"),
        person.request(Method::POST, "/v1/conversations").json(&json!({ "title": SAID })),
        person.request(Method::PATCH, "/v1/me").json(&json!({ "display_name": SAID })),
        person.request(Method::POST, &turn).json(&json!({ "content": SAID, "max_tokens": 4 })),
    ]
}

async fn each_fault_is_a_problem(host: Option<Kind>) {
    let stage = stage(host).await;
    let Stage { faulty, place, person, .. } = &stage;
    let faults = [
        (Fault::ServerError, 503, "database_unavailable"),
        (Fault::TooMany(1), 503, "database_unavailable"),
        (Fault::TooMany(60), 503, "database_unavailable"),
        (Fault::Html, 500, "internal"),
        (Fault::Truncated, 503, "database_unavailable"),
        (Fault::HungUp, 503, "database_unavailable"),
        (Fault::Silent, 503, "database_unavailable"),
    ];
    for (fault, status, code) in faults {
        faulty.mend();
        let requests = requests(person).await;
        faulty.fail("/rest/", fault);
        let began = Instant::now();
        let all = requests.into_iter().map(|request| async {
            let answer = request.send().await.unwrap();
            let wait = answer.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
            (read(answer).await, wait)
        });
        for ((got, problem), wait) in futures_util::future::join_all(all).await {
            assert_eq!(
                (got, problem["code"].as_str()),
                (status, Some(code)),
                "{host:?}, {fault:?}: {problem}"
            );
            assert_eq!(wait.is_some(), got == 503, "{host:?}, {fault:?}: Retry-After");
            if let Fault::TooMany(seconds) = fault {
                assert_eq!(problem["retry_after"], seconds, "{host:?}: what Supabase asks for is passed on");
            }
        }
        assert!(began.elapsed() < WITHIN, "{host:?}, {fault:?}: {:?}", began.elapsed());
    }
    faulty.mend();
    assert_eq!(person.get("/v1/me").await.0, 200, "{host:?}: and when it is back");
    says_nothing(place, person, host);
}

/// Its log holds no token, no key, and nothing that anybody said.
fn says_nothing(place: &Place, person: &Person, host: Option<Kind>) {
    let log = place.log();
    for secret in
        [SAID, &person.token, &person.up.publishable_key, &person.up.secret_key, &person.up.redis_token]
    {
        assert!(!log.contains(secret), "{host:?}: the log holds a secret or a message");
    }
}

async fn sign_in_keys_that_are_known_go_on_to_count(host: Option<Kind>) {
    let stage = stage_of_one(host).await;
    let Stage { faulty, person, .. } = &stage;
    assert_eq!(person.get("/v1/me").await.0, 200, "the keys are known now");
    for fault in [Fault::ServerError, Fault::Silent, Fault::Html] {
        faulty.fail("jwks", fault);
        let began = Instant::now();
        assert_eq!(person.get("/v1/me").await.0, 200, "{host:?}, {fault:?}");
        assert!(began.elapsed() < Duration::from_secs(3), "{host:?}, {fault:?}: {:?}", began.elapsed());
    }
}

async fn sign_in_keys_that_cannot_be_had_are_a_problem(host: Option<Kind>) {
    let stage = stage(host).await;
    let Stage { faulty, place, person, .. } = &stage;
    for fault in [Fault::Silent, Fault::ServerError, Fault::Html] {
        faulty.fail("jwks", fault);
        let began = Instant::now();
        let (status, problem) = person.get("/v1/me").await;
        assert_eq!(
            (status, problem["code"].as_str()),
            (503, Some("auth_unavailable")),
            "{host:?}: {problem}"
        );
        assert_eq!(problem["retry_after"], 2, "{host:?}, {fault:?}");
        assert!(began.elapsed() < WITHIN, "{host:?}, {fault:?}: {:?}", began.elapsed());
    }
    faulty.mend();
    until("the keys to be fetched", || async { (person.get("/v1/me").await.0 == 200).then_some(()) }).await;
    says_nothing(place, person, host);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_a_problem_here() {
    each_fault_is_a_problem(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_a_problem_on_vercel() {
    each_fault_is_a_problem(Some(Kind::Vercel)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_a_problem_on_lambda() {
    each_fault_is_a_problem(Some(Kind::Lambda)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_a_problem_on_cloudflare() {
    each_fault_is_a_problem(Some(Kind::Cloudflare)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn known_sign_in_keys_count_while_none_can_be_fetched() {
    for host in HOSTS {
        sign_in_keys_that_are_known_go_on_to_count(host).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_sign_in_keys_the_answer_says_so() {
    for host in HOSTS {
        sign_in_keys_that_cannot_be_had_are_a_problem(host).await;
    }
}

#[tokio::test]
async fn a_read_that_failed_in_passing_is_made_again() {
    let stage = stage(None).await;
    let Stage { faulty, person, .. } = &stage;
    for fault in [Fault::ServerError, Fault::Truncated, Fault::HungUp, Fault::TooMany(0)] {
        faulty.fail_times("get_me", fault, 2);
        let (status, me) = person.get("/v1/me").await;
        assert_eq!((status, &me["user_id"]), (200, &json!(person.user_id)), "{fault:?}: {me}");
        assert_eq!(calls(faulty, "get_me"), 3, "{fault:?}");
    }
}

fn calls(faulty: &Faulty, function: &str) -> usize {
    faulty.asked().iter().filter(|path| path.ends_with(function)).count()
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_is_made_once() {
    let stage = stage(None).await;
    let Stage { faulty, person, .. } = &stage;
    faulty.fail_times("create_conversation", Fault::Truncated, 1);
    let (status, made) = person.post("/v1/conversations", json!({ "title": "Once" })).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(calls(faulty, "create_conversation"), 2);
    faulty.fail_times("create_workspace", Fault::Truncated, 1);
    assert_eq!(person.post("/v1/workspaces", json!({ "name": "Once" })).await.0, 201);
    faulty.mend();
    let titles = |page: Value, name: &str| {
        let rows = page["data"].as_array().unwrap().iter();
        rows.filter(|row| row[name] == "Once").count()
    };
    assert_eq!(titles(person.get("/v1/conversations").await.1, "title"), 1);
    assert_eq!(titles(person.get("/v1/workspaces").await.1, "name"), 1);
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_is_not_made_again() {
    let stage = stage(None).await;
    let Stage { faulty, person, .. } = &stage;
    for fault in [Fault::Truncated, Fault::HungUp, Fault::ServerError] {
        faulty.fail_times("update_me", fault, 1);
        let (status, problem) = person.send(Method::PATCH, "/v1/me", json!({ "display_name": "x" })).await;
        assert_eq!((status, problem["code"].as_str()), (503, Some("database_unavailable")), "{fault:?}");
        assert_eq!(calls(faulty, "update_me"), 1, "{fault:?}");
    }
    // What was refused at the door had no effect.
    faulty.fail_times("update_me", Fault::TooMany(0), 1);
    assert_eq!(person.send(Method::PATCH, "/v1/me", json!({ "display_name": "x" })).await.0, 200);
    assert_eq!(calls(faulty, "update_me"), 2);
}

#[tokio::test]
async fn clocks_that_are_half_a_minute_apart_make_no_difference() {
    let stage = stage(None).await;
    let Stage { person, house, .. } = &stage;
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = i64::try_from(since.as_secs()).unwrap();
    let claims = |shift: i64, life: i64| {
        json!({ "sub": person.user_id, "role": "authenticated", "aud": "authenticated",
            "iss": format!("{}/auth/v1", house.up.url),
            "iat": now + shift, "nbf": now + shift, "exp": now + shift + life })
    };
    let keys = Keys::of(house);
    // Issued by a clock that is ahead; and expired, by one that is behind. (The database has a clock of its own, so it is
    // left out: whom the Router knows is told how the parts stand.)
    for (name, token, known) in [
        ("ahead", keys.sign(&claims(27, 600)), true),
        ("behind", keys.sign(&claims(-627, 600)), true),
        ("too far ahead", keys.sign(&claims(90, 600)), false),
        ("too far behind", keys.sign(&claims(-690, 600)), false),
    ] {
        let (status, health) = Person { token, ..person.clone() }.get("/v1/health").await;
        assert_eq!((status, health["dependencies"].is_object()), (200, known), "{name}: {health}");
    }
}
