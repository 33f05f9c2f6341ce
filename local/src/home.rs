//! The home folder: where one machine's Hearth keeps everything, and who may read it.
//!
//! Only paths and permissions live here; what the files hold belongs to the modules that read them.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// A socket's address holds about 104 bytes on macOS and 108 on Linux, PostgreSQL's file name included.
const LONGEST_SOCKET_FOLDER: usize = 78;

/// The home folder's layout. Cloning it copies paths, nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

/// Why a home folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    #[error("no home folder is known: set HEARTH_HOME or pass --home")]
    Unknown,
    #[error("the folder {path} can't be made or entered: {source}; choose another one with --home")]
    Folder { path: PathBuf, source: io::Error },
}

impl Home {
    /// The home at `path`, made absolute, so that child processes read the same path.
    pub fn at(path: impl AsRef<Path>) -> Result<Self, HomeError> {
        let path = path.as_ref();
        let root = std::path::absolute(path)
            .map_err(|source| HomeError::Folder { path: path.to_owned(), source })?;
        Ok(Self { root })
    }

    /// The one that `--home` names, else `$HEARTH_HOME`, else the platform's data folder.
    pub fn locate(flag: Option<PathBuf>) -> Result<Self, HomeError> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(path) = flag.or_else(|| set("HEARTH_HOME")) {
            return Self::at(path);
        }
        if is_root() {
            return Self::at("/var/lib/hearth");
        }
        if cfg!(target_os = "macos") {
            let user = set("HOME").ok_or(HomeError::Unknown)?;
            return Self::at(user.join("Library/Application Support/hearth"));
        }
        if let Some(data) = set("XDG_DATA_HOME") {
            return Self::at(data.join("hearth"));
        }
        Self::at(set("HOME").ok_or(HomeError::Unknown)?.join(".local/share/hearth"))
    }

    /// Makes the folders that are missing. The root may be passed through (the databases' own users
    /// must reach their folders), and is listed by its owner only; the secrets by nobody else.
    pub fn prepare(&self) -> Result<(), HomeError> {
        let passable = if is_root() { 0o711 } else { 0o700 };
        // A folder that was there is someone's choice: its permissions are theirs.
        if !self.root.is_dir() {
            folder(&self.root, passable)?;
        }
        folder(&self.run(), passable)?;
        folder(&self.logs(), 0o700)?;
        folder(&self.models(), 0o700)?;
        folder(&self.backups(), 0o700)?;
        folder(&self.secrets(), 0o700)
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn secrets(&self) -> PathBuf {
        self.root.join("secrets")
    }

    pub fn keys_file(&self) -> PathBuf {
        self.secrets().join("keys.json")
    }

    pub fn settings_file(&self) -> PathBuf {
        self.root.join("settings.toml")
    }

    /// PostgreSQL's data directory.
    pub fn postgres(&self) -> PathBuf {
        self.root.join("postgres")
    }

    /// Redis's working folder, where its append-only file lives.
    pub fn redis(&self) -> PathBuf {
        self.root.join("redis")
    }

    pub fn models(&self) -> PathBuf {
        self.root.join("models")
    }

    pub fn backups(&self) -> PathBuf {
        self.root.join("backups")
    }

    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// One program's log: `hearth`, `postgres`, `redis` or `edge`.
    pub fn log(&self, program: &str) -> PathBuf {
        self.logs().join(format!("{program}.log"))
    }

    pub fn run(&self) -> PathBuf {
        self.root.join("run")
    }

    /// Holds the process id of `hearth up`, and its lock while it runs.
    pub fn pid_file(&self) -> PathBuf {
        self.run().join("hearth.pid")
    }

    /// What `up --json` printed, without the first login.
    pub fn up_file(&self) -> PathBuf {
        self.run().join("up.json")
    }

    /// Where `program` puts its socket: in `run/`, or under `/tmp` in a folder named after the home
    /// where the path would be too long for a socket's address.
    pub fn socket_folder(&self, program: &str) -> PathBuf {
        let beside = self.run().join(program);
        if beside.as_os_str().len() <= LONGEST_SOCKET_FOLDER {
            return beside;
        }
        let digest = Sha256::digest(self.root.as_os_str().as_encoded_bytes());
        PathBuf::from("/tmp").join(format!("hearth-{}-{program}", hex::encode(&digest[..8])))
    }

    pub fn redis_socket(&self) -> PathBuf {
        self.socket_folder("redis").join("redis.sock")
    }
}

/// Whether this process runs as root.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Makes a folder of ours with these permissions, and gives them to one that is there.
pub(crate) fn folder(path: &Path, mode: u32) -> Result<(), HomeError> {
    let failed = |source| HomeError::Folder { path: path.to_owned(), source };
    if !path.is_dir() {
        if let Some(parent) = path.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o755).create(parent).map_err(failed)?;
        }
        match fs::DirBuilder::new().mode(mode).create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
            made => made.map_err(failed)?,
        }
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(failed)
}

/// Writes a file that only its owner reads, all of it or none: a crash leaves the older one.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_home_has_its_sockets_under_tmp() {
        let short = Home::at("/var/lib/hearth").unwrap();
        assert_eq!(short.socket_folder("redis"), PathBuf::from("/var/lib/hearth/run/redis"));
        let long = Home::at(format!("/{}", "x".repeat(100))).unwrap();
        assert!(long.socket_folder("postgres").starts_with("/tmp"));
        assert!(long.socket_folder("postgres").as_os_str().len() < LONGEST_SOCKET_FOLDER);
    }

    #[test]
    fn a_private_file_is_read_by_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        write_private(&path, b"{}").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read(&path).unwrap(), b"{}");
    }
}
