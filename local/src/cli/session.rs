//! Being signed in from the command line.
//!
//! Tokens lie in `secrets/session.json`, which its owner alone can read. The first run's login is saved there, so that on
//! one's own machine `./hearth chat` asks for nothing. Refresh tokens work once: a lock keeps two terminals from using the
//! same one.

use std::fs::{File, OpenOptions};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use reqwest::Client;
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

use super::running::Running;
use super::terminal::Terminal;
use crate::home::{Home, write_private};

/// An access token with less than this left is renewed first, in seconds.
const MARGIN: u64 = 90;

/// What lies in `session.json`.
#[derive(Clone, Serialize, Deserialize)]
struct Saved {
    email: String,
    access_token: String,
    refresh_token: String,
    /// Seconds since 1970.
    expires_at: u64,
}

/// The answer of the token endpoint, the part that is kept.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    refresh_token: String,
    expires_in: u64,
}

/// Supabase Auth's errors have had several shapes.
#[derive(Default, Deserialize)]
struct Refusal {
    msg: Option<String>,
    message: Option<String>,
    error_description: Option<String>,
}

enum Answer {
    Granted(Granted),
    Refused(String),
}

pub struct Session {
    client: Client,
    base: Url,
    key: String,
    file: PathBuf,
    saved: Saved,
}

impl Session {
    /// The saved session, or else one that is asked for. `email` signs in anew as somebody else.
    pub async fn open(
        home: &Home,
        running: &Running,
        email: Option<&str>,
        terminal: Terminal,
    ) -> anyhow::Result<Self> {
        let mut session = Self::unsigned(home, running)?;
        if let Some(saved) = session.read().filter(|saved| email.is_none_or(|email| email == saved.email)) {
            session.saved = saved;
            if session.token().await.is_ok() {
                return Ok(session);
            }
        }
        session.ask(email, terminal).await?;
        Ok(session)
    }

    /// Signs in and saves the session: what `up` does with the login that it made.
    pub async fn sign_in(home: &Home, running: &Running, email: &str, password: &str) -> anyhow::Result<()> {
        let mut session = Self::unsigned(home, running)?;
        match session.grant("password", &json!({ "email": email, "password": password })).await? {
            Answer::Granted(granted) => session.keep(email, granted),
            Answer::Refused(why) => bail!("signing in as {email}: {why}"),
        }
    }

    /// A token that is good for another minute at least.
    pub async fn token(&mut self) -> anyhow::Result<String> {
        if self.saved.expires_at > now() + MARGIN {
            return Ok(self.saved.access_token.clone());
        }
        let lock = self.lock()?;
        // Another terminal may have renewed it while this one waited.
        if let Some(saved) = self.read().filter(|saved| saved.email == self.saved.email) {
            self.saved = saved;
        }
        if self.saved.expires_at <= now() + MARGIN {
            let body = json!({ "refresh_token": self.saved.refresh_token });
            match self.grant("refresh_token", &body).await? {
                Answer::Granted(granted) => self.keep(&self.saved.email.clone(), granted)?,
                Answer::Refused(why) => {
                    bail!("the saved session has ended ({why}); run ./hearth chat to sign in")
                }
            }
        }
        drop(lock);
        Ok(self.saved.access_token.clone())
    }

    fn unsigned(home: &Home, running: &Running) -> anyhow::Result<Self> {
        let nobody = Saved {
            email: String::new(),
            access_token: String::new(),
            refresh_token: String::new(),
            expires_at: 0,
        };
        Ok(Self {
            client: Client::builder().build()?,
            base: running.url.clone(),
            key: running.publishable_key.clone(),
            file: home.secrets().join("session.json"),
            saved: nobody,
        })
    }

    async fn ask(&mut self, email: Option<&str>, terminal: Terminal) -> anyhow::Result<()> {
        if !terminal.reads_from_person() {
            bail!("nobody is signed in here. Run ./hearth chat in a terminal once, and sign in.");
        }
        terminal.note("Sign in to Hearth. (./hearth user add ADDRESS makes another login.)")?;
        let email = match email {
            Some(email) => email.to_owned(),
            None => terminal
                .ask("E-mail:")?
                .filter(|email| !email.is_empty())
                .context("no e-mail address given")?,
        };
        for _ in 0..3 {
            let password = terminal.ask_password("Password:")?;
            match self.grant("password", &json!({ "email": email, "password": password })).await? {
                Answer::Granted(granted) => return self.keep(&email, granted),
                Answer::Refused(why) => terminal.fault(&why)?,
            }
        }
        bail!("not signed in. ./hearth user reset-password {email} makes a new password.")
    }

    async fn grant(&self, kind: &str, body: &serde_json::Value) -> anyhow::Result<Answer> {
        let mut address = self.base.join("/auth/v1/token")?;
        address.query_pairs_mut().append_pair("grant_type", kind);
        let answer = self.client.post(address).header("apikey", &self.key).json(body).send().await?;
        let status = answer.status();
        if status.is_success() {
            return Ok(Answer::Granted(answer.json().await?));
        }
        let refusal: Refusal = answer.json().await.unwrap_or_default();
        let why = refusal
            .msg
            .or(refusal.message)
            .or(refusal.error_description)
            .unwrap_or_else(|| status.to_string());
        if status.is_server_error() {
            bail!("signing in does not work right now ({why}). See ./hearth logs hearth");
        }
        Ok(Answer::Refused(why))
    }

    fn keep(&mut self, email: &str, granted: Granted) -> anyhow::Result<()> {
        self.saved = Saved {
            email: email.to_owned(),
            access_token: granted.access_token,
            refresh_token: granted.refresh_token,
            expires_at: now() + granted.expires_in,
        };
        write_private(&self.file, &serde_json::to_vec_pretty(&self.saved)?)
            .with_context(|| format!("saving the session in {}", self.file.display()))
    }

    fn read(&self) -> Option<Saved> {
        serde_json::from_slice(&std::fs::read(&self.file).ok()?).ok()
    }

    fn lock(&self) -> anyhow::Result<File> {
        let path = self.file.with_extension("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.with_context(|| path.display().to_string())?;
        file.lock()?;
        Ok(file)
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
