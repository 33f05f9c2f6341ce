//! Who is let in: a signed-in person's token, and nothing that looks like one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hearth_tests::{
    house::House,
    instance::{Instance, Parts},
    keys::Keys,
    person::{Person, read},
    proxy::Proxy,
};
use serde_json::{Value, json};

const TEN_MINUTES: i64 = 600;

/// A valid token's claims, to be made invalid one at a time.
fn claims(house: &House, person: &Person) -> Value {
    let now = now();
    json!({
        "sub": person.user_id, "role": "authenticated", "aud": "authenticated",
        "iss": format!("{}/auth/v1", house.up.url), "iat": now, "exp": now + TEN_MINUTES,
    })
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut changed = claims.clone();
    changed[name] = value;
    changed
}

async fn status(person: &Person, token: &str) -> (u16, String) {
    let person = Person { token: token.into(), ..person.clone() };
    let (status, body) = person.get("/v1/me").await;
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_token_of_the_houses_own_making_is_let_in() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let keys = Keys::of(&house);
    let (valid, _) = status(&person, &keys.sign(&claims(&house, &person))).await;
    assert_eq!(valid, 200, "else the refusals below would prove nothing");
    assert_eq!(
        status(&person, &keys.sign_legacy(&claims(&house, &person))).await.0,
        200,
        "the older shared secret too"
    );
}

#[tokio::test]
async fn every_other_token_is_401() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let keys = Keys::of(&house);
    let good = claims(&house, &person);
    let mut cases: Vec<(&str, String)> = [
        ("expired", with(&good, "exp", json!(now() - 60))),
        ("not yet valid", with(&good, "nbf", json!(now() + TEN_MINUTES))),
        ("another audience", with(&good, "aud", json!("somebody"))),
        ("another issuer", with(&good, "iss", json!("http://elsewhere/auth/v1"))),
        ("anonymous role", with(&good, "role", json!("anon"))),
        ("service role", with(&good, "role", json!("service_role"))),
        ("no subject", with(&good, "sub", Value::Null)),
        ("a subject that is no id", with(&good, "sub", json!("root"))),
        ("no expiry", with(&good, "exp", Value::Null)),
    ]
    .map(|(case, claims)| (case, keys.sign(&claims)))
    .into();
    cases.push(("another key", Keys::forged(&keys.kid, &good)));
    cases.push(("an unknown key", Keys::forged("made-up", &good)));
    cases.push(("alg none", unsigned(&good)));
    cases.push(("HS256 with the public key", keys.confused(&good)));
    cases.push(("the anon key", house.up.anon_key.clone()));
    cases.push(("the service key", house.up.service_key.clone()));
    cases.push(("the publishable key", house.up.publishable_key.clone()));
    cases.push(("the secret key", house.up.secret_key.clone()));
    cases.push(("nonsense", "a.b.c".into()));
    cases.push(("huge", "a".repeat(7000)));
    let tampered = keys.sign(&good);
    let parts: Vec<&str> = tampered.split('.').collect();
    let other = URL_SAFE_NO_PAD.encode(with(&good, "sub", json!(uuid::Uuid::new_v4())).to_string());
    cases.push(("another payload", format!("{}.{other}.{}", parts[0], parts[2])));

    for (case, token) in cases {
        assert_eq!(status(&person, &token).await, (401, "invalid_credential".into()), "{case}");
    }
}

fn unsigned(claims: &Value) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    format!("{header}.{}.", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

#[tokio::test]
async fn no_token_and_two_tokens_are_401() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let url = format!("{}/v1/me", house.up.url);
    let (status, problem) = read(person.client.get(&url).send().await.unwrap()).await;
    assert_eq!((status, problem["code"].as_str()), (401, Some("invalid_credential")));
    let value = format!("Bearer {}", person.token);
    let twice = person.client.get(&url).header("authorization", &value).header("authorization", &value);
    assert_eq!(read(twice.send().await.unwrap()).await.0, 401);
}

#[tokio::test]
async fn a_clock_that_is_a_little_off_is_forgiven() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let keys = Keys::of(&house);
    let good = claims(&house, &person);
    for (name, shift) in [("exp", -20), ("nbf", 20)] {
        let token = keys.sign(&with(&good, name, json!(now() + shift)));
        let (_, problem) = status(&person, &token).await;
        // The database keeps its own clock and may refuse an expired token; the API must not.
        assert!(problem.is_empty() || name == "exp", "{name}: {problem}");
    }
}

#[tokio::test]
async fn a_loop_of_unknown_keys_costs_the_project_one_fetch() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let proxy = Proxy::before(&house.up.url).await;
    let instance = Instance::start(&house, Parts::of(&house.up).supabase(&proxy.url)).await;
    let person = person.at(&instance.url);
    assert_eq!(person.get("/v1/me").await.0, 200);
    let good = claims(&house, &person);
    for n in 0..50 {
        let forged = Keys::forged(&format!("made-up-{n}"), &good);
        assert_eq!(status(&person, &forged).await.0, 401);
    }
    let fetched = proxy.take().iter().filter(|(path, _)| path.contains("jwks")).count();
    assert!(fetched <= 2, "{fetched} fetches");
}

#[tokio::test]
async fn known_keys_go_on_to_count_while_sign_in_is_away() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let proxy = Proxy::before(&house.up.url).await;
    let instance = Instance::start(&house, Parts::of(&house.up).supabase(&proxy.url)).await;
    let person = person.at(&instance.url);
    proxy.set_down(true);
    let (unknown, problem) = person.get("/v1/me").await;
    assert_eq!((unknown, problem["code"].as_str()), (503, Some("auth_unavailable")));
    proxy.set_down(false);
    hearth_tests::wait::until("the first keys", || async {
        (person.get("/v1/me").await.0 == 200).then_some(())
    })
    .await;
    proxy.set_down(true);
    let (status, problem) = person.get("/v1/me").await;
    assert_eq!(
        (status, problem["code"].as_str()),
        (503, Some("database_unavailable")),
        "the token itself passes"
    );
}

#[tokio::test]
async fn a_token_that_expires_in_mid_turn_loses_nothing() {
    let house = House::shared().await;
    let model = hearth_tests::model::Model::new().await;
    let instance = Instance::start(&house, Parts::of(&house.up).edge(&model.url)).await;
    let person = Person::new(&house.up).await;
    let conversation = person.conversation().await;
    let expires = now() + 3;
    let token = Keys::of(&house).sign(&with(&claims(&house, &person), "exp", json!(expires)));
    let brief = Person { token, ..person.at(&instance.url) };
    model.say("Before, ");
    let mut events =
        hearth_tests::sse::Events::new(brief.stream(&conversation, json!({ "content": "Go." })).await);
    events.next().await.unwrap();
    hearth_tests::wait::until("the token's end, leeway included", || async {
        (now() > expires + 31).then_some(())
    })
    .await;
    model.say("after.");
    model.end();
    let last = events.rest().await.pop().unwrap();
    assert_eq!(last.data["message"]["content"], "Before, after.");
    assert_eq!(brief.get("/v1/me").await.0, 401, "it has expired indeed");
    let (_, page) = person.get(&format!("/v1/conversations/{conversation}/messages")).await;
    assert_eq!(page["data"][1]["content"], "Before, after.");
}
