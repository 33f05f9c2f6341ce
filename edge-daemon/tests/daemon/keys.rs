//! API keys, through the program and the port.

use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Daemon, command, run, story};

/// Runs `hearth-edge keys …`; what it printed.
pub fn keys(file: &Path, arguments: &[&str]) -> String {
    let output = command()
        .args(["keys", "--keys"])
        .arg(file)
        .args(arguments)
        .stdout(std::process::Stdio::piped())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

async fn ask(daemon: &Daemon, header: &str, value: &str) -> (u16, Value) {
    let request = daemon.http.post(format!("{}/v1/chat/completions", daemon.base));
    let response = request.header(header, value).json(&story("keys", 2)).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn only_holders_of_a_key_are_answered_and_a_revoked_one_ends() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    let first = keys(&file, &["add", "first"]);
    let second = keys(&file, &["add", "second"]);
    let listed = keys(&file, &["list"]);
    assert!(listed.contains("first") && !listed.contains(&first), "{listed}");

    let daemon =
        Daemon::with(&["--context", "512", "--host", "127.0.0.1", "--keys", file.to_str().unwrap()]).await;
    for (header, value) in [("x-nothing", "x"), ("authorization", "Bearer wrong"), ("x-api-key", "")] {
        let (status, body) = ask(&daemon, header, value).await;
        assert_eq!((status, &body["error"]["code"]), (401, &json!("invalid_api_key")), "{body}");
    }
    assert_eq!(ask(&daemon, "authorization", &format!("Bearer {first}")).await.0, 200);
    assert_eq!(ask(&daemon, "x-api-key", &second).await.0, 200);
    for open in ["/health", "/"] {
        assert_eq!(daemon.http.get(format!("{}{open}", daemon.base)).send().await.unwrap().status(), 200);
    }
    for shut in ["/v1/models", "/metrics", "/nowhere"] {
        assert_eq!(daemon.http.get(format!("{}{shut}", daemon.base)).send().await.unwrap().status(), 401);
    }

    keys(&file, &["revoke", "first"]);
    daemon.logged("the keys were read again").await_or_ask(&daemon, &first).await;
    assert_eq!(ask(&daemon, "x-api-key", &second).await.0, 200);
    assert!(!daemon.log().contains(&first) && !daemon.log().contains(&second));
}

/// The file is looked at when somebody asks, so the test goes on asking until the daemon has noticed.
trait AwaitOrAsk {
    async fn await_or_ask(self, daemon: &Daemon, key: &str);
}

impl<F: Future<Output = String>> AwaitOrAsk for F {
    async fn await_or_ask(self, daemon: &Daemon, key: &str) {
        let noticed = self;
        let asking = async {
            while ask(daemon, "x-api-key", key).await.0 != 401 {
                tokio::task::yield_now().await;
            }
        };
        tokio::join!(noticed, asking);
    }
}

#[tokio::test]
async fn a_rate_and_a_quota_are_held() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    let slow = keys(&file, &["add", "slow", "--rate", "1"]);
    let small = keys(&file, &["add", "small", "--tokens", "10"]);
    let daemon = Daemon::with(&["--context", "512", "--keys", file.to_str().unwrap()]).await;
    for (key, code) in [(slow, "rate_limit_exceeded"), (small, "insufficient_quota")] {
        assert_eq!(ask(&daemon, "x-api-key", &key).await.0, 200);
        let (status, body) = ask(&daemon, "x-api-key", &key).await;
        assert_eq!((status, &body["error"]["code"]), (429, &json!(code)), "{body}");
    }
}

#[tokio::test]
async fn who_may_ask_may_say_which_models_are_loaded_only_with_a_key_made_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    let plain = keys(&file, &["add", "plain"]);
    let managing = keys(&file, &["add", "managing", "--manage"]);
    let listed = keys(&file, &["list"]);
    assert_eq!(listed.matches("may manage models").count(), 1, "{listed}");
    let daemon = Daemon::with(&["--context", "512", "--keys", file.to_str().unwrap()]).await;
    for (path, body) in [
        ("/v1/models/load", json!({"model": "default", "pin": true})),
        ("/v1/models/unload", json!({"model": "default"})),
        ("/v1/models/unload", json!("no object")),
    ] {
        let request = || daemon.http.post(format!("{}{path}", daemon.base)).json(&body);
        let refused = request().bearer_auth(&plain).send().await.unwrap();
        assert_eq!(refused.status(), 403);
        let error: Value = refused.json().await.unwrap();
        assert_eq!(error["error"]["code"], "insufficient_permissions", "{error}");
        assert!(error["error"]["message"].as_str().unwrap().contains("--manage"), "{error}");
        let done = request().bearer_auth(&managing).send().await.unwrap();
        assert_eq!(done.status(), if body.is_object() { 200 } else { 400 });
    }
    assert_eq!(ask(&daemon, "x-api-key", &plain).await.0, 200, "asking loads it again, for everybody");
}

#[test]
fn other_addresses_need_keys_and_a_mistake_is_a_sentence() {
    let model = crate::harness::model();
    let (code, log) = run(&["--model", model.to_str().unwrap(), "--host", "0.0.0.0"]);
    assert_eq!(code, Some(2));
    assert!(log.contains("hearth-edge keys add"), "{log}");
    let folder = tempfile::tempdir().unwrap();
    let (code, log) =
        run(&["keys", "--keys", folder.path().join("k.json").to_str().unwrap(), "revoke", "nobody"]);
    assert_eq!(code, Some(1));
    assert!(log.contains("nobody") && log.contains("keys list"), "{log}");
}

#[tokio::test]
async fn pages_of_named_origins_may_call_and_others_may_not() {
    let daemon = Daemon::with(&["--context", "256", "--cors", "https://chat.example.com"]).await;
    let url = format!("{}/v1/chat/completions", daemon.base);
    let ask_first = |origin: &'static str| {
        let request = daemon.http.request(reqwest::Method::OPTIONS, &url).header("origin", origin);
        request
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization")
            .send()
    };
    let well = ask_first("https://chat.example.com").await.unwrap();
    assert_eq!(
        (well.status().as_u16(), &well.headers()["access-control-allow-origin"]),
        (204, &"https://chat.example.com".parse().unwrap())
    );
    assert_eq!(well.headers()["access-control-allow-headers"], "authorization");
    assert_eq!(ask_first("https://evil.example.com").await.unwrap().status(), 403);
    let answer = daemon
        .http
        .post(&url)
        .header("origin", "https://chat.example.com")
        .json(&story("x", 1))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["access-control-allow-origin"].to_str().unwrap()),
        (200, "https://chat.example.com")
    );
    let own = daemon
        .http
        .post(&url)
        .header("origin", "http://localhost:3000")
        .json(&story("x", 1))
        .send()
        .await
        .unwrap();
    assert!(own.status() == 200 && !own.headers().contains_key("access-control-allow-origin"));
}
