//! What each host does when the function itself is at fault: a defect, or settings that are missing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

use hearth_tests::{
    hosts::{Hosted, Kind},
    house::House,
    instance::Parts,
    person::{Person, client, read},
    place::Place,
};

async fn a_panic_costs_one_request(kind: Option<Kind>) {
    let house = House::shared().await;
    let place = Place::start(kind, &house, Parts::of(&house.up)).await;
    let person = Person::new(&house.up).await.at(place.url());
    assert_eq!(person.get("/v1/me").await.0, 200);
    for _ in 0..3 {
        let panicked = person.client.get(format!("{}/v1/test/panic", place.url())).send().await.unwrap();
        assert_eq!(panicked.status(), 500, "{kind:?}");
        let (status, body) = person.get("/v1/me").await;
        assert_eq!(status, 200, "{kind:?}: the request after a panic: {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_process_of_ones_own_a_panic_costs_one_request() {
    a_panic_costs_one_request(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_vercel_a_panic_costs_one_request() {
    a_panic_costs_one_request(Some(Kind::Vercel)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_lambda_a_panic_costs_one_request() {
    a_panic_costs_one_request(Some(Kind::Lambda)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_cloudflare_the_instance_is_renewed_after_a_panic() {
    a_panic_costs_one_request(Some(Kind::Cloudflare)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_host_names_the_settings_that_it_lacks() {
    for kind in [Kind::Vercel, Kind::Lambda, Kind::Cloudflare] {
        let settings = [("SUPABASE_URL", "ftp://x".to_owned()), ("HEARTH_SIGNING_KEY", "sesame".to_owned())];
        let hosted = Hosted::start(kind, &settings).await;
        let answer = client().get(format!("{}/v1/me", hosted.url)).send().await.unwrap();
        let (status, problem) = read(answer).await;
        assert_eq!((status, problem["code"].as_str()), (500, Some("not_configured")), "{kind:?}");
        let detail = problem["detail"].as_str().unwrap();
        for name in ["SUPABASE_URL", "SUPABASE_PUBLISHABLE_KEY", "HEARTH_SIGNING_KEY"] {
            assert!(detail.contains(name), "{kind:?}: {detail}");
        }
        assert!(!format!("{problem}{}", hosted.log()).contains("sesame"), "{kind:?} shows a value");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_workers_schedule_makes_the_daily_call() {
    let house = House::shared().await;
    let hosted = Hosted::start(Kind::Cloudflare, &Parts::of(&house.up).settings(&house)).await;
    let trigger = format!("{}/cdn-cgi/handler/scheduled?cron=17+4+*+*+*", hosted.url);
    assert_eq!(client().get(trigger).send().await.unwrap().status(), 200);
    assert!(!hosted.log().contains("was answered with"), "{}", hosted.log());
}
