//! A whole Hearth in a home of its own, started as a person starts it, for the clients' tests.

use std::io::{BufRead, BufReader, Read, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use tempfile::TempDir;

use crate::log::Log;
use crate::steps::Context;

const STARTS_WITHIN: Duration = Duration::from_secs(180);
const STOPS_WITHIN: Duration = Duration::from_secs(60);

/// What `up --json` prints.
#[derive(Deserialize)]
struct Ready {
    url: String,
    edge_url: String,
    publishable_key: String,
    secret_key: String,
    anon_key: String,
    service_key: String,
    redis_token: String,
}

pub struct Server {
    child: Child,
    ready: Ready,
    /// What it said when it was ready, whole.
    line: String,
    home: TempDir,
}

impl Server {
    pub fn start(context: &Context, log: &Log) -> anyhow::Result<Self> {
        // PostgreSQL runs as another user where the tests run as root: it has to pass through.
        let passable = std::fs::Permissions::from_mode(0o711);
        let home = tempfile::Builder::new().prefix("hearth-test-").permissions(passable).tempdir()?;
        let mut child = Command::new(context.program("hearth"))
            .args(["up", "--json", "--port", &free_port()?, "--edge-port", &free_port()?])
            .arg("--home")
            .arg(home.path().join("home"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.appender()?)
            .spawn()
            .context("hearth can't be started")?;
        let stdout = child.stdout.take().context("no standard output")?;
        let line = first_line(stdout);
        let line = line.recv_timeout(STARTS_WITHIN).unwrap_or_default();
        let Ok(ready) = serde_json::from_str(&line) else {
            child.kill()?;
            child.wait()?;
            bail!("./hearth up --json did not say that it is ready; see {}", log.path().display())
        };
        Ok(Self { child, ready, line, home })
    }

    /// What the clients' tests read from their environment.
    pub fn environment(&self) -> [(&'static str, &str); 7] {
        [
            ("HEARTH_URL", &self.ready.url),
            ("HEARTH_EDGE_URL", &self.ready.edge_url),
            ("HEARTH_PUBLISHABLE_KEY", &self.ready.publishable_key),
            ("HEARTH_SECRET_KEY", &self.ready.secret_key),
            ("HEARTH_ANON_KEY", &self.ready.anon_key),
            ("HEARTH_SERVICE_KEY", &self.ready.service_key),
            ("HEARTH_REDIS_TOKEN", &self.ready.redis_token),
        ]
    }

    /// Writes down where it is and lives, for the whole-system tests that share it, and gives the file.
    pub fn share(&self) -> anyhow::Result<PathBuf> {
        let mut up: serde_json::Value = serde_json::from_str(&self.line)?;
        up["home"] = self.home.path().join("home").to_string_lossy().into();
        let path = self.home.path().join("up.json");
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(up.to_string().as_bytes())?;
        Ok(path)
    }

    /// Stops it as Ctrl-C does, and says whether it ended well.
    pub fn stop(&mut self) -> anyhow::Result<bool> {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        for _ in 0..STOPS_WITHIN.as_millis() / 50 {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.success());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(false)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) && !self.stop().unwrap_or(false) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// The first line, and the rest read away, so that the program never writes into a closed pipe.
fn first_line(output: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = String::new();
        if output.read_line(&mut line).is_ok() {
            let _ = sender.send(line);
        }
        let _ = std::io::copy(&mut output, &mut std::io::sink());
    });
    receiver
}

fn free_port() -> anyhow::Result<String> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port().to_string())
}
