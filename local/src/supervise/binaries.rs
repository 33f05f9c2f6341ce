//! Where the programs are: a setting first, then the system's and Homebrew's folders, then PATH.

use std::path::{Path, PathBuf};

use super::SuperviseError;
use crate::settings::Settings;

/// The programs of one PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresBinaries {
    folder: PathBuf,
}

impl PostgresBinaries {
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The major version, as `postgres --version` says it.
    pub fn major(&self) -> Option<String> {
        let output = std::process::Command::new(self.program("postgres")).arg("--version").output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
        Some(version.split('.').next().unwrap_or(version).to_owned())
    }
}

/// PostgreSQL's programs; of several versions the one that `data` was made by, else the newest.
pub fn find_postgres(settings: &Settings, data: &Path) -> Result<PostgresBinaries, SuperviseError> {
    let whole = |folder: &PathBuf| is_program(&folder.join("postgres")) && is_program(&folder.join("initdb"));
    let made_by = std::fs::read_to_string(data.join("PG_VERSION")).ok().map(|text| text.trim().to_owned());
    if let Some(folder) = settings.postgres_bin.clone().filter(whole) {
        return fitting(PostgresBinaries { folder }, made_by.as_deref(), data);
    }
    let mut found: Vec<PathBuf> = versioned("/usr/lib/postgresql", "", "bin")
        .chain(versioned("/opt/homebrew/opt", "postgresql@", "bin"))
        .chain(versioned("/usr/local/opt", "postgresql@", "bin"))
        .chain(versioned("/usr", "pgsql-", "bin"))
        .chain(on_path())
        .filter(whole)
        .collect();
    if found.is_empty() {
        return Err(SuperviseError::NotFound {
            program: "PostgreSQL",
            advice: "install it (Debian and Ubuntu: apt install postgresql; macOS: brew install postgresql@17), \
                     or point DATABASE_URL at a server that runs",
        });
    }
    let right = made_by.as_ref().and_then(|version| {
        found.iter().position(|folder| folder.to_string_lossy().contains(version.as_str()))
    });
    let folder = found.swap_remove(right.unwrap_or(0));
    fitting(PostgresBinaries { folder }, made_by.as_deref(), data)
}

/// A data folder is read by the major version that made it, and by no other.
fn fitting(
    binaries: PostgresBinaries,
    made_by: Option<&str>,
    data: &Path,
) -> Result<PostgresBinaries, SuperviseError> {
    let Some(found) = made_by else { return Ok(binaries) };
    match binaries.major() {
        Some(installed) if installed != found => {
            Err(SuperviseError::OtherVersion { folder: data.to_owned(), found: found.to_owned(), installed })
        }
        _ => Ok(binaries),
    }
}

pub fn find_redis(settings: &Settings) -> Result<PathBuf, SuperviseError> {
    let usual = ["/usr/bin", "/opt/homebrew/bin", "/usr/local/bin"].map(PathBuf::from);
    settings
        .redis_bin
        .clone()
        .into_iter()
        .chain(usual)
        .chain(on_path())
        .flat_map(|folder| [folder.join("redis-server"), folder.join("valkey-server")])
        .find(|path| is_program(path))
        .ok_or(SuperviseError::NotFound {
            program: "Redis",
            advice: "install it (Debian and Ubuntu: apt install redis-server; macOS: brew install redis), \
                     or point REDIS_URL at a server that runs",
        })
}

/// The daemon is built beside this program.
pub fn find_edge() -> Result<PathBuf, SuperviseError> {
    std::env::current_exe()
        .ok()
        .and_then(|this| this.parent().map(|folder| folder.join("hearth-edge")))
        .into_iter()
        .chain(on_path().map(|folder| folder.join("hearth-edge")))
        .find(|path| is_program(path))
        .ok_or(SuperviseError::NotFound {
            program: "hearth-edge",
            advice: "build it beside this program: cargo build --release -p hearth-edge",
        })
}

/// `root/<prefix><version>/<leaf>`, the newest version first.
fn versioned(root: &str, prefix: &str, leaf: &str) -> impl Iterator<Item = PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir(root)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path().join(leaf)))
        })
        .collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, path)| path)
}

fn on_path() -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).collect::<Vec<_>>().into_iter()
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
