//! The child processes of one machine: PostgreSQL, Redis and the edge daemon, started, watched and
//! stopped. What is asked of them once they answer is not this module's business.

mod binaries;
mod child;
mod edge;
mod lock;
mod log_file;
mod orphans;
mod os_user;
mod postgres;
mod redis_server;

use std::path::PathBuf;
use std::time::Duration;

pub use binaries::{PostgresBinaries, find_edge, find_postgres, find_redis};
pub use child::{Child, LastChild, Lifeline};
pub use edge::EdgeDaemon;
pub(crate) use edge::free_port;
pub use lock::{HomeLock, running};
pub use log_file::open_log;
pub use orphans::stop_orphans;
pub use os_user::OsUser;
pub use postgres::PostgresServer;
pub use redis_server::RedisServer;

/// Why a child can't be started, in words for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum SuperviseError {
    #[error("{program} is not installed: {advice}")]
    NotFound { program: &'static str, advice: &'static str },
    #[error("{program} can't be started from {path}: {source}")]
    Spawn { program: &'static str, path: PathBuf, source: std::io::Error },
    #[error("{program} did not start; its log {log} ends with:\n{tail}")]
    Died { program: &'static str, log: PathBuf, tail: String },
    #[error("{program} does not answer after {waited:?}; its log is {log}")]
    Silent { program: &'static str, log: PathBuf, waited: Duration },
    #[error("{0}")]
    User(String),
    #[error(
        "the user {user} can't reach {folder}, which PostgreSQL and Redis must not run as root for; \
         choose a home that everyone may pass through with --home, or: chmod o+x {folder}"
    )]
    Unreachable { user: String, folder: PathBuf },
    #[error(
        "{home} runs already (process {pid}){place}; stop that one first, or choose another home with --home"
    )]
    RunsAlready { home: PathBuf, pid: u32, place: String },
    #[error(
        "the data in {folder} is of PostgreSQL {found}, and the PostgreSQL found here is {installed}; \
         install PostgreSQL {found}, or name its programs' folder as postgres_bin in settings.toml"
    )]
    OtherVersion { folder: PathBuf, found: String, installed: String },
    #[error("{what}: {source}")]
    File { what: String, source: std::io::Error },
    #[error(transparent)]
    Home(#[from] crate::home::HomeError),
}

impl SuperviseError {
    fn file(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::File { what, source }
    }
}
