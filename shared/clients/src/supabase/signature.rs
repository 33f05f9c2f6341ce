//! The signature that the database demands of what the server authors.
//!
//! HMAC-SHA256 (RFC 2104) over the function's name, the workspace, the row's id, the user, the payload's SHA-256 and the
//! time at which the signature expires. The key is held by the functions' hosts and by a schema that PostgREST does not
//! serve.

use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::Secret;

/// Seconds that a signature is good for: longer than all attempts at one call together.
const LIFETIME: u64 = 120;

/// The key of the signed functions.
#[derive(Clone, Debug)]
pub struct SigningKey(Secret);

impl SigningKey {
    /// Reads 32 bytes or more, in hex.
    pub fn from_hex(text: &str) -> Option<Self> {
        let bytes = hex::decode(text).ok()?;
        (bytes.len() >= 32).then(|| Self(Secret::new(text)))
    }

    fn mac(&self, message: &str) -> String {
        let key = hex::decode(self.0.expose()).unwrap_or_default();
        // HMAC takes keys of any length; the constructor's error cannot occur.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return String::new() };
        mac.update(message.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }
}

/// A call of a signed function: about which row, for which user, with what to say.
#[derive(Clone, Debug)]
pub struct Signed {
    pub workspace: Uuid,
    /// The turn or completion.
    pub id: Uuid,
    pub user: Uuid,
    /// JSON text. The database digests these very bytes.
    pub payload: String,
}

impl Signed {
    /// The arguments of `function`, signed at `now` (seconds since the epoch).
    pub(super) fn body(&self, key: &SigningKey, function: &str, now: u64) -> Value {
        let expires = now + LIFETIME;
        let digest = hex::encode(Sha256::digest(self.payload.as_bytes()));
        let Self { workspace, id, user, payload } = self;
        let mac = key.mac(&format!("{function}:{workspace}:{id}:{user}:{digest}:{expires}"));
        let id_name = if function == "complete_turn" { "p_turn" } else { "p_id" };
        json!({
            "p_workspace": workspace, id_name: id, "p_user": user,
            "p_payload": payload, "p_expires": expires, "p_mac": mac,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Signed, SigningKey};
    use uuid::Uuid;

    fn signed(payload: &str) -> Signed {
        Signed { workspace: Uuid::nil(), id: Uuid::nil(), user: Uuid::max(), payload: payload.into() }
    }

    #[test]
    fn a_short_key_is_refused() {
        assert!(SigningKey::from_hex(&"ab".repeat(16)).is_none());
        assert!(SigningKey::from_hex(&"zz".repeat(32)).is_none());
        assert!(SigningKey::from_hex(&"ab".repeat(32)).is_some());
    }

    #[test]
    fn another_payload_time_or_function_has_another_signature() {
        let key = SigningKey::from_hex(&"ab".repeat(32)).unwrap();
        let mac = |payload, function, now| signed(payload).body(&key, function, now)["p_mac"].clone();
        let first = mac("{}", "complete_turn", 1);
        assert_eq!(first, mac("{}", "complete_turn", 1));
        for other in
            [mac("{ }", "complete_turn", 1), mac("{}", "complete_turn", 2), mac("{}", "record_completion", 1)]
        {
            assert_ne!(first, other);
        }
    }
}
