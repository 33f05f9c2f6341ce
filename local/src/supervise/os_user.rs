//! The operating system's users: PostgreSQL refuses to run as root, and Redis has no need to.

use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::process::Command;

use super::SuperviseError;
use crate::home::is_root;

/// Who a child runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OsUser {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
    /// Whether this is another user than the one this process runs as.
    pub other: bool,
}

impl OsUser {
    /// The unprivileged user `name` where this process is root's, else this process's own user.
    pub fn for_child(name: &'static str) -> Result<Self, SuperviseError> {
        if !is_root() {
            return Self::this();
        }
        let missing = |_| {
            SuperviseError::User(format!(
                "{name} does not run as root, and there is no user named {name}; \
                 install the system's package of it, or run Hearth as another user"
            ))
        };
        let number =
            |flag| ask(&[flag, name]).and_then(|text| text.parse().map_err(|_| text)).map_err(missing);
        Ok(Self { name: name.to_owned(), uid: number("-u")?, gid: number("-g")?, other: true })
    }

    /// The user of this process.
    pub fn this() -> Result<Self, SuperviseError> {
        let uid = rustix::process::geteuid().as_raw();
        let name = ask(&["-un"])
            .map_err(|_| SuperviseError::User(format!("the user with the number {uid} has no name here")))?;
        Ok(Self { name, uid, gid: rustix::process::getegid().as_raw(), other: false })
    }

    /// Gives a file or folder to this user.
    pub fn own(&self, path: &Path) -> std::io::Result<()> {
        if self.other { chown(path, Some(self.uid), Some(self.gid)) } else { Ok(()) }
    }

    /// A folder of this user's own, which no one else enters.
    pub fn own_folder(&self, path: &Path) -> Result<(), SuperviseError> {
        crate::home::folder(path, 0o700)?;
        self.own(path).map_err(SuperviseError::file(format!("{} can't be given away", path.display())))?;
        // Under /tmp someone else could have made it first.
        let owner =
            std::fs::symlink_metadata(path).map_err(SuperviseError::file(path.display().to_string()))?;
        if owner.uid() == self.uid && owner.is_dir() {
            return Ok(());
        }
        Err(SuperviseError::User(format!("{} belongs to someone else; remove it", path.display())))
    }

    /// Whether the user may pass through every folder above `path`.
    pub fn reaches(&self, path: &Path) -> Result<(), SuperviseError> {
        if !self.other {
            return Ok(());
        }
        for folder in path.ancestors().skip(1) {
            let Ok(meta) = std::fs::metadata(folder) else { continue };
            let bit = match (meta.uid() == self.uid, meta.gid() == self.gid) {
                (true, _) => 0o100,
                (false, true) => 0o010,
                (false, false) => 0o001,
            };
            if meta.mode() & bit == 0 {
                return Err(SuperviseError::Unreachable {
                    user: self.name.clone(),
                    folder: folder.to_owned(),
                });
            }
        }
        Ok(())
    }

    /// Makes `command` run as this user.
    pub fn run(&self, command: &mut tokio::process::Command) {
        if self.other {
            // The uid last: without root's rights the gid could no longer be set. `Command` knows.
            command.gid(self.gid).uid(self.uid);
        }
    }
}

/// `id` reads every source of users that the system has; /etc/passwd is one of several.
fn ask(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("id").args(arguments).output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() && !text.is_empty() { Ok(text) } else { Err(text) }
}
