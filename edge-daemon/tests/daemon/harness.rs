//! Starts a daemon and talks to it.

mod stream;

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hearth_wire::{ChatCompletion, FinishReason, Usage};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::timeout;

pub use stream::Stream;

/// Nothing here takes as long as this, unless it hangs; builds beside the tests can slow the machine down a lot.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The real model that the tests talk to.
pub fn model() -> PathBuf {
    let path = std::env::var_os("HEARTH_TEST_MODEL").map_or_else(
        || {
            let home = std::env::home_dir().expect("a home folder");
            home.join(".cache/hearth/models/SmolLM2-135M-Instruct.Q4_1.gguf")
        },
        PathBuf::from,
    );
    assert!(
        path.is_file(),
        "these tests need a model at {}: `./hearth test` fetches it, or name one in HEARTH_TEST_MODEL",
        path.display()
    );
    path
}

/// The daemon's binary, with nothing of the tests' own environment that would change what it does.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hearth-edge"));
    command.env_remove("RUST_LOG");
    for name in ["KEYS", "PAIRINGS", "MODELS", "CONFIG", "TLS_CERT", "TLS_KEY"] {
        command.env_remove(format!("HEARTH_EDGE_{name}"));
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Runs the daemon to its end, which must come; the exit code and the log.
pub fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let mut child = command().args(arguments).spawn().expect("a daemon");
    let mut stderr = child.stderr.take().expect("its stderr");
    let (sender, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut log = String::new();
        // It reads until the process ends.
        let _ = stderr.read_to_string(&mut log);
        sender.send(log)
    });
    let log = ended.recv_timeout(PATIENCE);
    let _ = child.kill();
    (child.wait().unwrap().code(), log.expect("the daemon goes on as if nothing were wrong"))
}

/// A running daemon; it is killed when dropped.
pub struct Daemon {
    pub child: Child,
    pub base: String,
    pub http: reqwest::Client,
    log: watch::Receiver<Vec<String>>,
}

impl Daemon {
    /// A small context keeps the start short.
    pub async fn start() -> Self {
        Self::with(&["--context", "2048"]).await
    }

    /// Starts on a free port and waits until the model is loaded.
    pub async fn with(options: &[&str]) -> Self {
        Self::serving(&model(), options).await
    }

    /// The same with another model.
    pub async fn serving(model: &Path, options: &[&str]) -> Self {
        let path = model.to_str().expect("a path in UTF-8");
        let daemon = Self::of(&[&["--model", path], options].concat()).await;
        daemon.logged("model loaded").await;
        daemon
    }

    /// Starts on a free port with these options and none besides, and waits until it listens.
    pub async fn of(options: &[&str]) -> Self {
        let mut command = command();
        command.args(["--port", "0"]).args(options);
        Self::run_by(command).await
    }

    /// The same with a command of one's own, which has to name a model and a free port.
    pub async fn run_by(mut command: Command) -> Self {
        let piped = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = piped.spawn().expect("a daemon");
        let stderr = BufReader::new(child.stderr.take().expect("its stderr"));
        let (sender, log) = watch::channel(Vec::new());
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                sender.send_modify(|lines: &mut Vec<String>| lines.push(line));
            }
        });
        let mut daemon = Self { child, base: String::new(), http: client(), log };
        let listening = daemon.logged("listening").await;
        let port: String = listening
            .split_once("127.0.0.1:")
            .expect("an address")
            .1
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        daemon.base = format!("http://127.0.0.1:{port}");
        daemon
    }

    /// Waits for a line of the log.
    pub async fn logged(&self, text: &str) -> String {
        let mut log = self.log.clone();
        let has = |lines: &Vec<String>| lines.iter().any(|line| line.contains(text));
        let Ok(Ok(lines)) = timeout(PATIENCE, log.wait_for(has)).await else {
            panic!("no `{text}` in the log: {:#?}", self.log.borrow());
        };
        lines.iter().find(|line| line.contains(text)).cloned().expect("the line")
    }

    /// Everything logged so far.
    pub fn log(&self) -> String {
        self.log.borrow().join("\n")
    }

    pub async fn get(&self, path: &str) -> Value {
        self.http.get(format!("{}{path}", self.base)).send().await.unwrap().json().await.unwrap()
    }

    /// Waits until nothing is being served and every cell is free.
    pub async fn idle(&self) {
        let nothing = json!({"active": 0, "waiting": 0});
        self.until("all is free", |health| health["requests"] == nothing && health["cells"]["used"] == 0)
            .await;
    }

    /// Kilobytes of memory that the process itself has taken; the models' files are mapped and do not count. Source:
    /// proc_pid_status(5), `RssAnon`, in units of 1024 bytes.
    pub fn own_memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("a figure");
        line.trim().strip_suffix(" kB").expect("kilobytes").parse().expect("a number")
    }

    /// Waits until `/health` says so.
    pub async fn until(&self, what: &str, holds: impl Fn(&Value) -> bool) {
        let mut health = Value::Null;
        let wait = async {
            loop {
                health = self.get("/health").await;
                if holds(&health) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        let in_time = timeout(PATIENCE, wait).await.is_ok();
        assert!(in_time, "never happened: {what}; last seen: {health}");
    }

    /// Sends any request.
    pub async fn send(&self, path: &str, body: &Value) -> reqwest::Response {
        let sent = self.http.post(format!("{}{path}", self.base)).json(body).send();
        timeout(PATIENCE, sent).await.expect("an answer in time").unwrap()
    }

    /// Sends a request that must be answered well, and reads the answer.
    pub async fn ask(&self, path: &str, body: &Value) -> Value {
        let response = self.send(path, body).await;
        let status = response.status();
        let answer: Value = response.json().await.unwrap();
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// Sends a request that must be refused, and reads why.
    pub async fn refused(&self, path: &str, body: &Value) -> (u16, Value) {
        let response = self.send(path, body).await;
        let status = response.status().as_u16();
        let answer: Value = response.json().await.unwrap();
        assert_ne!(status, 200, "{answer}");
        (status, answer["error"].clone())
    }

    /// Sends a chat request as it is.
    pub async fn post(&self, body: &Value) -> reqwest::Response {
        let url = format!("{}/v1/chat/completions", self.base);
        timeout(PATIENCE, self.http.post(url).json(body).send()).await.expect("an answer in time").unwrap()
    }

    /// Sends a chat request and reads the whole answer.
    pub async fn chat(&self, body: &Value) -> Answer {
        let response = self.post(body).await;
        assert_eq!(response.status(), 200);
        let completion: ChatCompletion =
            timeout(PATIENCE, response.json()).await.expect("an answer in time").unwrap();
        let choice = &completion.choices[0];
        Answer {
            text: choice.message.content.as_ref().unwrap().text().into_owned(),
            reason: choice.finish_reason.unwrap(),
            usage: completion.usage,
        }
    }

    /// Sends a chat request and leaves its stream to be read.
    pub async fn stream(&self, body: &Value) -> Stream {
        let mut body = body.clone();
        body["stream"] = json!(true);
        let response = self.post(&body).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Stream::of(response)
    }

    /// Tells the daemon to stop, as a service manager would.
    pub fn terminate(&self) {
        let killed = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(killed.success());
    }

    /// Waits until the process has ended.
    pub async fn exit_code(mut self) -> Option<i32> {
        let ended = async {
            loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    return status.code();
                }
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, ended).await.expect("the daemon did not end")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Debug, PartialEq)]
pub struct Answer {
    pub text: String,
    pub reason: FinishReason,
    pub usage: Option<Usage>,
}

/// A request for a long answer, which the likeliest tokens of this model are.
pub fn story(about: &str, max_tokens: u32) -> Value {
    json!({
        "messages": [
            {"role": "system", "content": "You are a helpful AI assistant."},
            {"role": "user", "content": format!("Write a very long story about {about}.")},
        ],
        "temperature": 0,
        "max_tokens": max_tokens,
    })
}

/// `fields` on top of a request.
pub fn with(mut body: Value, fields: Value) -> Value {
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

/// A client that speaks plain HTTP to loopback; reqwest wants to know its cryptography all the same.
fn client() -> reqwest::Client {
    // A second installation is refused and changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().expect("an HTTP client")
}
