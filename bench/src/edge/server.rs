//! Starts one of the two servers on a free port, and stops it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Ours,
    Peer,
}

/// Both serve this many requests at once, and have this many cells for them.
const PARALLEL: &str = "8";
const CELLS: &str = "65536";

/// Nothing takes as long as this to start.
const PATIENCE: Duration = Duration::from_secs(120);

/// Threads that both compute with: 2, or what `HEARTH_BENCH_THREADS` says.
fn threads() -> String {
    std::env::var("HEARTH_BENCH_THREADS").unwrap_or_else(|_| "2".to_owned())
}

/// What a server is started with, but for its port. `bare` is without the peer's cache of old prompts.
pub fn arguments(kind: Kind, model: &Path, bare: bool) -> Vec<String> {
    let (model, threads) = (model.display().to_string(), threads());
    let arguments: &[&str] = match kind {
        Kind::Ours => &[
            "--model",
            &model,
            "--threads",
            &threads,
            "--parallel",
            PARALLEL,
            "--context",
            "8192",
            "--cells",
            CELLS,
        ],
        Kind::Peer if bare => {
            &["-m", &model, "-t", &threads, "-np", PARALLEL, "-c", CELLS, "--cache-ram", "0"]
        }
        Kind::Peer => &["-m", &model, "-t", &threads, "-np", PARALLEL, "-c", CELLS],
    };
    arguments.iter().map(ToString::to_string).collect()
}

/// The peer, if it is on this machine.
pub fn find_peer() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("LLAMA_SERVER") {
        return Some(path.into());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("llama-server")).find(|path| path.is_file())
}

/// What the peer says of itself: its build and its compiler.
pub async fn version(peer: &Path) -> String {
    let output = Command::new(peer).arg("--version").stdin(Stdio::null()).output().await;
    output.map_or_else(
        |error| error.to_string(),
        |output| {
            String::from_utf8_lossy(if output.stdout.is_empty() { &output.stderr } else { &output.stdout })
                .trim()
                .to_owned()
        },
    )
}

/// A server that answers.
pub struct Server {
    child: Child,
    pub base: String,
    /// From its start until it said that it was ready.
    pub ready_after: Duration,
}

impl Server {
    pub async fn start(kind: Kind, program: &Path, model: &Path, bare: bool) -> anyhow::Result<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0)).await?.local_addr()?.port();
        let began = Instant::now();
        let child = Command::new(program)
            .args(arguments(kind, model, bare))
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be run", program.display()))?;
        let base = format!("http://127.0.0.1:{port}");
        let mut server = Self { child, base, ready_after: Duration::ZERO };
        let client = super::client::http();
        loop {
            if client
                .get(format!("{}/health", server.base))
                .send()
                .await
                .is_ok_and(|answer| answer.status() == 200)
            {
                server.ready_after = began.elapsed();
                return Ok(server);
            }
            if let Some(status) = server.child.try_wait()? {
                anyhow::bail!("{} ended at once: {status}", program.display());
            }
            anyhow::ensure!(began.elapsed() < PATIENCE, "{} does not get ready", program.display());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Source: proc_pid_status(5), `VmRSS`, in units of 1024 bytes.
    pub fn resident_megabytes(&self) -> anyhow::Result<f64> {
        let id = self.child.id().context("the server has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kibibytes * 1024.0 / 1e6)
    }

    pub async fn stop(&mut self) -> anyhow::Result<()> {
        hearth_tests::house::signal(self.child.id(), "TERM");
        self.child.wait().await?;
        Ok(())
    }
}
