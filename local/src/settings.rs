//! `settings.toml`: what an owner chose for this home. Flags and the environment win over it.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

pub const DEFAULT_PORT: u16 = 8787;
pub const DEFAULT_EDGE_PORT: u16 = 8788;

/// Every setting may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The model that answers: a name of the catalogue, or a GGUF file's path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edge_port: Option<u16>,
    /// The folder with `initdb` and `postgres`, where it is none of the usual ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postgres_bin: Option<PathBuf>,
    /// The folder with `redis-server`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis_bin: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("{path} can't be read: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error("{path} can't be written: {source}")]
    Write { path: PathBuf, source: io::Error },
    #[error("{path} has a mistake: {message}")]
    Syntax { path: PathBuf, message: String },
}

impl Settings {
    /// A file that is not there means that nothing was chosen.
    pub fn load(path: &Path) -> Result<Self, SettingsError> {
        match fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text)
                .map_err(|error| SettingsError::Syntax { path: path.to_owned(), message: error.to_string() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(SettingsError::Read { path: path.to_owned(), source }),
        }
    }

    pub fn save(&self, path: &Path) -> Result<(), SettingsError> {
        let text = toml::to_string(self)
            .map_err(|error| SettingsError::Syntax { path: path.to_owned(), message: error.to_string() })?;
        crate::home::write_private(path, text.as_bytes())
            .map_err(|source| SettingsError::Write { path: path.to_owned(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        assert_eq!(Settings::load(&path).unwrap(), Settings::default());
        let chosen = Settings { model: Some("qwen3-0.6b".into()), port: Some(9000), ..Settings::default() };
        chosen.save(&path).unwrap();
        assert_eq!(Settings::load(&path).unwrap(), chosen);
    }

    #[test]
    fn a_misspelt_setting_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        fs::write(&path, "modle = \"x\"").unwrap();
        assert!(Settings::load(&path).unwrap_err().to_string().contains("modle"));
    }
}
