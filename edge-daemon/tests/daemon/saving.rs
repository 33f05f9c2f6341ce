//! Beginnings that are saved: what outlives the process, and what a bad file or a full disk does to it.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Daemon, PATIENCE, command, model};

/// About 400 tokens.
fn system(about: &str) -> String {
    format!("You are the keeper of {about}, and you answer in few words. ").repeat(25)
}

fn question(system: &str, user: &str) -> Value {
    json!({
        "messages": [{"role": "system", "content": system}, {"role": "user", "content": user}],
        "max_tokens": 12,
        "temperature": 0,
    })
}

async fn keeping(folder: &Path, options: &[&str]) -> Daemon {
    let folder = folder.to_str().unwrap();
    Daemon::with(&[&["--context", "2048", "--prefix-cache", folder], options].concat()).await
}

/// The answer's text, and how many tokens of the prompt did not have to be computed.
async fn ask(daemon: &Daemon, body: &Value) -> (String, u64) {
    let answer = daemon.ask("/v1/chat/completions", body).await;
    let cached = answer["usage"]["prompt_tokens_details"]["cached_tokens"].as_u64().unwrap();
    (answer["choices"][0]["message"]["content"].as_str().unwrap().to_owned(), cached)
}

/// Two questions with one beginning: it is worth saving then. The second one's answer.
async fn ask_twice(daemon: &Daemon, system: &str) -> String {
    let (_, cached) = ask(daemon, &question(system, "Who are you?")).await;
    assert!(cached < 50, "{cached}");
    let (answer, cached) = ask(daemon, &question(system, "What is the weather like?")).await;
    assert!(cached > 300, "{cached}");
    answer
}

async fn stop(daemon: Daemon) {
    daemon.terminate();
    assert_eq!(daemon.exit_code().await, Some(0));
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect()
}

/// A folder with one saved beginning, and the answer to the question about the weather.
async fn saved(about: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let daemon = keeping(folder.path(), &[]).await;
    let answer = ask_twice(&daemon, &system(about)).await;
    stop(daemon).await;
    assert_eq!(files(folder.path()).len(), 1, "{:?}", files(folder.path()));
    (folder, answer)
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "never happened: {what}");
        std::thread::yield_now();
    }
}

/// Milliseconds to the first token of each answer in the log.
fn first_tokens(daemon: &Daemon) -> Vec<u64> {
    let log = daemon.log();
    let figure = |line: &str| line.split("first_token_ms=").nth(1)?.split(' ').next()?.parse().ok();
    log.lines().filter_map(figure).collect()
}

#[tokio::test]
async fn a_beginning_outlives_a_restart() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("beginnings");
    let daemon = keeping(&folder, &[]).await;
    let answer = ask_twice(&daemon, &system("a lighthouse")).await;
    daemon.until("both are told", |_| first_tokens(&daemon).len() == 2).await;
    let cold = first_tokens(&daemon)[0];
    stop(daemon).await;

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let kept = files(&folder);
    assert!(!kept.is_empty() && kept.iter().all(|file| mode(file) == 0o600), "{kept:?}");

    let daemon = keeping(&folder, &[]).await;
    let (again, cached) = ask(&daemon, &question(&system("a lighthouse"), "What is the weather like?")).await;
    assert!(cached > 300, "{cached}");
    assert_eq!(again, answer);
    daemon.until("it is told", |_| first_tokens(&daemon).len() == 1).await;
    let warm = first_tokens(&daemon)[0];
    assert!(warm * 2 < cold, "first token after {warm} ms, and {cold} ms before there was anything");
    daemon.idle().await;
}

#[tokio::test]
async fn a_kill_at_any_moment_leaves_no_half_file_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let mut daemon = keeping(folder.path(), &[]).await;
    let answer = ask_twice(&daemon, &system("a bridge")).await;
    // The very moment at which the first file is begun.
    until("something is saved while nobody asks", || !files(folder.path()).is_empty());
    daemon.child.kill().unwrap();
    daemon.child.wait().unwrap();
    drop(daemon);

    let daemon = keeping(folder.path(), &[]).await;
    let (again, cached) = ask(&daemon, &question(&system("a bridge"), "What is the weather like?")).await;
    // What is computed as a whole may differ in later words from what is computed in two parts.
    assert!(again == answer || cached < 50, "{again}\n{answer}");
    assert!(!daemon.log().contains("passed over"), "{}", daemon.log());
    // What was lost is saved again.
    ask(&daemon, &question(&system("a bridge"), "Who are you?")).await;
    stop(daemon).await;
    let daemon = keeping(folder.path(), &[]).await;
    let (_, cached) = ask(&daemon, &question(&system("a bridge"), "What is the weather like?")).await;
    assert!(cached > 300, "{cached}");
}

#[tokio::test]
async fn a_file_that_is_damaged_is_passed_over_and_saved_anew() {
    let (folder, answer) = saved("a mill").await;
    let file = files(folder.path()).remove(0);
    let whole = fs::read(&file).unwrap();
    let label = whole.windows(10).position(|window| window == b"\"format\":1").unwrap();
    let newer = [&whole[..label], b"\"format\":2", &whole[label + 10..]].concat();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for (damage, bytes) in [
        ("cut", whole[..whole.len() / 2].to_vec()),
        ("cut by one", whole[..whole.len() - 1].to_vec()),
        ("flipped", flipped),
        ("newer", newer),
        ("zeroed", vec![0; whole.len()]),
        ("empty", Vec::new()),
    ] {
        fs::write(&file, bytes).unwrap();
        let daemon = keeping(folder.path(), &[]).await;
        let asked = question(&system("a mill"), "What is the weather like?");
        let (again, cached) = ask(&daemon, &asked).await;
        assert!(cached < 50, "{damage}: {cached}");
        assert_eq!(again.is_empty(), answer.is_empty(), "{damage}");
        daemon.logged("a saved beginning is passed over").await;
        ask(&daemon, &question(&system("a mill"), "Who are you?")).await;
        stop(daemon).await;
        assert_eq!(fs::read(&file).unwrap().len(), whole.len(), "{damage}: it is whole again");
    }
}

#[tokio::test]
async fn what_is_no_file_of_ours_harms_nothing_and_is_left_alone() {
    let (folder, _) = saved("a garden").await;
    let kept = files(folder.path()).remove(0);
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("folder.prefix")).unwrap();
    symlink("/nowhere/at/all", path("link.prefix")).unwrap();
    fs::write(path("letter.prefix"), "Dear keeper, ").unwrap();
    fs::write(path("letter.txt"), "the weather is fine.").unwrap();
    fs::write(path("half.prefix.1.part"), "half").unwrap();
    // Its name says nothing: a copy is the same file twice.
    fs::copy(&kept, path("copy.prefix")).unwrap();
    let daemon = keeping(folder.path(), &[]).await;
    let (_, cached) = ask(&daemon, &question(&system("a garden"), "Where are you?")).await;
    assert!(cached > 300, "{cached}");
    stop(daemon).await;
    assert!(path("folder.prefix").exists() && path("letter.prefix").exists() && path("letter.txt").exists());

    // Another kind of cache has files of its own.
    let rounded = keeping(folder.path(), &["--cache-type", "q8_0"]).await;
    ask_twice(&rounded, &system("a garden")).await;
    stop(rounded).await;
    let rounded = keeping(folder.path(), &["--cache-type", "q8_0"]).await;
    let (_, cached) = ask(&rounded, &question(&system("a garden"), "Where are you?")).await;
    assert!(cached > 300, "{cached}");
}

#[tokio::test]
async fn a_file_that_goes_while_the_daemon_runs_is_done_without() {
    let (folder, answer) = saved("a tower").await;
    let daemon = keeping(folder.path(), &[]).await;
    fs::remove_dir_all(folder.path()).unwrap();
    let asked = question(&system("a tower"), "What is the weather like?");
    let (again, cached) = ask(&daemon, &asked).await;
    assert!(cached < 50 && !again.is_empty() && !answer.is_empty(), "{cached}");
    ask(&daemon, &question(&system("a tower"), "Who are you?")).await;
    daemon.logged("beginnings cannot be saved now").await;
    let (_, cached) = ask(&daemon, &asked).await;
    assert!(cached > 300, "{cached}");
    stop(daemon).await;
}

#[tokio::test]
async fn a_full_disk_is_told_and_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // No file may grow beyond a megabyte, which fails as a full disk does: in mid-write.
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 2000; exec \"$0\" \"$@\""]).arg(command().get_program());
    limited.arg("--model").arg(model()).args(["--port", "0", "--context", "2048", "--prefix-cache"]);
    limited.arg(folder.path());
    let daemon = Daemon::run_by(limited).await;
    ask_twice(&daemon, &system("a well")).await;
    daemon.logged("beginnings cannot be saved now").await;
    assert!(files(folder.path()).is_empty(), "half a file is no use: {:?}", files(folder.path()));
    let (_, cached) = ask(&daemon, &question(&system("a well"), "Where are you?")).await;
    assert!(cached > 300, "{cached}");
    stop(daemon).await;
}

#[tokio::test]
async fn the_folder_holds_no_more_than_it_may_and_the_latest_stays() {
    let folder = tempfile::tempdir().unwrap();
    // Two beginnings of some 9 MB fit in.
    let size = ["--prefix-cache-size", "22MB"];
    for about in ["one hill", "two hills", "three hills"] {
        let daemon = keeping(folder.path(), &size).await;
        ask_twice(&daemon, &system(about)).await;
        stop(daemon).await;
        let bytes: u64 = files(folder.path()).iter().map(|file| fs::metadata(file).unwrap().len()).sum();
        assert!(bytes > 5_000_000 && bytes <= 22_000_000, "{bytes}");
    }
    let daemon = keeping(folder.path(), &size).await;
    let mut cached = Vec::new();
    for about in ["three hills", "two hills", "one hill"] {
        cached.push(ask(&daemon, &question(&system(about), "Where are you?")).await.1 > 300);
    }
    assert_eq!(cached, [true, true, false]);
}

#[tokio::test]
async fn nothing_is_written_unless_an_operator_asks_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut plain = command();
    plain.current_dir(folder.path()).env("HOME", folder.path()).env("TMPDIR", folder.path());
    plain.arg("--model").arg(model()).args(["--port", "0", "--context", "2048"]);
    let daemon = Daemon::run_by(plain).await;
    ask_twice(&daemon, &system("a secret")).await;
    stop(daemon).await;
    assert!(files(folder.path()).is_empty(), "{:?}", files(folder.path()));
}
