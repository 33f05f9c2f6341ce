//! Pairings, through the program and the port: what `hearth-edge pair` prints lets its holder in, and nobody else.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, SystemTime};

use hearth_wire::service_token::{KeySetting, pkcs8};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::harness::{Daemon, Stream, command, run, story, with};

/// Runs `hearth-edge pair …` on a file of pairings.
fn pair(file: &Path, arguments: &[&str]) -> Output {
    let mut command = command();
    command.args(["pair", "--pairings"]).arg(file).args(arguments).stdout(Stdio::piped());
    command.output().unwrap()
}

/// The settings that were printed, by name.
struct Settings(Vec<(String, String)>);

impl Settings {
    fn of(output: &Output) -> Self {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = std::str::from_utf8(&output.stdout).unwrap();
        let pairs = text.lines().map(|line| line.split_once('=').expect("NAME=value"));
        Self(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    fn get(&self, name: &str) -> &str {
        &self.0.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no {name}")).1
    }

    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// A token for this daemon that was made so many seconds ago, as any JWT library makes it.
    fn token(&self, ago: u64, sub: Option<&str>) -> String {
        let KeySetting { kid, seed } = KeySetting::parse(self.get("HEARTH_EDGE_SERVICE_KEY")).unwrap();
        let key = EncodingKey::from_ed_der(&pkcs8(hex::decode(seed).unwrap().try_into().unwrap()));
        let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
        let iat = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() - ago;
        let mut claims =
            json!({"iss": "hearth", "aud": self.get("HEARTH_EDGE_ID"), "iat": iat, "exp": iat + 60});
        if let Some(sub) = sub {
            claims["sub"] = sub.into();
        }
        jsonwebtoken::encode(&header, &claims, &key).unwrap()
    }
}

fn file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pairings.json");
    (folder, file)
}

async fn ask(daemon: &Daemon, credential: &str) -> (u16, Value) {
    let request = daemon.http.post(format!("{}/v1/chat/completions", daemon.base));
    let response = request.bearer_auth(credential).json(&story("pairs", 2)).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn a_token_of_a_pairing_is_taken_and_a_revoked_pairing_ends() {
    let (_folder, file) = file();
    let first = Settings::of(&pair(&file, &[]));
    let second = Settings::of(&pair(&file, &["--name", "second"]));
    assert_eq!(first.get("HEARTH_EDGE_ID"), second.get("HEARTH_EDGE_ID"));
    let daemon =
        Daemon::with(&["--context", "512", "--host", "127.0.0.1", "--pairings", file.to_str().unwrap()])
            .await;

    let tokens = [first.token(0, None), second.token(5, Some("ada@example.com"))];
    for token in &tokens {
        let (status, answer) = ask(&daemon, token).await;
        assert_eq!(status, 200, "{answer}");
    }
    let (status, answer) = ask(&daemon, "").await;
    assert_eq!((status, &answer["error"]["code"]), (401, &json!("invalid_api_key")), "{answer}");
    let told = answer["error"]["message"].as_str().unwrap();
    assert!(told.contains("hearth-edge pair") && !told.contains("keys add"), "{told}");

    assert!(pair(&file, &["revoke", "hearth"]).status.success());
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while ask(&daemon, &first.token(0, None)).await.0 != 401 {
        assert!(tokio::time::Instant::now() < deadline, "a revoked pairing goes on");
    }
    assert_eq!(ask(&daemon, &second.token(0, None)).await.0, 200);

    let log = daemon.log();
    assert!(log.contains("the pairings were read again"), "{log}");
    for secret in [tokens[0].as_str(), &tokens[1], "ada@example.com", first.get("HEARTH_EDGE_SERVICE_KEY")] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[tokio::test]
async fn who_is_refused_is_told_why() {
    let (_folder, file) = file();
    let settings = Settings::of(&pair(&file, &[]));
    let daemon = Daemon::with(&["--context", "256", "--pairings", file.to_str().unwrap()]).await;
    let (_other_folder, other_file) = self::file();
    let other = Settings::of(&pair(&other_file, &[]));
    // One token's claims under another one's signature.
    let (fresh, earlier) = (settings.token(0, None), settings.token(5, None));
    let parts = (fresh.rsplit_once('.').unwrap().0, earlier.rsplit_once('.').unwrap().1);
    for (token, code, word) in [
        (settings.token(120, None), "token_expired", "expired"),
        (other.token(0, None), "invalid_token", "kid"),
        (format!("{}.{}", parts.0, parts.1), "invalid_token", "signed"),
        ("a.b.c".to_owned(), "invalid_token", "JWT"),
    ] {
        let (status, answer) = ask(&daemon, &token).await;
        assert_eq!((status, &answer["error"]["code"]), (401, &json!(code)), "{answer}");
        assert!(answer["error"]["message"].as_str().unwrap().contains(word), "{answer}");
    }
    let anthropic = daemon.http.post(format!("{}/v1/messages", daemon.base)).bearer_auth("a.b.c");
    let answer: Value = anthropic.json(&json!({})).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["error"]["type"], "authentication_error", "{answer}");
}

#[tokio::test]
async fn keys_and_pairings_open_the_same_door() {
    let (folder, file) = file();
    let settings = Settings::of(&pair(&file, &[]));
    let keys = folder.path().join("keys.json");
    let mut add = command();
    add.args(["keys", "add", "laptop", "--keys"]).arg(&keys).stdout(Stdio::piped());
    let key = String::from_utf8(add.output().unwrap().stdout).unwrap();
    let (keys, file) = (keys.to_str().unwrap(), file.to_str().unwrap());
    let daemon = Daemon::with(&["--context", "256", "--keys", keys, "--pairings", file]).await;
    for credential in [key.trim(), &settings.token(0, None)] {
        assert_eq!(ask(&daemon, credential).await.0, 200);
        let unload = daemon.http.post(format!("{}/v1/models/unload", daemon.base)).bearer_auth(credential);
        assert_eq!(unload.json(&json!({})).send().await.unwrap().status(), 403, "neither was made for that");
    }
    assert_eq!(ask(&daemon, settings.get("HEARTH_EDGE_SERVICE_KEY")).await.0, 401);
}

#[tokio::test]
async fn people_behind_one_pairing_take_turns() {
    let (_folder, file) = file();
    let settings = Settings::of(&pair(&file, &[]));
    let daemon =
        Daemon::with(&["--context", "2048", "--parallel", "1", "--pairings", file.to_str().unwrap()]).await;
    let stream = async |sub: &str, about: &str| {
        let body = with(story(about, 1500), json!({"stream": true}));
        let request = daemon.http.post(format!("{}/v1/chat/completions", daemon.base)).json(&body);
        let token = settings.token(0, Some(sub));
        Stream::of(request.bearer_auth(token).send().await.unwrap())
    };
    let mut running = stream("greedy", "wanting").await;
    running.text().await.unwrap();
    let mut second = stream("greedy", "wanting more").await;
    assert_eq!(second.bytes().await.unwrap(), ": queued 0\n\n");
    let mut third = stream("greedy", "wanting all").await;
    assert_eq!(third.bytes().await.unwrap(), ": queued 1\n\n");
    let mut other = stream("patient", "waiting").await;
    assert_eq!(other.bytes().await.unwrap(), ": queued 0\n\n", "who came last asks for the first time");
}

#[test]
fn what_is_printed_is_settings_and_nothing_else() {
    let (_folder, file) = file();
    let output = pair(&file, &["--url", "https://edge.example.net/"]);
    let settings = Settings::of(&output);
    assert_eq!(settings.names(), ["HEARTH_EDGE_URL", "HEARTH_EDGE_ID", "HEARTH_EDGE_SERVICE_KEY"]);
    assert_eq!(settings.get("HEARTH_EDGE_URL"), "https://edge.example.net");
    let said = String::from_utf8(output.stderr).unwrap();
    let key = settings.get("HEARTH_EDGE_SERVICE_KEY");
    assert!(said.contains("not shown again") && !said.contains(key), "{said}");

    let listed = pair(&file, &["list"]);
    let listed = [listed.stdout, listed.stderr].concat();
    let listed = String::from_utf8(listed).unwrap();
    assert!(listed.contains("hearth") && listed.contains(settings.get("HEARTH_EDGE_ID")), "{listed}");
    assert!(!listed.contains(KeySetting::parse(key).unwrap().seed), "{listed}");
}

#[test]
fn a_mistake_is_a_sentence() {
    let (_folder, file) = file();
    assert!(pair(&file, &[]).status.success());
    for (arguments, code, sentence) in [
        (&[][..], 1, "choose another name: hearth-edge pair --name NAME"),
        (&["revoke", "nobody"], 1, "pair list"),
        (&["--url", "edge.example.net"], 2, "https://"),
        (&["--name", "other", "revoke", "hearth"], 2, "--name"),
        (&["lst"], 2, "'list'"),
    ] {
        let output = pair(&file, arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(sentence) && output.stdout.is_empty(), "{arguments:?}: {said}");
    }
    assert!(String::from_utf8(pair(&file, &["list"]).stdout).unwrap().contains("hearth"));
}

#[test]
fn an_empty_or_damaged_file_is_told_before_anything_starts() {
    let (_folder, file) = file();
    let model = crate::harness::model();
    let serve = || {
        run(&["--model", model.to_str().unwrap(), "--host", "0.0.0.0", "--pairings", file.to_str().unwrap()])
    };
    let (code, log) = serve();
    assert!(code == Some(2) && log.contains("hearth-edge pair"), "{log}");
    std::fs::write(&file, "nonsense").unwrap();
    let (code, log) = serve();
    assert!(code == Some(2) && log.contains("no file of pairings"), "{log}");
}
