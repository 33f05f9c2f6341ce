//! The functions, each in its host's own runtime on loopback, before the data plane of a house.
//!
//! The environment says where they are: `HEARTH_FUNCTIONS` (what scripts/functions-build.sh printed) and what
//! scripts/host-tools.sh printed. `./hearth test hosts` sets them.

mod cloudflare;
mod lambda;
mod vercel;

use std::{
    env,
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::process::{Child, Command};

use crate::{house::signal, person::client};

/// How long a host may take to answer its first request. workerd's first start unpacks itself.
const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// Instances that share the requests of a host that gives each one request at a time.
const INSTANCES: usize = 8;

/// A host of the functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Vercel,
    Lambda,
    Cloudflare,
}

/// A function in its runtime, until it is dropped.
pub struct Hosted {
    pub kind: Kind,
    /// Up to and without `/v1`.
    pub url: String,
    children: Vec<Child>,
    began: Instant,
    folder: tempfile::TempDir,
}

impl Hosted {
    /// Starts a function with these settings, and waits until it answers.
    pub async fn start(kind: Kind, settings: &[(&'static str, String)]) -> Self {
        let hosted = Self::spawn(kind, settings, INSTANCES).await;
        hosted.wait().await;
        hosted
    }

    /// Starts one instance of a function, and does not wait for it.
    pub async fn cold(kind: Kind, settings: &[(&'static str, String)]) -> Self {
        Self::spawn(kind, settings, 1).await
    }

    /// Starts the Worker in a workerd with nothing around it, and waits until it answers.
    pub async fn bare_worker(settings: &[(&'static str, String)]) -> Self {
        let folder = tempfile::Builder::new().prefix("hearth-host-").tempdir().expect("a temporary folder");
        let (url, child) = cloudflare::start_bare(settings, folder.path());
        let hosted =
            Self { kind: Kind::Cloudflare, url, children: vec![child], began: Instant::now(), folder };
        hosted.wait().await;
        hosted
    }

    async fn spawn(kind: Kind, settings: &[(&'static str, String)], instances: usize) -> Self {
        let folder = tempfile::Builder::new().prefix("hearth-host-").tempdir().expect("a temporary folder");
        let began = Instant::now();
        let (url, children, began) = match kind {
            Kind::Vercel => {
                let (url, child) = vercel::start(settings, folder.path());
                (url, vec![child], began)
            }
            Kind::Lambda => lambda::start(settings, folder.path(), instances).await,
            Kind::Cloudflare => {
                let (url, child) = cloudflare::start(settings, folder.path());
                (url, vec![child], began)
            }
        };
        Self { kind, url, children, began, folder }
    }

    /// Asks until there is an answer of 200, and tells how long that was after the function's process was started.
    pub async fn first_answer(&self, path: &str, token: &str) -> anyhow::Result<Duration> {
        let (client, began) = (client(), self.began);
        while began.elapsed() < STARTS_WITHIN {
            let request = client.get(format!("{}{path}", self.url)).bearer_auth(token);
            if request.send().await.is_ok_and(|answer| answer.status() == 200) {
                return Ok(began.elapsed());
            }
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
        anyhow::bail!("{:?} did not answer within a minute:\n{}", self.kind, self.log())
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(log_path(self.folder.path())).unwrap_or_default()
    }

    /// The function's own processes, without what stands before them.
    pub fn functions(&self) -> Vec<u32> {
        let pids = self.pids();
        if self.kind == Kind::Lambda { pids.into_iter().skip(1).collect() } else { pids }
    }

    /// The processes that run it.
    pub fn pids(&self) -> Vec<u32> {
        self.children.iter().filter_map(Child::id).collect()
    }

    async fn wait(&self) {
        let began = Instant::now();
        let client = client();
        while began.elapsed() < STARTS_WITHIN {
            let answer = client.get(format!("{}/openapi.json", self.url)).send().await;
            // Without its settings it answers as well, with a problem of ours.
            if answer.is_ok_and(|answer| answer.headers().contains_key("x-correlation-id")) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{:?} did not answer within a minute:\n{}", self.kind, self.log());
    }
}

impl Drop for Hosted {
    fn drop(&mut self) {
        for child in &self.children {
            signal(child.id(), "TERM");
        }
        for child in &mut self.children {
            for _ in 0..100 {
                if !matches!(child.try_wait(), Ok(None)) {
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            let _ = child.start_kill();
        }
    }
}

fn log_path(folder: &Path) -> PathBuf {
    folder.join("log")
}

/// Starts `command` with its output in the log.
fn spawn(command: &mut Command, folder: &Path) -> Child {
    let log = || File::options().create(true).append(true).open(log_path(folder)).expect("a log");
    command.stdin(Stdio::null()).stdout(log()).stderr(log()).kill_on_drop(true).spawn().unwrap_or_else(
        |error| panic!("{} can't be started: {error}", command.as_std().get_program().display()),
    )
}

/// A function's own program, built as it is deployed.
fn function(name: &str) -> PathBuf {
    named("HEARTH_FUNCTIONS").join(name)
}

fn named(variable: &str) -> PathBuf {
    let value = env::var_os(variable);
    PathBuf::from(value.unwrap_or_else(|| panic!("{variable} is not set: run `./hearth test hosts`")))
}

/// The environment of a function: its settings and nothing of ours.
fn clean<'a>(command: &'a mut Command, settings: &[(&'static str, String)]) -> &'a mut Command {
    let kept = ["PATH", "HOME", "TMPDIR", "SSL_CERT_FILE"];
    let kept = kept.into_iter().filter_map(|name| Some((name, env::var_os(name)?)));
    command.env_clear().envs(kept).envs(settings.iter().map(|(name, value)| (name, value)))
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}
