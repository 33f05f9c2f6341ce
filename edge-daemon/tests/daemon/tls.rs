//! TLS with a certificate from files.

pub mod files;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::harness::{Daemon, PATIENCE, model, run, story};
use files::Files;

/// A daemon that speaks TLS with these files, and a client that trusts their authority.
async fn speaking(files: &Files) -> Daemon {
    let mut daemon =
        Daemon::with(&["--context", "2048", "--tls-cert", files.cert(), "--tls-key", files.key()]).await;
    daemon.base = daemon.base.replace("http://", "https://");
    daemon.http = files.client();
    daemon
}

fn port(daemon: &Daemon) -> String {
    daemon.base.replace("https://", "")
}

#[tokio::test]
async fn an_answer_comes_through_tls_whole_and_streamed() {
    let files = Files::new();
    let daemon = speaking(&files).await;
    let whole = daemon.chat(&story("a lock", 12)).await;
    let streamed = daemon.stream(&story("a lock", 12)).await.answer().await;
    assert!(!whole.text.is_empty());
    assert_eq!(streamed.text, whole.text);
    let stranger = Files::new().client();
    let refused = stranger.get(format!("{}/health", daemon.base)).send().await.unwrap_err();
    assert!(refused.is_connect(), "a client trusts an authority that it does not know: {refused:?}");
}

#[tokio::test]
async fn a_running_answer_is_finished_through_tls_before_the_daemon_ends() {
    let files = Files::new();
    let daemon = speaking(&files).await;
    let mut stream = daemon.stream(&story("a farewell", 40)).await;
    stream.text().await.unwrap();
    daemon.terminate();
    daemon.logged("stopping").await;
    assert!(!stream.answer().await.text.is_empty());
    assert_eq!(daemon.exit_code().await, Some(0));
}

#[tokio::test]
async fn a_renewed_certificate_is_served_without_a_restart_and_a_broken_one_is_not() {
    let files = Files::new();
    let daemon = speaking(&files).await;
    let health = format!("{}/health", daemon.base);
    // One connection stays open all the while.
    assert_eq!(daemon.get("/health").await["status"], "ok");

    files.write_key("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    let log = daemon.logged("the old one is kept").await;
    assert!(log.contains("key.pem"), "which file is wrong? {log}");
    assert_eq!(files.client().get(&health).send().await.unwrap().status(), 200);

    let renewed = files.renew();
    daemon.logged("the certificate was renewed").await;
    assert_eq!(renewed.get(&health).send().await.unwrap().status(), 200);
    let before = files.client().get(&health).send().await;
    assert!(before.is_err(), "new connections still get the old certificate");
    assert_eq!(daemon.get("/health").await["status"], "ok", "the open connection was disturbed");
}

#[tokio::test]
async fn plain_http_is_closed_and_disturbs_nobody() {
    let files = Files::new();
    let daemon = speaking(&files).await;
    let mut stream = daemon.stream(&story("an intruder", 30)).await;
    stream.text().await.unwrap();
    let mut plain = TcpStream::connect(port(&daemon)).unwrap();
    plain.set_read_timeout(Some(PATIENCE)).unwrap();
    plain.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    match plain.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    assert!(!stream.answer().await.text.is_empty());
    assert_eq!(daemon.get("/health").await["status"], "ok");
}

#[tokio::test]
async fn handshakes_that_never_finish_keep_nobody_out_and_are_given_up() {
    let files = Files::new();
    let daemon = speaking(&files).await;
    // More than there may be at once: some say nothing, some begin and go no further.
    let begun = Instant::now();
    let silent: Vec<TcpStream> = (0..300)
        .map(|n| {
            let mut stream = TcpStream::connect(port(&daemon)).unwrap();
            if n % 2 == 0 {
                // A record of 512 bytes is promised: a ClientHello that does not come.
                stream.write_all(&[0x16, 3, 1, 2, 0, 1, 0]).unwrap();
            }
            stream
        })
        .collect();
    let asked = tokio::time::timeout(
        Duration::from_secs(8),
        files.client().get(format!("{}/health", daemon.base)).send(),
    );
    assert_eq!(asked.await.expect("an answer before the others are given up").unwrap().status(), 200);
    assert_eq!(daemon.chat(&story("patience", 2)).await.usage.unwrap().completion_tokens, 2);
    let ended = tokio::task::spawn_blocking(move || {
        for mut stream in silent {
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let read = stream.read(&mut [0; 64]);
            assert!(read.is_ok() || read.unwrap_err().kind() == ErrorKind::ConnectionReset);
        }
    });
    ended.await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(60), "given up after {:?}", begun.elapsed());
}

#[test]
fn files_that_cannot_be_used_end_with_a_sentence_before_anything_starts() {
    let files = Files::new();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let missing = folder.path().join("missing.pem").to_str().unwrap().to_owned();
    let empty = file("empty.pem", "");
    let sealed = file(
        "sealed.pem",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    let older = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    let older = file("older.pem", older);
    let garbage = file("garbage.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let other = Files::new();
    for (cert, key, sentence) in [
        (files.cert(), missing.as_str(), "missing.pem cannot be read"),
        (&missing, files.key(), "missing.pem cannot be read"),
        (&empty, files.key(), "empty.pem holds no certificate"),
        (files.cert(), &empty, "empty.pem holds no private key"),
        (files.key(), files.key(), "holds no certificate"),
        (files.cert(), files.cert(), "holds no private key"),
        (files.cert(), &sealed, "sealed.pem is encrypted"),
        (files.cert(), &older, "older.pem is encrypted"),
        (&garbage, files.key(), "garbage.pem is damaged"),
        (files.cert(), other.key(), "is not the key to the first certificate"),
    ] {
        let (code, log) =
            run(&["--model", model().to_str().unwrap(), "--port", "0", "--tls-cert", cert, "--tls-key", key]);
        assert_eq!(code, Some(2), "{log}");
        assert!(log.contains(sentence), "not `{sentence}`: {log}");
        assert!(!log.contains("listening"), "{log}");
    }
    let (code, log) = run(&["--model", model().to_str().unwrap(), "--tls-cert", files.cert()]);
    assert_eq!(code, Some(2), "{log}");
    assert!(log.contains("--tls-key"), "{log}");
    let both =
        run(&["--model", "nowhere.gguf", "--tls-cert", &missing, "--tls-key", &missing, "--alias", " "]);
    assert!(
        both.1.contains("missing.pem") && both.1.contains("--alias"),
        "every mistake at once: {}",
        both.1
    );
}
