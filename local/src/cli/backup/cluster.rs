//! PostgreSQL's side of a backup: dumping, restoring into a cluster of its own, and counting what is there.

use std::fmt;
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use sqlx::Connection as _;
use tokio::process::Command;

use super::archive::{Archive, run};
use crate::database::{Database, NAME, Role};
use crate::home::Home;
use crate::settings::Settings;
use crate::supervise::{Lifeline, PostgresBinaries, PostgresServer};

/// What people would miss first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    people: u64,
    conversations: u64,
    messages: u64,
}

impl Rows {
    /// The first table of which `copy` has fewer rows than this: its name, the copy's count and this one's.
    pub fn lacking(&self, copy: &Self) -> Option<(&'static str, u64, u64)> {
        [
            ("people", copy.people, self.people),
            ("conversations", copy.conversations, self.conversations),
            ("messages", copy.messages, self.messages),
        ]
        .into_iter()
        .find(|(_, there, here)| there < here)
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} people, {} conversations, {} messages", self.people, self.conversations, self.messages)
    }
}

pub async fn count(database: &Database) -> anyhow::Result<Rows> {
    let mut connection = database.connect(Role::Superuser).await?;
    let query = "select (select count(*) from auth.users), (select count(*) from public.conversations), \
                 (select count(*) from public.messages)";
    let (people, conversations, messages): (i64, i64, i64) =
        sqlx::query_as(query).fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(Rows { people: people as u64, conversations: conversations as u64, messages: messages as u64 })
}

/// Writes the database, as of one moment, and the roles that its rights name.
pub async fn dump(binaries: &PostgresBinaries, sockets: &Path, archive: &Archive) -> anyhow::Result<()> {
    let mut roles = tool(binaries, "pg_dumpall", sockets);
    roles.args(["--roles-only", "--no-role-passwords", "-f"]).arg(archive.roles_file());
    run(roles).await?;
    let mut database = tool(binaries, "pg_dump", sockets);
    database.args(["-Fc", "--create", "-f"]).arg(archive.dump_file()).arg(NAME);
    run(database).await
}

fn tool(binaries: &PostgresBinaries, name: &str, sockets: &Path) -> Command {
    let mut command = Command::new(binaries.program(name));
    command
        .env("PGHOST", sockets)
        .env("PGUSER", Role::Superuser.name())
        .env_remove("PGPORT")
        .stdin(std::process::Stdio::null());
    command
}

/// A cluster beside the home's own, removed in the end unless it takes that one's place.
pub struct Cluster {
    home: Home,
    settings: Settings,
}

impl Cluster {
    pub fn scratch(home: &Home, settings: &Settings) -> anyhow::Result<Self> {
        // On the home's own disk, so that it can be moved into place, and where PostgreSQL's user may pass.
        let folder = home.run().join(format!("scratch-{}", std::process::id()));
        let scratch = Home::at(folder)?;
        scratch.prepare()?;
        Ok(Self { home: scratch, settings: settings.clone() })
    }

    /// Restores the archive into this cluster, and counts what is in it.
    pub async fn restore(&self, archive: &Archive) -> anyhow::Result<Rows> {
        let (lifeline, _) = Lifeline::new();
        let server = PostgresServer::new(&self.home, &self.settings, &lifeline)?;
        let child = server.start().await?;
        let done = self.fill(&server, archive).await;
        child.stop().await;
        done
    }

    async fn fill(&self, server: &PostgresServer, archive: &Archive) -> anyhow::Result<Rows> {
        let sockets = self.home.socket_folder("postgres");
        let mut roles = tool(server.binaries(), "psql", &sockets);
        // The cluster's own superuser exists already; that one statement fails, and may.
        roles.args(["-X", "-q", "-d", "template1", "-f"]).arg(archive.roles_file());
        run(roles).await.context("restoring the roles")?;
        let mut database = tool(server.binaries(), "pg_restore", &sockets);
        database.args(["--create", "--clean", "--if-exists", "--exit-on-error", "-d", "template1"]);
        database.arg(archive.dump_file());
        run(database).await.context("restoring the database")?;
        count(&server.database()).await
    }

    /// Moves this cluster's data to `data`, whose former content goes.
    pub fn take_the_place_of(self, data: &Path) -> std::io::Result<()> {
        let former = data.with_extension("former");
        if data.exists() {
            std::fs::rename(data, &former)?;
        }
        std::fs::rename(self.home.postgres(), data)?;
        if former.exists() { std::fs::remove_dir_all(former) } else { Ok(()) }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The sockets lie elsewhere where the path would be too long for one.
        for folder in [self.home.socket_folder("postgres"), self.home.root().to_owned()] {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}
