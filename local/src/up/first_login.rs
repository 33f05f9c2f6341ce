//! A home without accounts gets one, with a password that is made here and shown once.

use rand::TryRngCore as _;
use rand::rngs::OsRng;

use super::{Login, UpError};
use crate::auth::Auth;
use crate::secrets::SecretsError;

const EMAIL: &str = "you@hearth.local";
/// Without what looks alike: 0 and o, 1 and l.
const ALPHABET: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";

pub(super) async fn make(auth: &Auth) -> Result<Option<Login>, UpError> {
    if auth.has_accounts().await? {
        return Ok(None);
    }
    let password = password()?;
    let account = auth.create_account(EMAIL, &password).await?;
    Ok(Some(Login { email: account.email, password }))
}

/// Sixteen characters of five bits, in groups that can be read out.
pub fn password() -> Result<String, SecretsError> {
    let mut bytes = [0_u8; 16];
    OsRng.try_fill_bytes(&mut bytes).map_err(|error| SecretsError::Random(error.to_string()))?;
    let letters: Vec<char> = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    Ok(letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-"))
}
