//! `./hearth deploy check` against a real data plane: what is right is said to be right, and each thing that is wrong is
//! told with what to do, before anyone deploys.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

use hearth_tests::{deploying::Settings, house::House, stand_in::stand_in};

const LOCAL: &[&str] = &["--host", "local"];

async fn settings() -> (House, Settings) {
    let house = House::shared().await;
    let settings = Settings::of(&house);
    (house, settings)
}

#[tokio::test]
async fn the_houses_own_settings_are_sound_at_home() {
    let (_house, settings) = settings().await;
    let said = [
        "Supabase Auth answers, and takes the key",
        "signs tokens with asymmetric keys",
        "the migrations are there",
        "no table is open to strangers",
        "the signing key is the database's",
        "Redis answers, and lets the token write",
        "the daemon answers, and serves",
        "this machine: ready",
    ];
    settings.check(LOCAL).await.expect(0, &said);
}

#[tokio::test]
async fn the_same_settings_cannot_be_deployed_and_every_host_says_why() {
    let (_house, settings) = settings().await;
    let checked = settings.check(&["--offline"]).await;
    checked.expect(
        1,
        &["Vercel: 3 to mend", "Cloudflare: 3 to mend", "Lambda: 3 to mend", "this machine: ready"],
    );
    for name in ["SUPABASE_URL", "UPSTASH_REDIS_REST_URL", "HEARTH_EDGE_URL"] {
        checked.expect(1, &[&format!("{name} is an address of your own network")]);
    }
    assert!(!checked.output.contains("answers"), "offline asks nobody: {}", checked.output);
}

#[tokio::test]
async fn a_file_that_would_do_in_the_cloud_does() {
    let (_house, settings) = settings().await;
    let cloud = settings
        .with("SUPABASE_URL", "https://abcdefghijklmnopqrst.supabase.co")
        .with("UPSTASH_REDIS_REST_URL", "https://eu1-good-1.upstash.io")
        .with("HEARTH_EDGE_URL", "https://edge.example.net")
        .with("HEARTH_EDGE_API_KEY", "fedcba9876543210fedcba9876543210");
    let ready = ["Vercel: ready", "Cloudflare: ready", "Lambda: ready", "this machine: ready"];
    cloud.check(&["--offline"]).await.expect(0, &ready);
    let missing = cloud.without("HEARTH_SIGNING_KEY").check(&["--offline"]).await;
    missing.expect(1, &["HEARTH_SIGNING_KEY is missing", "Lambda: 1 to mend", "this machine: ready"]);
}

#[tokio::test]
async fn a_key_of_another_project_is_not_taken() {
    let (_house, settings) = settings().await;
    let other = settings.with("SUPABASE_PUBLISHABLE_KEY", "sb_publishable_0123456789abcdefghij_01234567");
    other.check(LOCAL).await.expect(1, &["SUPABASE_PUBLISHABLE_KEY is not taken by the project"]);
}

#[tokio::test]
async fn a_powerful_key_is_refused_loudly_and_sent_nowhere() {
    let (house, settings) = settings().await;
    for key in [&house.up.secret_key, &house.up.service_key] {
        let checked = settings.clone().with("SUPABASE_PUBLISHABLE_KEY", key).check(LOCAL).await;
        checked.expect(1, &["IS A KEY THAT PASSES ROW-LEVEL SECURITY BY"]);
        assert!(!checked.output.contains("Supabase Auth answers"), "{}", checked.output);
    }
}

#[tokio::test]
async fn the_older_anon_key_does_and_is_heeded() {
    let (house, settings) = settings().await;
    let older = settings.with("SUPABASE_PUBLISHABLE_KEY", &house.up.anon_key);
    let said = ["the older anon key", "the signing key is the database's", "this machine: ready"];
    older.check(LOCAL).await.expect(0, &said);
}

#[tokio::test]
async fn a_signing_key_that_is_not_the_databases_is_found() {
    let (_house, settings) = settings().await;
    let key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let other = settings.with("HEARTH_SIGNING_KEY", key);
    other.check(LOCAL).await.expect(1, &["HEARTH_SIGNING_KEY is not the database's"]);
}

#[tokio::test]
async fn a_token_that_redis_does_not_take_is_found() {
    let (_house, settings) = settings().await;
    let other = settings.with("UPSTASH_REDIS_REST_TOKEN", "AXxxACQgNDY2OTZkNzMtMDEyMy00NTY3LTg5YWItY2RlZjAx");
    other.check(LOCAL).await.expect(1, &["UPSTASH_REDIS_REST_TOKEN is not taken"]);
}

#[tokio::test]
async fn a_token_that_may_only_read_is_found() {
    let (house, settings) = settings().await;
    let reading =
        stand_in(&house.up.url, |_, _| Some((400, r#"{"error":"NOPERM no permissions to run 'set'"}"#)))
            .await;
    let only = settings.with("UPSTASH_REDIS_REST_URL", &format!("{reading}/redis"));
    only.check(LOCAL).await.expect(1, &["UPSTASH_REDIS_REST_TOKEN may only read"]);
}

#[tokio::test]
async fn a_model_that_is_not_served_is_told_with_the_one_that_is() {
    let (house, settings) = settings().await;
    let model = house.up.model.clone().unwrap();
    let said = format!("HEARTH_EDGE_MODEL is not what the daemon serves, which is {model}");
    settings.clone().with("HEARTH_EDGE_MODEL", "some-other").check(LOCAL).await.expect(1, &[&said]);
    let long = settings.with("HEARTH_EDGE_CONTEXT", "900000").check(LOCAL).await;
    long.expect(1, &["HEARTH_EDGE_CONTEXT is more than the daemon holds"]);
}

#[tokio::test]
async fn who_does_not_answer_is_named() {
    let (_house, settings) = settings().await;
    let nobody = format!("http://127.0.0.1:{}", free_port());
    for name in ["SUPABASE_URL", "UPSTASH_REDIS_REST_URL", "HEARTH_EDGE_URL"] {
        let checked = settings.clone().with(name, &nobody).check(LOCAL).await;
        checked.expect(1, &[&format!("{name} does not answer: nobody takes the connection")]);
    }
}

#[tokio::test]
async fn a_project_that_is_paused_or_is_none_is_told_apart() {
    let (house, settings) = settings().await;
    let paused = stand_in(&house.up.url, |_, _| Some((540, "paused"))).await;
    let checked = settings.clone().with("SUPABASE_URL", &paused).check(LOCAL).await;
    checked.expect(1, &["SUPABASE_URL names a project that is paused"]);
    let page = stand_in(&house.up.url, |_, _| Some((200, "<html>"))).await;
    let checked = settings.with("SUPABASE_URL", &page).check(LOCAL).await;
    checked.expect(1, &["SUPABASE_URL answers 200 where Supabase Auth should"]);
}

#[tokio::test]
async fn a_database_without_the_newest_migration_is_found() {
    let (house, settings) = settings().await;
    let older = stand_in(&house.up.url, |path, _| {
        let unknown = r#"{"code":"PGRST202","message":"Could not find the function"}"#;
        path.ends_with("/rpc/get_turn").then_some((404, unknown))
    });
    let checked = settings.with("SUPABASE_URL", &older.await).check(LOCAL).await;
    checked.expect(1, &["database is not up to date: get_turn missing", "supabase db push"]);
}

#[tokio::test]
async fn a_table_that_is_open_is_found() {
    let (house, settings) = settings().await;
    let open =
        stand_in(&house.up.url, |path, _| path.ends_with("/rest/v1/messages").then_some((200, "[]"))).await;
    let checked = settings.with("SUPABASE_URL", &open).check(LOCAL).await;
    checked.expect(1, &["TABLES ARE OPEN: anybody may read messages"]);
}

#[tokio::test]
async fn a_project_with_a_shared_secret_has_to_say_it() {
    let (house, settings) = settings().await;
    let symmetric =
        stand_in(&house.up.url, |path, _| path.ends_with("/jwks.json").then_some((200, r#"{"keys":[]}"#)));
    let settings = settings.with("SUPABASE_URL", &symmetric.await);
    settings.check(LOCAL).await.expect(1, &["SUPABASE_JWT_SECRET is missing"]);
    let given = settings.with("SUPABASE_JWT_SECRET", "0123456789012345678901234567890123456789");
    given.check(LOCAL).await.expect(0, &["signs tokens with the shared secret"]);
}

#[tokio::test]
async fn a_daemon_behind_a_proxy_is_asked_with_its_key() {
    let (house, settings) = settings().await;
    let guarded = stand_in(&house.up.edge_url, |_, headers| {
        let right =
            headers.get("authorization").is_some_and(|bearer| bearer == "Bearer sesame-sesame-sesame");
        (!right).then_some((401, "{}"))
    });
    let settings = settings.with("HEARTH_EDGE_URL", &guarded.await);
    settings.check(LOCAL).await.expect(1, &["HEARTH_EDGE_API_KEY is missing"]);
    let wrong = settings.clone().with("HEARTH_EDGE_API_KEY", "wrong-wrong-wrong-wrong");
    wrong.check(LOCAL).await.expect(1, &["HEARTH_EDGE_API_KEY is not what the daemon's proxy asks for"]);
    let right = settings.with("HEARTH_EDGE_API_KEY", "sesame-sesame-sesame");
    right.check(LOCAL).await.expect(0, &["the daemon answers, and serves"]);
}

#[tokio::test]
async fn a_file_that_is_not_there_is_said() {
    let run = std::process::Command::new(hearth_tests::house::program("hearth"))
        .args(["deploy", "check", "/nowhere/at-all.env"])
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&run.stderr).contains("can't be read"));
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
