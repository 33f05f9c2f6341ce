//! A PostgreSQL cluster of our own: made once, started on a socket that no one else reaches.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use tokio::process::Command;

use super::child::Recipe;
use super::{Child, Lifeline, OsUser, PostgresBinaries, SuperviseError, find_postgres, log_file};
use crate::database::{Database, Role};
use crate::home::Home;
use crate::settings::Settings;

/// What a small machine needs, and what keeps people's text out of the log.
const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "max_connections=40",
    "shared_buffers=64MB",
    "jit=off",
    "idle_in_transaction_session_timeout=120s",
    "log_statement=none",
    "log_min_error_statement=panic",
    // What is above an error in this order: the server's own life. An error can quote its input.
    "log_min_messages=log",
    "log_error_verbosity=terse",
    "log_checkpoints=off",
];

/// The cluster's place and its programs.
#[derive(Debug)]
pub struct PostgresServer {
    home: Home,
    lifeline: Lifeline,
    user: OsUser,
    binaries: PostgresBinaries,
    data: PathBuf,
    sockets: PathBuf,
}

impl PostgresServer {
    /// Finds the programs. The cluster is that of the home, unless `data` names another folder beside it.
    pub fn new(home: &Home, settings: &Settings, lifeline: &Lifeline) -> Result<Self, SuperviseError> {
        let data = home.postgres();
        Ok(Self {
            user: OsUser::for_child("postgres")?,
            binaries: find_postgres(settings, &data)?,
            sockets: home.socket_folder("postgres"),
            home: home.clone(),
            lifeline: lifeline.clone(),
            data,
        })
    }

    pub fn binaries(&self) -> &PostgresBinaries {
        &self.binaries
    }

    pub fn database(&self) -> Database {
        Database::own(&self.sockets)
    }

    /// Makes the cluster where there is none, starts it, and waits until it takes connections.
    pub async fn start(&self) -> Result<Child, SuperviseError> {
        self.user.reaches(&self.data)?;
        self.user.own_folder(&self.sockets)?;
        if !self.data.join("PG_VERSION").exists() {
            self.init().await?;
        }
        self.write_access()?;
        let (program, user) = (self.binaries.program("postgres"), self.user.clone());
        let (data, sockets) = (self.data.clone(), self.sockets.clone());
        let command = move || {
            let mut command = Command::new(&program);
            command.arg("-D").arg(&data).arg("-k").arg(&sockets);
            for setting in SETTINGS {
                command.args(["-c", setting]);
            }
            // PostgreSQL reads PG* and LC_* of its own; nothing of ours is its business.
            command.env_clear().env("PATH", "/usr/bin:/bin").current_dir(&data);
            user.run(&mut command);
            command
        };
        let child = Child::start(Recipe {
            program: "postgres",
            home: self.home.clone(),
            lifeline: self.lifeline.clone(),
            command: Box::new(command),
            // A fast shutdown: open transactions are rolled back, the rest is written.
            stop: Signal::INT,
            patience: Duration::from_secs(20),
        })?;
        let database = self.database();
        let answers = || async { database.connect(Role::Superuser).await.is_ok() };
        match child.ready(Duration::from_secs(60), answers).await {
            Ok(()) => Ok(child),
            Err(error) => {
                child.stop().await;
                Err(error)
            }
        }
    }

    /// Makes the cluster beside its place and then moves it there: one that is half made is never found.
    async fn init(&self) -> Result<(), SuperviseError> {
        let making = making(&self.data);
        let trouble = |source| SuperviseError::File { what: making.display().to_string(), source };
        if making.exists() {
            std::fs::remove_dir_all(&making).map_err(trouble)?;
        }
        self.user.own_folder(&making)?;
        let path = self.home.log("postgres");
        let log = super::open_log(&path).map_err(trouble)?;
        let mut command = Command::new(self.binaries.program("initdb"));
        command
            .arg("-D")
            .arg(&making)
            .args(["-U", Role::Superuser.name(), "-E", "UTF8", "--auth=reject", "--data-checksums"])
            .arg(if cfg!(target_os = "macos") { "--locale=C" } else { "--locale=C.UTF-8" })
            .arg("--no-instructions")
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .current_dir("/")
            .kill_on_drop(true)
            .stdin(std::process::Stdio::null())
            .stdout(log.try_clone().map_err(trouble)?)
            .stderr(log);
        self.user.run(&mut command);
        let status = command.status().await.map_err(|source| SuperviseError::Spawn {
            program: "initdb",
            path: self.binaries.program("initdb"),
            source,
        })?;
        if !status.success() {
            let tail = log_file::tail(&path, 8);
            return Err(SuperviseError::Died { program: "initdb", log: path, tail });
        }
        std::fs::rename(&making, &self.data).map_err(trouble)
    }

    /// Who may connect: this program's user and the server's own, as the four roles, by socket only.
    fn write_access(&self) -> Result<(), SuperviseError> {
        let this = OsUser::this()?;
        let mut names = vec![this.name, self.user.name.clone()];
        names.dedup();
        let idents: String = names
            .iter()
            .flat_map(|user| Role::ALL.map(|role| format!("hearth \"{user}\" {}\n", role.name())))
            .collect();
        self.write("pg_ident.conf", &idents)?;
        self.write("pg_hba.conf", "local all all peer map=hearth\n")
    }

    fn write(&self, name: &str, content: &str) -> Result<(), SuperviseError> {
        let path: &Path = &self.data.join(name);
        crate::home::write_private(path, content.as_bytes())
            .and_then(|()| self.user.own(path))
            .map_err(SuperviseError::file(path.display().to_string()))
    }
}

/// Where a cluster is made before it is moved to its place.
pub(super) fn making(data: &Path) -> PathBuf {
    data.with_extension("making")
}
