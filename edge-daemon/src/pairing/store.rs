//! The file of pairings. It holds this daemon's id and public keys: a private one is shown once, when it is made.

use std::fs;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use hearth_wire::service_token::{KeySetting, pkcs8};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::private_file;

/// One pairing, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pairing {
    /// The key's thumbprint (RFC 7638): tokens name it, and `revoke` takes it.
    pub kid: String,
    /// The owner's word for it.
    pub name: String,
    /// The Ed25519 public key, as a JWK's `x` (RFC 8037).
    pub public_key: String,
    /// RFC 3339, UTC.
    pub created: String,
}

/// This daemon's id, and all pairings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairingFile {
    /// What tokens for this daemon say as `aud`. The same for as long as the file is there.
    pub id: Uuid,
    pub pairings: Vec<Pairing>,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{path} cannot be read: {source}")]
    Unreadable { path: String, source: io::Error },
    #[error("{path} is no file of pairings ({reason}); move it away, and `hearth-edge pair` makes a new one")]
    Damaged { path: String, reason: String },
    #[error("{path} cannot be written: {source}")]
    Unwritable { path: String, source: io::Error },
    #[error("there is no pairing `{0}`; `hearth-edge pair list` shows them")]
    NoSuchPairing(String),
    #[error(
        "there is a pairing `{0}` already; revoke it first, or choose another name: hearth-edge pair --name NAME"
    )]
    Exists(String),
    #[error("a key could not be made: {0}")]
    NoKey(String),
}

/// A pairing that was just made: the only time its private key can be seen.
pub struct NewPairing {
    pub pairing: Pairing,
    /// For the functions' settings.
    pub service_key: String,
}

impl PairingFile {
    /// Reads the file; none is there until something is paired.
    pub fn read(path: &Path) -> Result<Option<Self>, StoreError> {
        let shown = || path.display().to_string();
        let damaged = |reason| StoreError::Damaged { path: shown(), reason };
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StoreError::Unreadable { path: shown(), source }),
        };
        let file: Self = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        match file.pairings.iter().find(|pairing| pairing.key().is_none()) {
            Some(wrong) => Err(damaged(format!("`{}` has no Ed25519 key", wrong.name))),
            None => Ok(Some(file)),
        }
    }

    /// Changes the file while no other command does. Makes it, and this daemon's id with it, where there is none.
    pub fn change<T>(
        path: &Path,
        change: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let new = || Self { id: Uuid::new_v4(), pairings: Vec::new() };
        let read = |path: &Path| Ok(Self::read(path)?.unwrap_or_else(new));
        private_file::change(path, read, change, |source| StoreError::Unwritable {
            path: path.display().to_string(),
            source,
        })
    }

    /// Makes a key pair, and keeps the public half. The name is free again once the pairing is revoked.
    pub fn add(&mut self, name: &str) -> Result<NewPairing, StoreError> {
        if self.pairings.iter().any(|pairing| pairing.name == name) {
            return Err(StoreError::Exists(name.to_owned()));
        }
        let mut seed = [0; 32];
        OsRng.try_fill_bytes(&mut seed).map_err(|error| StoreError::NoKey(error.to_string()))?;
        let (kid, public_key) = public(seed).map_err(|error| StoreError::NoKey(error.to_string()))?;
        let service_key = KeySetting { kid: &kid, seed: &hex::encode(seed) }.to_text();
        let created = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let pairing = Pairing { kid, name: name.to_owned(), public_key, created };
        self.pairings.push(pairing.clone());
        Ok(NewPairing { pairing, service_key })
    }

    /// Takes a pairing out, by its name or its key's id.
    pub fn revoke(&mut self, which: &str) -> Result<Pairing, StoreError> {
        let at = self.pairings.iter().position(|pairing| pairing.name == which || pairing.kid == which);
        at.map(|at| self.pairings.remove(at)).ok_or_else(|| StoreError::NoSuchPairing(which.to_owned()))
    }
}

impl Pairing {
    /// The key that verifies, if it is one: 32 bytes.
    pub fn key(&self) -> Option<DecodingKey> {
        let bytes: [u8; 32] = BASE64URL.decode(&self.public_key).ok()?.try_into().ok()?;
        Some(DecodingKey::from_ed_der(&bytes))
    }
}

/// A private key's id, and its public half as a JWK's `x`.
fn public(seed: [u8; 32]) -> Result<(String, String), jsonwebtoken::errors::Error> {
    let key = Jwk::from_encoding_key(&EncodingKey::from_ed_der(&pkcs8(seed)), Algorithm::EdDSA)?;
    let kid = key.thumbprint(ThumbprintHash::SHA256)?;
    match key.algorithm {
        AlgorithmParameters::OctetKeyPair(pair) => Ok((kid, pair.x)),
        _ => Err(jsonwebtoken::errors::ErrorKind::InvalidEddsaKey.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn folder() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/pairings.json");
        (folder, path)
    }

    #[test]
    fn the_private_key_is_in_no_file_and_the_public_one_is_for_its_owner() {
        let (_folder, path) = folder();
        let new = PairingFile::change(&path, |file| file.add("hearth")).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let seed = new.service_key.split_once('.').unwrap().1;
        assert!(seed.len() == 64 && !text.contains(seed) && text.contains(&new.pairing.public_key));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn the_id_stays_while_pairings_come_and_go() {
        let (_folder, path) = folder();
        let first = PairingFile::change(&path, |file| file.add("first")).unwrap().pairing;
        let id = PairingFile::read(&path).unwrap().unwrap().id;
        PairingFile::change(&path, |file| file.add("second")).unwrap();
        assert!(matches!(PairingFile::change(&path, |file| file.add("second")), Err(StoreError::Exists(_))));
        assert_eq!(PairingFile::change(&path, |file| file.revoke("second")).unwrap().name, "second");
        assert_eq!(PairingFile::change(&path, |file| file.revoke(&first.kid)).unwrap(), first);
        let gone = PairingFile::change(&path, |file| file.revoke("first"));
        assert!(matches!(gone, Err(StoreError::NoSuchPairing(_))));
        assert_eq!(PairingFile::read(&path).unwrap(), Some(PairingFile { id, pairings: Vec::new() }));
    }

    #[test]
    fn of_several_at_once_none_is_lost() {
        let (_folder, path) = folder();
        std::thread::scope(|scope| {
            for n in 0..8 {
                let path = &path;
                scope.spawn(move || PairingFile::change(path, |file| file.add(&format!("n{n}"))).unwrap());
            }
        });
        assert_eq!(PairingFile::read(&path).unwrap().unwrap().pairings.len(), 8);
    }

    #[test]
    fn a_damaged_file_is_never_taken_for_an_empty_one() {
        let (_folder, path) = folder();
        PairingFile::change(&path, |file| file.add("hearth")).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let key = PairingFile::read(&path).unwrap().unwrap().pairings[0].public_key.clone();
        for damaged in [&text[..60], &text.replace(&key, "c2hvcnQ"), &text.replace(&key, "?"), "{}", ""] {
            fs::write(&path, damaged).unwrap();
            assert!(matches!(PairingFile::read(&path), Err(StoreError::Damaged { .. })), "{damaged}");
            assert!(PairingFile::change(&path, |file| file.add("other")).is_err());
            assert_eq!(fs::read_to_string(&path).unwrap(), *damaged);
        }
    }
}
