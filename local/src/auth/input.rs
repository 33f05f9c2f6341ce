//! What callers send, parsed once: e-mail addresses, passwords, JSON bodies.

use axum::body::Bytes;
use serde::de::DeserializeOwned;

use super::AuthError;

/// Supabase's default.
pub(super) const SHORTEST_PASSWORD: usize = 6;
/// bcrypt reads no further.
const LONGEST_PASSWORD: usize = 72;
const LONGEST_EMAIL: usize = 255;

pub(super) fn json<T: DeserializeOwned>(body: &Bytes) -> Result<T, AuthError> {
    serde_json::from_slice(body)
        .map_err(|_| AuthError::BadJson("Could not parse request body as JSON".to_owned()))
}

/// An address in lower case. Whether it exists is for a mail server to say, and none is asked.
pub(super) fn email(text: &str) -> Result<String, AuthError> {
    let email = text.trim().to_lowercase();
    let plain = !email.chars().any(|c| c.is_control() || c.is_whitespace());
    let shaped = email.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && !host.is_empty()
            && !host.contains('@')
            && !host.starts_with('.')
            && !host.ends_with('.')
    });
    if plain && shaped && email.len() <= LONGEST_EMAIL {
        return Ok(email);
    }
    Err(AuthError::Invalid("Unable to validate email address: invalid format".to_owned()))
}

/// A password that is to be kept.
pub(super) fn new_password(text: &str) -> Result<String, AuthError> {
    if text.chars().count() < SHORTEST_PASSWORD {
        return Err(AuthError::WeakPassword);
    }
    if text.len() > LONGEST_PASSWORD {
        return Err(AuthError::Invalid("Password cannot be longer than 72 characters".to_owned()));
    }
    if text.contains('\0') {
        return Err(AuthError::Invalid("Password cannot contain NUL".to_owned()));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_however_it_is_written() {
        assert_eq!(email(" You@Hearth.Local ").unwrap(), "you@hearth.local");
        for wrong in ["", "you", "@b", "a@", "a@b@c", "a b@c.d", "a\0@b.c"] {
            assert!(email(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_password_is_neither_short_nor_cut() {
        assert!(new_password("12345").is_err());
        assert!(new_password(&"x".repeat(73)).is_err());
        assert!(new_password("correct horse").is_ok());
    }
}
