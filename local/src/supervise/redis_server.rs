//! A Redis of our own, on a socket, which keeps what it is told across restarts.

use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::Command;

use super::child::Recipe;
use super::{Child, Lifeline, OsUser, SuperviseError, find_redis};
use crate::home::Home;
use crate::settings::Settings;

#[derive(Debug)]
pub struct RedisServer {
    home: Home,
    lifeline: Lifeline,
    user: OsUser,
    program: PathBuf,
    socket: PathBuf,
}

impl RedisServer {
    pub fn new(home: &Home, settings: &Settings, lifeline: &Lifeline) -> Result<Self, SuperviseError> {
        Ok(Self {
            user: OsUser::for_child("redis")?,
            program: find_redis(settings)?,
            socket: home.redis_socket(),
            home: home.clone(),
            lifeline: lifeline.clone(),
        })
    }

    /// As `redis://` clients name a socket.
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket.display())
    }

    pub async fn start(&self) -> Result<Child, SuperviseError> {
        let data = self.home.redis();
        self.user.reaches(&data)?;
        self.user.own_folder(&data)?;
        self.user.own_folder(&self.home.socket_folder("redis"))?;
        let (program, user, socket) = (self.program.clone(), self.user.clone(), self.socket.clone());
        let command = move || {
            let mut command = Command::new(&program);
            command
                .args(["--port", "0", "--unixsocketperm", "700", "--unixsocket"])
                .arg(&socket)
                .arg("--dir")
                .arg(&data)
                // An append-only file written each second; no snapshots beside it.
                .args(["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""])
                // With its arguments as they were given, a later run knows this process for ours.
                .args(["--set-proc-title", "no", "--daemonize", "no", "--databases", "1"])
                .args(["--maxmemory", "256mb", "--maxmemory-policy", "noeviction"])
                .env_clear()
                .env("PATH", "/usr/bin:/bin")
                .current_dir(&data);
            user.run(&mut command);
            command
        };
        let child = Child::start(Recipe {
            program: "redis",
            home: self.home.clone(),
            lifeline: self.lifeline.clone(),
            command: Box::new(command),
            stop: Signal::TERM,
            patience: Duration::from_secs(10),
        })?;
        match child.ready(Duration::from_secs(60), || answers(&self.socket)).await {
            Ok(()) => Ok(child),
            Err(error) => {
                child.stop().await;
                Err(error)
            }
        }
    }
}

/// `-LOADING` is an answer too, but not yet the one to wait for.
async fn answers(socket: &PathBuf) -> bool {
    let ping = async {
        let mut stream = UnixStream::connect(socket).await?;
        stream.write_all(b"PING\r\n").await?;
        let mut answer = [0; 7];
        stream.read_exact(&mut answer).await?;
        Ok::<_, std::io::Error>(&answer == b"+PONG\r\n")
    };
    matches!(tokio::time::timeout(Duration::from_secs(1), ping).await, Ok(Ok(true)))
}
