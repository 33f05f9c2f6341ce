//! What Hearth's functions show the edge daemon: a JWT (RFC 7519) signed with Ed25519 (`EdDSA`, RFC 8037), made for the
//! call at hand. Its form alone: it is signed in `clients`, and verified by the daemon.

use serde::{Deserialize, Serialize};

/// `iss` of every token.
pub const ISSUER: &str = "hearth";

/// The most seconds from `iat` to `exp`.
pub const LONGEST_LIFE: u64 = 60;

/// What a private key begins with, so that a leaked one can be recognised.
const KEY_PREFIX: &str = "hearth_edge_service_";

/// What stands before the 32 bytes of an Ed25519 key in PKCS#8 (RFC 8410, section 7).
const PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// What a token says. Whose key signed it stands in its header, as `kid`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// [`ISSUER`].
    pub iss: String,
    /// The id of the daemon that it is for.
    pub aud: String,
    /// Seconds since 1970.
    pub iat: u64,
    /// Seconds since 1970, [`LONGEST_LIFE`] after `iat` at most.
    pub exp: u64,
    /// Whom the call is for, where it is for one person: the same for all of theirs, and nothing that tells who they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
}

/// The private key of a pairing, as a setting holds it: `hearth_edge_service_<kid>.<32 bytes in hex>`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeySetting<'a> {
    /// The public key's thumbprint (RFC 7638), which tells a key that was copied wrongly.
    pub kid: &'a str,
    /// In hex.
    pub seed: &'a str,
}

impl<'a> KeySetting<'a> {
    /// Takes the setting apart. Whether `kid` belongs to the key has still to be seen.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (kid, seed) = text.strip_prefix(KEY_PREFIX)?.split_once('.')?;
        Some(Self { kid, seed })
    }

    /// The setting's text.
    pub fn to_text(self) -> String {
        format!("{KEY_PREFIX}{}.{}", self.kid, self.seed)
    }
}

/// A private key in PKCS#8's DER, which libraries read.
pub fn pkcs8(seed: [u8; 32]) -> Vec<u8> {
    [PKCS8.as_slice(), seed.as_slice()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written() {
        let key = KeySetting { kid: "a-_9", seed: "00ff" };
        assert!(KeySetting::parse(&key.to_text()) == Some(key));
        for other in ["", "hearth_edge_service_", "hearth_edge_service_a", "hearth_edge_sk_a.b"] {
            assert!(KeySetting::parse(other).is_none(), "{other}");
        }
    }

    #[test]
    fn nobody_is_left_out_rather_than_null() {
        let claims = Claims { iss: ISSUER.into(), aud: "d".into(), iat: 1, exp: 2, sub: None };
        let text = serde_json::to_string(&claims).unwrap();
        assert_eq!(text, r#"{"iss":"hearth","aud":"d","iat":1,"exp":2}"#);
        assert!(serde_json::from_str::<Claims>(&text).unwrap() == claims);
    }
}
