//! The Hearth that runs in this home, as it described itself when it was ready.

use anyhow::{Context, bail};
use url::Url;

use crate::home::Home;
use crate::up::Ready;

/// `run/up.json`: the part of it that the command line uses.
#[derive(Debug, Clone)]
pub struct Running {
    pub url: Url,
    pub edge_url: Url,
    pub publishable_key: String,
}

impl Running {
    /// What runs here, if anything does. A file that a killed `up` left behind is told apart by its silence.
    pub async fn find(home: &Home) -> anyhow::Result<Option<Self>> {
        let path = home.up_file();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        let ready: Ready = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        let running = Self::of(&ready)?;
        Ok(running.answers().await.then_some(running))
    }

    /// The same, where there is nothing to do without it.
    pub async fn expect(home: &Home) -> anyhow::Result<Self> {
        match Self::find(home).await? {
            Some(running) => Ok(running),
            None => bail!("Hearth is not running. Start it in another terminal: ./hearth up"),
        }
    }

    pub fn of(ready: &Ready) -> anyhow::Result<Self> {
        Ok(Self {
            url: Url::parse(&ready.url)?,
            edge_url: Url::parse(&ready.edge_url)?,
            publishable_key: ready.publishable_key.clone(),
        })
    }

    async fn answers(&self) -> bool {
        let Some(host) = self.url.host_str() else { return false };
        let port = self.url.port_or_known_default().unwrap_or(80);
        tokio::net::TcpStream::connect((host, port)).await.is_ok()
    }
}
