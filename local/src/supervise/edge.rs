//! The edge daemon as a child: it serves a GGUF model, and any other of the home's folder, on a loopback port.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;
use tokio::process::Command;

use super::child::Recipe;
use super::{Child, Lifeline, SuperviseError, find_edge};
use crate::home::Home;

/// Which model the daemon serves, and where.
#[derive(Debug, Clone)]
pub struct EdgeDaemon {
    pub home: Home,
    pub lifeline: Lifeline,
    pub model: PathBuf,
    pub alias: Option<String>,
    pub port: u16,
    /// The context of one request in tokens, where not the daemon's own choice.
    pub context: Option<u32>,
}

impl EdgeDaemon {
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts it; it answers 503 until the model is loaded.
    pub fn start(&self) -> Result<Child, SuperviseError> {
        let program = find_edge()?;
        let this = self.clone();
        let command = move || {
            let mut command = Command::new(&program);
            command.arg("--model").arg(&this.model).args(["--host", "127.0.0.1"]);
            // What is fetched while it runs can be asked for by its name at once.
            command.arg("--models").arg(this.home.models());
            command.arg("--port").arg(this.port.to_string());
            // This one asks nobody; what the environment says is for a daemon that stands in the open.
            command.env_remove("HEARTH_EDGE_KEYS").env_remove("HEARTH_EDGE_PAIRINGS");
            command.env(super::orphans::HOME_VARIABLE, this.home.root());
            if let Some(alias) = &this.alias {
                command.arg("--alias").arg(alias);
            }
            if let Some(context) = this.context {
                command.arg("--context").arg(context.to_string());
            }
            command
        };
        Child::start(Recipe {
            program: "edge",
            home: self.home.clone(),
            lifeline: self.lifeline.clone(),
            command: Box::new(command),
            stop: Signal::TERM,
            patience: Duration::from_secs(5),
        })
    }

    /// Waits until the model is loaded.
    pub async fn ready(&self, child: &Child, http: &reqwest::Client) -> Result<(), SuperviseError> {
        let health = format!("{}/health", self.url());
        let answers = || async {
            http.get(&health)
                .timeout(Duration::from_secs(2))
                .send()
                .await
                .is_ok_and(|answer| answer.status().is_success())
        };
        child.ready(Duration::from_secs(300), answers).await
    }
}

/// Whether the port can be listened on; 0 becomes one that can.
pub(crate) fn free_port(port: u16) -> std::io::Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))?.local_addr().map(|address| address.port())
}
