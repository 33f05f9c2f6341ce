//! A running `hearth up`, and the processes that belong to it.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Client, Response, StatusCode};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Machine {
    child: Child,
    home: PathBuf,
    /// The line that it printed.
    pub ready: Value,
    http: Client,
}

/// `hearth up` that is yet to start, on a port that is free.
pub fn up(home: &Path, edge: &str) -> Command {
    up_at("0", home, edge)
}

pub fn up_at(port: &str, home: &Path, edge: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hearth"));
    command
        .args(["up", "--json", "--port", port, "--home"])
        .arg(home)
        .env("HEARTH_EDGE_URL", edge)
        .env_remove("DATABASE_URL")
        .env_remove("HEARTH_EDGE_API_KEY")
        .env_remove("REDIS_URL")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

impl Machine {
    pub async fn start(home: &Path, edge: &str) -> Self {
        Self::run(up(home, edge), home).await
    }

    pub async fn run(mut command: Command, home: &Path) -> Self {
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        tokio::time::timeout(PATIENCE, output.read_line(&mut line)).await.unwrap().unwrap();
        if line.is_empty() {
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).await.unwrap();
            panic!("hearth up ended: {said}");
        }
        let ready = serde_json::from_str(&line).unwrap();
        let _ = rustls_provider();
        Self { child, home: home.to_owned(), ready, http: Client::builder().no_proxy().build().unwrap() }
    }

    pub fn text(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }

    /// The program itself, not its children.
    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().unwrap() as i32).unwrap()
    }

    /// SIGKILL: nothing is cleaned up.
    pub async fn kill(mut self) {
        kill_process(self.pid(), Signal::KILL).unwrap();
        self.child.wait().await.unwrap();
    }

    /// SIGTERM, and waits for the end.
    pub async fn stop(mut self) -> ExitStatus {
        kill_process(self.pid(), Signal::TERM).unwrap();
        tokio::time::timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap()
    }

    pub async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> reqwest::Result<Response> {
        let mut request = self
            .http
            .post(format!("{}{path}", self.text("url")))
            .timeout(Duration::from_secs(20))
            .header("apikey", self.text("publishable_key"))
            .json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await
    }

    /// A new account's session.
    pub async fn sign_up(&self, email: &str) -> Value {
        let body = json!({ "email": email, "password": "correct horse" });
        let answer = self.post("/auth/v1/signup", None, &body).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }

    pub async fn sign_in(&self, email: &str, password: &str) -> StatusCode {
        let body = json!({ "email": email, "password": password });
        self.post("/auth/v1/token?grant_type=password", None, &body).await.unwrap().status()
    }

    pub async fn refresh(&self, token: &str) -> (StatusCode, Value) {
        let body = json!({ "refresh_token": token });
        let answer = self.post("/auth/v1/token?grant_type=refresh_token", None, &body).await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// One command through the Upstash protocol; its result, if it has one.
    pub async fn redis(&self, command: Value) -> Option<Value> {
        let answer = self.post("/redis", Some(self.text("redis_token")), &command).await.ok()?;
        let mut answer: Value = answer.json().await.ok()?;
        answer.get_mut("result").map(Value::take)
    }

    /// The processes of one program that serve this home.
    pub fn children(&self, program: &str) -> Vec<Pid> {
        children(&self.home, program)
    }
}

impl Drop for Machine {
    /// A test that failed leaves nothing running.
    fn drop(&mut self) {
        if let Some(pid) = self.child.id().and_then(|id| Pid::from_raw(id as i32)) {
            let _ = kill_process(pid, Signal::TERM);
        }
    }
}

/// The processes whose arguments name this folder below the home. One that such a process has just forked has its arguments
/// for a moment, and is not counted.
pub fn children(home: &Path, folder: &str) -> Vec<Pid> {
    let folder = home.join(folder);
    let mut system = sysinfo::System::new();
    let what = sysinfo::ProcessRefreshKind::nothing().with_cmd(sysinfo::UpdateKind::Always).without_tasks();
    system.refresh_processes_specifics(sysinfo::ProcessesToUpdate::All, true, what);
    let names_it = |process: &sysinfo::Process| process.cmd().iter().any(|word| word == folder.as_os_str());
    let is_forked = |process: &sysinfo::Process| {
        process.parent().and_then(|parent| system.process(parent)).is_some_and(names_it)
    };
    system
        .processes()
        .values()
        .filter(|process| names_it(process) && !is_forked(process))
        .map(|process| Pid::from_raw(process.pid().as_u32() as i32).unwrap())
        .collect()
}

/// Waits until `holds` does.
pub async fn until<F, Fut>(what: &str, mut holds: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < PATIENCE, "still not: {what}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// reqwest is built without a provider of its own.
fn rustls_provider() -> Result<(), impl Sized> {
    rustls::crypto::ring::default_provider().install_default()
}
