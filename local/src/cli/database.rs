//! The database for a command that needs it for a moment: the one that runs, or the home's own, started and stopped.

use anyhow::Context;

use crate::database::Database;
use crate::home::Home;
use crate::secrets::Secrets;
use crate::settings::Settings;
use crate::supervise::{Child, HomeLock, Lifeline, PostgresServer, running, stop_orphans};

pub struct OpenDatabase {
    pub database: Database,
    started: Option<(Child, HomeLock)>,
}

impl OpenDatabase {
    pub async fn open(home: &Home, secrets: &Secrets) -> anyhow::Result<Self> {
        if let Some(url) = external_url() {
            let database = Database::external(&url, secrets.database_password.clone())?;
            return Ok(Self { database, started: None });
        }
        if running(home).is_some() {
            let database = Database::own(&home.socket_folder("postgres"));
            return Ok(Self { database, started: None });
        }
        let lock = HomeLock::take(home)?;
        stop_orphans(home).await;
        let (lifeline, _) = Lifeline::new();
        let server = PostgresServer::new(home, &Settings::load(&home.settings_file())?, &lifeline)?;
        let child = server.start().await?;
        Ok(Self { database: server.database(), started: Some((child, lock)) })
    }

    pub async fn close(self) {
        if let Some((child, _lock)) = self.started {
            child.stop().await;
        }
    }
}

/// `DATABASE_URL`, where PostgreSQL is somebody else's.
pub fn external_url() -> Option<String> {
    std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty())
}

/// The keys of a home that was started before.
pub fn secrets_of(home: &Home) -> anyhow::Result<Secrets> {
    Secrets::load(&home.keys_file())?.with_context(|| {
        format!("{} is not a Hearth home yet. Start it once: ./hearth up", home.root().display())
    })
}
