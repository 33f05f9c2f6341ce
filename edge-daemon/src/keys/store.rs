//! The file of keys. It holds hashes: a key itself is shown once, when it is made.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::private_file;

/// What every key begins with, so that a leaked one can be recognised.
const PREFIX: &str = "hearth_edge_sk_";

/// One key, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// For revoking it, and for the log.
    pub id: String,
    /// The owner's word for it.
    pub name: String,
    /// SHA-256 of the key, in hex. A key has 244 random bits: no salt is needed.
    pub hash: String,
    /// RFC 3339, UTC.
    pub created: String,
    /// Requests a minute; none is any number.
    #[serde(default)]
    pub rate: Option<u32>,
    /// Tokens a day (UTC), read and written; none is any number.
    #[serde(default)]
    pub tokens: Option<u64>,
    /// Whether its holder may load, unload and pin models, which everybody else feels.
    #[serde(default)]
    pub manage: bool,
}

/// What a new key may do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Grant {
    /// Requests a minute; none is any number.
    pub rate: Option<u32>,
    /// Tokens a day (UTC); none is any number.
    pub tokens: Option<u64>,
    /// To load, unload and pin models.
    pub manage: bool,
}

/// All keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFile {
    pub keys: Vec<KeyRecord>,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{path} cannot be read: {source}")]
    Unreadable { path: String, source: io::Error },
    #[error("{path} is no file of keys ({source}); move it away, and `hearth-edge keys add` makes a new one")]
    Damaged { path: String, source: serde_json::Error },
    #[error("{path} cannot be written: {source}")]
    Unwritable { path: String, source: io::Error },
    #[error("there is no key `{0}`; `hearth-edge keys list` shows them")]
    NoSuchKey(String),
    #[error("there is a key `{0}` already; revoke it first, or choose another name")]
    Exists(String),
}

/// A key that was just made: the only time it can be seen.
#[derive(Debug)]
pub struct NewKey {
    pub record: KeyRecord,
    pub secret: String,
}

impl KeyFile {
    /// Reads the file; one that is not there is empty.
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        let shown = path.display().to_string();
        match fs::read(path) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map_err(|source| StoreError::Damaged { path: shown, source })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(StoreError::Unreadable { path: shown, source }),
        }
    }

    /// Changes the file while no other command does.
    pub fn change<T>(
        path: &Path,
        change: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        private_file::change(path, Self::read, change, |source| StoreError::Unwritable {
            path: path.display().to_string(),
            source,
        })
    }

    /// Makes a key. Its name is free afterwards only if it is revoked.
    pub fn add(&mut self, name: &str, grant: Grant) -> Result<NewKey, StoreError> {
        if self.keys.iter().any(|key| key.name == name) {
            return Err(StoreError::Exists(name.to_owned()));
        }
        let random = || uuid::Uuid::new_v4().simple().to_string();
        let secret = format!("{PREFIX}{}{}", random(), random());
        let record = KeyRecord {
            id: format!("key_{}", &random()[..12]),
            name: name.to_owned(),
            hash: hash(&secret),
            created: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            rate: grant.rate,
            tokens: grant.tokens,
            manage: grant.manage,
        };
        self.keys.push(record.clone());
        Ok(NewKey { record, secret })
    }

    /// Takes a key out, by its name or its id.
    pub fn revoke(&mut self, which: &str) -> Result<KeyRecord, StoreError> {
        let at = self.keys.iter().position(|key| key.name == which || key.id == which);
        at.map(|at| self.keys.remove(at)).ok_or_else(|| StoreError::NoSuchKey(which.to_owned()))
    }
}

/// What is kept of a key.
pub fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_key_is_kept_as_a_hash_that_only_the_owner_can_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/keys.json");
        let add = |file: &mut KeyFile| file.add("laptop", Grant { rate: Some(60), ..Grant::default() });
        let NewKey { record, secret } = KeyFile::change(&path, add).unwrap();

        assert!(secret.starts_with(PREFIX) && secret.len() > 70);
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains(&secret) && text.contains(&hash(&secret)), "{text}");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(KeyFile::read(&path).unwrap(), KeyFile { keys: vec![record] });
        assert!(matches!(KeyFile::change(&path, add), Err(StoreError::Exists(_))));
    }

    #[test]
    fn of_several_at_once_none_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        std::thread::scope(|scope| {
            for n in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    KeyFile::change(path, |file| file.add(&format!("n{n}"), Grant::default())).unwrap()
                });
            }
        });
        assert_eq!(KeyFile::read(&path).unwrap().keys.len(), 8);
    }

    #[test]
    fn a_key_is_revoked_by_its_name_or_its_id() {
        let mut file = KeyFile::default();
        let first = file.add("first", Grant::default()).unwrap().record;
        file.add("second", Grant::default()).unwrap();
        assert_eq!(file.revoke("second").unwrap().name, "second");
        assert_eq!(file.revoke(&first.id).unwrap(), first);
        assert!(matches!(file.revoke("first"), Err(StoreError::NoSuchKey(_))));
    }

    #[test]
    fn a_record_that_says_nothing_of_it_may_not_manage() {
        let record = r#"{"id": "key_1", "name": "old", "hash": "00", "created": "2026-01-01T00:00:00Z"}"#;
        let record: KeyRecord = serde_json::from_str(record).unwrap();
        assert!(!record.manage && record.rate.is_none());
    }

    #[test]
    fn a_damaged_file_is_never_taken_for_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        fs::write(&path, "{\"keys\": [").unwrap();
        assert!(matches!(KeyFile::read(&path), Err(StoreError::Damaged { .. })));
    }
}
