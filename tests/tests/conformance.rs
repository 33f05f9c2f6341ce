//! The conformance suite on each host, with a house's data plane behind it. What differs is what is stated, and nothing else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

use std::time::Duration;

use hearth_clients::Secret;
use hearth_conformance::{Host, Options, Report, SignIn, Target};
use hearth_tests::{
    hosts::Kind,
    house::House,
    instance::{CRON_SECRET, Parts},
    place::Place,
    talker::talker,
};

/// A word each: 64 tokens take two seconds, and 4,000 longer than any case waits.
const PACE: Duration = Duration::from_millis(30);

async fn conforms(kind: Option<Kind>, host: Host, stated: &[&str]) {
    let house = House::shared().await;
    let parts = Parts::of(&house.up).edge(&talker(PACE).await);
    let place = Place::start(kind, &house, parts).await;
    let report = run(&house, place.url(), host).await;
    assert!(report.is_well(), "on {host}:\n{}", report.failures());
    let skipped = report.skipped();
    let unstated: Vec<&String> =
        skipped.iter().filter(|case| !stated.iter().any(|stated| case.starts_with(stated))).collect();
    assert!(unstated.is_empty(), "not run on {host}: {unstated:?}");
    assert_eq!(secrets_in(&place.log()), Vec::<&str>::new(), "in the log of {host}");
}

async fn run(house: &House, url: &str, host: Host) -> Report {
    let sign_in = SignIn::SignUp {
        supabase: house.up.url.clone(),
        publishable_key: Secret::new(&house.up.publishable_key),
    };
    let secret = Some(Secret::new(CRON_SECRET));
    let target = Target::new(url, Some(host), sign_in, secret).await.unwrap();
    hearth_conformance::run(target, &Options::default(), |_| ()).await.unwrap()
}

/// What a log of the suite must never hold: the beginning of any token, what is asked, what is answered, the secret.
fn secrets_in(log: &str) -> Vec<&'static str> {
    let forbidden = ["eyJ", "very long story about a river", "so to say", CRON_SECRET];
    forbidden.into_iter().filter(|text| log.contains(text)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_of_ones_own_conforms() {
    conforms(None, Host::Local, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vercel_conforms() {
    conforms(Some(Kind::Vercel), Host::Vercel, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lambda_conforms() {
    let stated = ["websocket", "slow_bodies/one_byte_a_second"];
    conforms(Some(Kind::Lambda), Host::Lambda, &stated).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cloudflare_conforms() {
    conforms(Some(Kind::Cloudflare), Host::Cloudflare, &[]).await;
}
