//! An edge daemon of a test's own, that asks for a credential as one that stands in the open does.

use std::{
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    sync::watch,
};

use crate::{house::program, wait::LIMIT};

/// A running daemon; it is killed when dropped.
pub struct Daemon {
    pub url: String,
    log: watch::Receiver<String>,
    _child: Child,
}

/// Runs `hearth-edge pair …` on a file of pairings.
pub async fn pair(file: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program("hearth-edge"));
    let run = command.args(["pair", "--pairings"]).arg(file).args(arguments).output();
    run.await.expect("target/release/hearth-edge, built")
}

impl Daemon {
    /// Starts one with the tests' chat model, for whom this file of pairings knows.
    pub async fn paired(file: &Path) -> Self {
        let mut child = Command::new(program("hearth-edge"))
            .arg("--model")
            .arg(model())
            .args(["--port", "0", "--context", "2048", "--pairings"])
            .arg(file)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("target/release/hearth-edge, built");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let (sender, log) = watch::channel(String::new());
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                sender.send_modify(|log| {
                    log.push_str(&line);
                    log.push('\n');
                });
            }
        });
        let mut daemon = Self { url: String::new(), log, _child: child };
        daemon.logged("model loaded").await;
        let log = daemon.log();
        let (_, behind) = log.split_once("127.0.0.1:").expect("where it listens");
        let port: String = behind.chars().take_while(char::is_ascii_digit).collect();
        daemon.url = format!("http://127.0.0.1:{port}");
        daemon
    }

    /// Waits until this has been logged.
    pub async fn logged(&self, text: &str) {
        let mut log = self.log.clone();
        let found = tokio::time::timeout(LIMIT, log.wait_for(|log| log.contains(text))).await;
        assert!(matches!(found, Ok(Ok(_))), "no `{text}` in the daemon's log: {}", self.log());
    }

    /// All that was logged so far.
    pub fn log(&self) -> String {
        self.log.borrow().clone()
    }
}

fn model() -> PathBuf {
    let cached = || {
        let home = std::env::home_dir().expect("a home folder");
        home.join(".cache/hearth/models/SmolLM2-135M-Instruct.Q4_1.gguf")
    };
    std::env::var_os("HEARTH_TEST_MODEL").map_or_else(cached, PathBuf::from)
}
