//! What `up` may be told: by flags, by the environment, by the settings.

use std::path::PathBuf;

use hearth_clients::llm::Credential;

use crate::home::Home;
use crate::settings::{DEFAULT_EDGE_PORT, DEFAULT_PORT, Settings};

/// A GGUF file and the name it answers under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFile {
    pub path: PathBuf,
    /// The name in `/v1/models`; else the daemon makes one from the file's name.
    pub alias: Option<String>,
    /// The context of one request in tokens; else what the daemon chooses.
    pub context: Option<u32>,
}

/// Servers that run already, which are used and not started.
#[derive(Debug, Clone)]
pub struct Servers {
    pub database_url: Option<String>,
    pub redis_url: Option<String>,
    pub edge_url: Option<String>,
    /// What that daemon is shown.
    pub edge_credential: Credential,
}

impl Servers {
    /// `DATABASE_URL`, `REDIS_URL`, `HEARTH_EDGE_URL`, and what goes with the last.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| lookup(name).filter(|value| !value.is_empty());
        let [id, service_key, api_key] =
            ["HEARTH_EDGE_ID", "HEARTH_EDGE_SERVICE_KEY", "HEARTH_EDGE_API_KEY"].map(set);
        let shown = Credential::of_daemon(id.as_deref(), service_key.as_deref(), api_key.as_deref());
        Self {
            database_url: set("DATABASE_URL"),
            redis_url: set("REDIS_URL"),
            edge_url: set("HEARTH_EDGE_URL").map(|url| url.trim_end_matches('/').to_owned()),
            // The API says what is wrong with half a pairing; the daemon lets nobody in with it.
            edge_credential: shown.unwrap_or(Credential::None),
        }
    }
}

#[derive(Debug, Clone)]
pub struct UpOptions {
    pub home: Home,
    /// 0: any port that is free.
    pub port: Option<u16>,
    pub edge_port: Option<u16>,
    /// What the daemon serves. `None`: no daemon is started, and only an external one answers.
    pub model: Option<ModelFile>,
    pub servers: Servers,
}

impl UpOptions {
    pub(super) fn port(&self, settings: &Settings) -> u16 {
        self.port.or(settings.port).unwrap_or(DEFAULT_PORT)
    }

    pub(super) fn edge_port(&self, settings: &Settings) -> u16 {
        self.edge_port.or(settings.edge_port).unwrap_or(DEFAULT_EDGE_PORT)
    }
}
