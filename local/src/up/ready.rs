//! What `up` says when it is ready, to people and to scripts.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::children::Model;
use crate::home::write_private;
use crate::secrets::Secrets;

/// The line of `--json`, and `run/up.json` without the login.
#[derive(Clone, Serialize, Deserialize)]
pub struct Ready {
    pub url: String,
    pub edge_url: String,
    pub publishable_key: String,
    pub secret_key: String,
    pub anon_key: String,
    pub service_key: String,
    pub redis_token: String,
    /// The name of the model that answers; `None` without a daemon.
    pub model: Option<String>,
    /// Tokens that one request may hold, question and answer together.
    pub context: Option<u32>,
    pub pid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<Login>,
}

/// The account that a first run makes.
#[derive(Clone, Serialize, Deserialize)]
pub struct Login {
    pub email: String,
    pub password: String,
}

impl Ready {
    pub(super) fn new(secrets: &Secrets, url: &str, model: &Model, login: Option<Login>) -> Self {
        Self {
            url: url.to_owned(),
            edge_url: model.url.clone(),
            publishable_key: secrets.publishable_key.clone(),
            secret_key: secrets.secret_key.expose().to_owned(),
            anon_key: secrets.anon_key.clone(),
            service_key: secrets.service_key.expose().to_owned(),
            redis_token: secrets.redis_token.expose().to_owned(),
            model: model.name.clone(),
            context: model.context,
            pid: std::process::id(),
            login,
        }
    }

    /// Without the login: that is shown once.
    pub(super) fn save(&self, path: &Path) -> std::io::Result<()> {
        let kept = Self { login: None, ..self.clone() };
        write_private(path, &serde_json::to_vec_pretty(&kept)?)
    }
}

impl std::fmt::Debug for Ready {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Ready")
            .field("url", &self.url)
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}
