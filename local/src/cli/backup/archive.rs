//! The file itself: a tar of the dump, the roles, the keys, the settings and a manifest.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use tokio::process::Command;

use super::cluster::Rows;
use crate::home::{Home, write_private};

/// Raised when an older program could no longer restore what a newer one writes.
const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    format: u32,
    version: String,
    pub made_at: String,
    pub rows: Rows,
}

impl Manifest {
    pub fn new(rows: Rows) -> Self {
        Self { format: FORMAT, version: env!("CARGO_PKG_VERSION").into(), made_at: timestamp(), rows }
    }
}

/// What goes into the file, in a folder of its own until it is written, and what came out of one.
pub struct Archive {
    folder: PathBuf,
}

impl Archive {
    pub fn new(home: &Home) -> anyhow::Result<Self> {
        let folder = home.backups().join(format!(".work-{}", std::process::id()));
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
        Ok(Self { folder })
    }

    pub async fn open(home: &Home, file: &Path) -> anyhow::Result<Self> {
        if !file.is_file() {
            bail!("there is no file {}", file.display());
        }
        let archive = Self::new(home)?;
        let names = ["manifest.json", "database.dump", "roles.sql", "keys.json"];
        let mut tar = Command::new("tar");
        tar.arg("-xf").arg(file).arg("-C").arg(&archive.folder).arg("--no-same-owner");
        run(tar).await.with_context(|| format!("{} can't be unpacked", file.display()))?;
        match names.into_iter().find(|name| !archive.path(name).is_file()) {
            Some(missing) => bail!("{} is no backup of Hearth: {missing} is not in it", file.display()),
            None => Ok(archive),
        }
    }

    pub fn dump_file(&self) -> PathBuf {
        self.path("database.dump")
    }

    pub fn roles_file(&self) -> PathBuf {
        self.path("roles.sql")
    }

    pub fn settings_file(&self) -> PathBuf {
        self.path("settings.toml")
    }

    pub fn manifest(&self) -> anyhow::Result<Manifest> {
        let manifest: Manifest = serde_json::from_slice(&fs::read(self.path("manifest.json"))?)?;
        if manifest.format > FORMAT {
            bail!(
                "this backup was made by Hearth {}, which is newer. Update Hearth first.",
                manifest.version
            );
        }
        Ok(manifest)
    }

    /// Takes the home's keys and settings.
    pub fn add_home(&self, home: &Home) -> anyhow::Result<()> {
        write_private(&self.path("keys.json"), &fs::read(home.keys_file())?)?;
        if home.settings_file().exists() {
            write_private(&self.settings_file(), &fs::read(home.settings_file())?)?;
        }
        Ok(())
    }

    /// Gives the keys and settings to the home. The saved session is of another time.
    pub fn restore_home(&self, home: &Home) -> anyhow::Result<()> {
        write_private(&home.keys_file(), &fs::read(self.path("keys.json"))?)?;
        if self.settings_file().exists() {
            write_private(&home.settings_file(), &fs::read(self.settings_file())?)?;
        }
        match fs::remove_file(home.secrets().join("session.json")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Writes the file, readable by its owner alone, whole or not at all.
    pub async fn write(&self, manifest: &Manifest, file: &Path) -> anyhow::Result<()> {
        fs::write(self.path("manifest.json"), serde_json::to_vec_pretty(manifest)?)?;
        let part = file.with_added_extension("part");
        write_private(&part, b"")?;
        let mut tar = Command::new("tar");
        tar.arg("-cf").arg(&part).arg("-C").arg(&self.folder).arg(".");
        let written = run(tar).await.with_context(|| format!("{} can't be written", file.display()));
        if written.is_err() {
            let _ = fs::remove_file(&part);
        }
        written?;
        Ok(fs::rename(part, file)?)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Runs a program to its end; what it said is the error.
pub async fn run(mut command: Command) -> anyhow::Result<()> {
    let name = command.as_std().get_program().to_string_lossy().into_owned();
    let output = command.output().await.with_context(|| format!("{name} can't be started"))?;
    if !output.status.success() {
        bail!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// Now, in UTC, as `2026-11-23T10-05-00Z`: sorts, and is a file name everywhere.
pub fn timestamp() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}-{minute:02}-{second:02}Z")
}

/// The civil date of a day since 1970. Source: H. Hinnant, chrono-compatible low-level date algorithms.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(date(19_782), (2024, 2, 29));
        assert_eq!(date(20_780), (2026, 11, 23));
    }
}
