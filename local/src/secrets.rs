//! The keys of one home: made on its first run, kept in a file that only its owner reads.
//!
//! Nothing here shows itself: `Debug` prints a placeholder, and what leaves goes through `expose`.

mod jwt_key;

use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};

pub use jwt_key::JwtKey;

use crate::home::write_private;

/// Text that is never shown by accident.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The text itself, for the one place that sends or compares it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// All the keys of a home.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Secrets {
    /// Keys of access tokens. The first one signs; all verify, so that a rotated key's tokens live on.
    pub jwt_keys: Vec<JwtKey>,
    /// The legacy shared secret (HS256), which signs the two legacy keys below.
    pub jwt_secret: Secret,
    /// `sb_publishable_…`: names the project, grants the role `anon`.
    pub publishable_key: String,
    /// `sb_secret_…`: the role `service_role`.
    pub secret_key: Secret,
    /// The legacy `anon` JWT.
    pub anon_key: String,
    /// The legacy `service_role` JWT.
    pub service_key: Secret,
    /// The bearer of the Upstash Redis protocol.
    pub redis_token: Secret,
    /// 32 bytes in hex: the HMAC key of `complete_turn` and `record_completion`.
    pub signing_key: Secret,
    /// The password of the roles that Hearth connects as, on a PostgreSQL of one's own.
    pub database_password: Secret,
}

#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    #[error("the keys in {path} can't be read: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error("the keys can't be kept in {path}: {source}")]
    Write { path: PathBuf, source: io::Error },
    #[error("{path} is not what Hearth wrote ({message}); put a backup's copy in its place")]
    Damaged { path: PathBuf, message: String },
    #[error("the operating system gives no random numbers: {0}")]
    Random(String),
    #[error("a key can't be made: {0}")]
    Key(String),
}

impl Secrets {
    /// The home's keys; a first run makes them.
    pub fn load_or_create(path: &Path) -> Result<Self, SecretsError> {
        if let Some(found) = Self::load(path)? {
            return Ok(found);
        }
        let made = Self::generate()?;
        made.save(path)?;
        Ok(made)
    }

    /// `None` where no first run was yet.
    pub fn load(path: &Path) -> Result<Option<Self>, SecretsError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(SecretsError::Read { path: path.to_owned(), source }),
        };
        let damaged = |message: String| SecretsError::Damaged { path: path.to_owned(), message };
        // serde_json quotes no values of a wrong type's text here beyond what is not secret: its position.
        let secrets: Self = serde_json::from_str(&text)
            .map_err(|error| damaged(format!("line {}, column {}", error.line(), error.column())))?;
        if secrets.jwt_keys.is_empty() {
            return Err(damaged("no signing key".to_owned()));
        }
        Ok(Some(secrets))
    }

    pub fn save(&self, path: &Path) -> Result<(), SecretsError> {
        let write = |source| SecretsError::Write { path: path.to_owned(), source };
        let text = serde_json::to_vec_pretty(self).map_err(|error| write(error.into()))?;
        write_private(path, &text).map_err(write)
    }

    pub fn generate() -> Result<Self, SecretsError> {
        let jwt_secret = random_text(48)?;
        Ok(Self {
            jwt_keys: vec![JwtKey::generate()?],
            publishable_key: format!("sb_publishable_{}", random_text(23)?),
            secret_key: Secret::new(format!("sb_secret_{}", random_text(23)?)),
            anon_key: legacy_key("anon", &jwt_secret)?,
            service_key: Secret(legacy_key("service_role", &jwt_secret)?),
            redis_token: Secret(random_text(32)?),
            signing_key: Secret(hex::encode(random_bytes::<32>()?)),
            database_password: Secret(random_text(24)?),
            jwt_secret: Secret(jwt_secret),
        })
    }

    /// A new key signs from now on. The one before it still verifies; older ones no longer do.
    pub fn rotate_jwt_key(&mut self) -> Result<(), SecretsError> {
        self.jwt_keys.insert(0, JwtKey::generate()?);
        self.jwt_keys.truncate(2);
        Ok(())
    }

    /// The public halves, as `/auth/v1/.well-known/jwks.json` serves them.
    pub fn public_jwks(&self) -> serde_json::Value {
        let keys: Vec<_> = self.jwt_keys.iter().map(JwtKey::public_jwk).collect();
        serde_json::json!({ "keys": keys })
    }
}

/// The API keys that Supabase is about to retire: JWTs that live for ten years.
fn legacy_key(role: &str, secret: &str) -> Result<String, SecretsError> {
    let issued = jsonwebtoken::get_current_timestamp();
    let claims = serde_json::json!({
        "iss": "supabase", "ref": "hearth", "role": role, "iat": issued, "exp": issued + 315_360_000,
    });
    jsonwebtoken::encode(
        &Header::new(Algorithm::HS256),
        &claims,
        &EncodingKey::from_secret(secret.as_bytes()),
    )
    .map_err(|error| SecretsError::Key(error.to_string()))
}

pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], SecretsError> {
    let mut bytes = [0; N];
    OsRng.try_fill_bytes(&mut bytes).map_err(|error| SecretsError::Random(error.to_string()))?;
    Ok(bytes)
}

/// So many random bytes as URL-safe text.
pub(crate) fn random_text(bytes: usize) -> Result<String, SecretsError> {
    let mut buffer = vec![0; bytes];
    OsRng.try_fill_bytes(&mut buffer).map_err(|error| SecretsError::Random(error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(buffer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_run_finds_the_keys_of_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let first = Secrets::load_or_create(&path).unwrap();
        let second = Secrets::load_or_create(&path).unwrap();
        assert_eq!(first.secret_key, second.secret_key);
        assert_eq!(first.public_jwks(), second.public_jwks());
    }

    #[test]
    fn nothing_secret_is_shown() {
        let secrets = Secrets::generate().unwrap();
        let shown = format!("{secrets:?}");
        for hidden in [&secrets.jwt_secret, &secrets.secret_key, &secrets.redis_token, &secrets.signing_key] {
            assert!(!shown.contains(hidden.expose()));
        }
        let kept = serde_json::to_value(&secrets.jwt_keys[0]).unwrap();
        assert!(!shown.contains(kept["d"].as_str().unwrap()));
    }

    #[test]
    fn a_rotated_key_still_verifies() {
        let mut secrets = Secrets::generate().unwrap();
        let before = secrets.jwt_keys[0].kid().to_owned();
        secrets.rotate_jwt_key().unwrap();
        secrets.rotate_jwt_key().unwrap();
        assert_eq!(secrets.jwt_keys.len(), 2);
        assert_ne!(secrets.jwt_keys[1].kid(), before);
        assert_eq!(secrets.public_jwks()["keys"].as_array().unwrap().len(), 2);
    }
}
