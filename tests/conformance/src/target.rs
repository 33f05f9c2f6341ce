//! What is tested: where it is, how to be somebody there, and which host it is.

use anyhow::{Context as _, bail};
use hearth_clients::Secret;
use url::Url;

use crate::host::Host;

/// A deployed Router.
#[derive(Clone, Debug)]
pub struct Target {
    /// Up to and without `/v1`; it may have a path of its own.
    pub url: Url,
    pub host: Host,
    pub sign_in: SignIn,
    /// The `CRON_SECRET` that it was deployed with, where we know it.
    pub cron_secret: Option<Secret>,
}

/// How the two people of the tests come to be.
#[derive(Clone, Debug)]
pub enum SignIn {
    /// They sign up with new addresses; the project must not ask for a confirmation by mail.
    SignUp { supabase: String, publishable_key: Secret },
    /// They are there, signed in: their access tokens.
    Tokens([Secret; 2]),
}

impl Target {
    /// Reads the base URL; finds out which host it is, unless that is given.
    pub async fn new(
        url: &str,
        host: Option<Host>,
        sign_in: SignIn,
        cron_secret: Option<Secret>,
    ) -> anyhow::Result<Self> {
        let url = Url::parse(url).context("the base URL is not a URL")?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            bail!("the base URL must begin with http:// or https://");
        }
        let host = match host {
            Some(host) => host,
            None => detect(&url).await?,
        };
        Ok(Self { url, host, sign_in, cron_secret })
    }

    /// The URL of a path of the API.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url.as_str().trim_end_matches('/'))
    }

    /// The path that the API's own paths follow; empty for most.
    pub fn prefix(&self) -> &str {
        self.url.path().trim_end_matches('/')
    }

    /// Whether it is on this machine, with no platform's front before it.
    pub fn is_near(&self) -> bool {
        matches!(self.url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
    }
}

async fn detect(url: &Url) -> anyhow::Result<Host> {
    let client = hearth_clients::platform::http_client()?;
    let health = format!("{}/v1/health", url.as_str().trim_end_matches('/'));
    let answer = client.get(health).send().await.context("nothing answers at the base URL")?;
    Ok(Host::of(answer.headers()).unwrap_or(Host::Local))
}
