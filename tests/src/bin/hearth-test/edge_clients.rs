//! The official clients of OpenAI and Anthropic, in both their languages, against the edge daemon alone: one with the chat
//! model, one with an embedding model.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::counts::{self, Counts};
use crate::log::Log;
use crate::steps::Context;

const STARTS_WITHIN: Duration = Duration::from_secs(120);

pub fn run(context: &Context) -> anyhow::Result<Counts> {
    let folder = context.root().join("tests/edge-clients");
    let log = context.log("edge-clients")?;
    let cache = cache()?;
    let made = log.run(context.command("scripts/embedding-model.sh", &[]).arg(&cache))?;
    anyhow::ensure!(made.well, "the embedding model could not be made");
    let python = python_clients(context, &log, &folder, &cache)?;
    let installed =
        log.run(context.command("npm", &["ci", "--no-audit", "--no-fund"]).current_dir(&folder))?;
    anyhow::ensure!(installed.well, "the clients could not be installed");

    let models = cache.join("models");
    let chat = Daemon::start(context, &models.join("SmolLM2-135M-Instruct.Q4_1.gguf"))?;
    let embed = Daemon::start(context, &models.join("all-MiniLM-L6-v2.Q8_0.gguf"))?;
    let daemons = [("HEARTH_EDGE_URL", &chat.url), ("HEARTH_EDGE_EMBED_URL", &embed.url)];

    let mut node = context.command("node", &["--test", "--test-reporter=tap"]);
    let ended = log.run(node.current_dir(&folder).envs(daemons))?;
    let mut counts = Counts::of_run(counts::node(&ended.output), ended.well);
    let mut unittest = context.command("python3", &["python/test_clients.py"]);
    let ended = log.run(unittest.current_dir(&folder).env("PYTHONPATH", python).envs(daemons))?;
    counts += Counts::of_run(counts::closing_line(&ended.output), ended.well);
    Ok(counts)
}

/// The user's cache, as the scripts have it.
fn cache() -> anyhow::Result<PathBuf> {
    if let Some(cache) = std::env::var_os("HEARTH_CACHE") {
        return Ok(cache.into());
    }
    let home = || std::env::home_dir().map(|home| home.join(".cache"));
    let caches = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    Ok(caches.context("no home folder")?.join("hearth"))
}

/// A folder with the Python clients, made once for each list of them.
fn python_clients(context: &Context, log: &Log, folder: &Path, cache: &Path) -> anyhow::Result<PathBuf> {
    let list = folder.join("python/requirements.txt");
    let wanted = std::fs::read(&list)?;
    let home = cache.join("edge-clients");
    let have = home.join("requirements.txt");
    if std::fs::read(&have).ok().as_ref() == Some(&wanted) {
        return Ok(home);
    }
    if home.exists() {
        std::fs::remove_dir_all(&home)?;
    }
    let install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--root-user-action=ignore",
        "--target",
    ];
    let mut install = context.command("python3", &install);
    let installed = log.run(install.arg(&home).arg("-r").arg(&list))?;
    anyhow::ensure!(installed.well, "the Python clients could not be installed");
    std::fs::write(have, wanted)?;
    Ok(home)
}

/// A daemon on a port of its own; it ends with the step.
struct Daemon {
    child: Child,
    url: String,
}

impl Daemon {
    fn start(context: &Context, model: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new(context.program("hearth-edge"))
            .args(["serve", "--port", "0", "--context", "4096", "--model"])
            .arg(model)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("hearth-edge can't be started")?;
        let stderr = child.stderr.take().context("no standard error stream")?;
        let mut daemon = Self { child, url: String::new() };
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            // Read to its end, so that the daemon never writes into a closed pipe.
            BufReader::new(stderr).lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)));
        });
        while let Ok(line) = lines.recv_timeout(STARTS_WITHIN) {
            if let Some(address) = line.split("address=").nth(1).and_then(|rest| rest.split(' ').next()) {
                daemon.url = format!("http://{address}");
            }
            if line.contains("model loaded") {
                return Ok(daemon);
            }
        }
        bail!("hearth-edge did not load {}", model.display())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
