//! The house's own keys, to make tokens that are wrong in one way only.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use p256::{SecretKey, pkcs8::EncodePrivateKey};
use serde_json::Value;

use crate::house::House;

/// What the house signs with.
pub struct Keys {
    pub kid: String,
    key: EncodingKey,
    legacy: EncodingKey,
    /// The public point, as the JWKS shows it.
    public: String,
}

impl Keys {
    pub fn of(house: &House) -> Self {
        let text = std::fs::read(house.home().join("secrets/keys.json")).expect("the house's keys");
        let keys: Value = serde_json::from_slice(&text).expect("JSON");
        let first = &keys["jwt_keys"][0];
        let scalar = URL_SAFE_NO_PAD.decode(first["d"].as_str().expect("d")).expect("base64url");
        let secret = SecretKey::from_slice(&scalar).expect("a scalar");
        let legacy = keys["jwt_secret"].as_str().expect("a secret");
        Self {
            kid: first["kid"].as_str().expect("a kid").into(),
            key: encoding(&secret),
            legacy: EncodingKey::from_secret(legacy.as_bytes()),
            public: first["x"].as_str().expect("x").into(),
        }
    }

    /// Signs as the house does.
    pub fn sign(&self, claims: &Value) -> String {
        encode(&header(Algorithm::ES256, &self.kid), claims, &self.key).expect("a token")
    }

    /// Signs with the older shared secret.
    pub fn sign_legacy(&self, claims: &Value) -> String {
        encode(&Header::new(Algorithm::HS256), claims, &self.legacy).expect("a token")
    }

    /// Signs with HS256, and what everybody can read as the secret.
    pub fn confused(&self, claims: &Value) -> String {
        let key = EncodingKey::from_secret(self.public.as_bytes());
        encode(&header(Algorithm::HS256, &self.kid), claims, &key).expect("a token")
    }

    /// Signs with a key that the house has never seen.
    pub fn forged(kid: &str, claims: &Value) -> String {
        let stranger = SecretKey::from_slice(&[7; 32]).expect("a scalar");
        encode(&header(Algorithm::ES256, kid), claims, &encoding(&stranger)).expect("a token")
    }
}

fn encoding(secret: &SecretKey) -> EncodingKey {
    EncodingKey::from_ec_der(secret.to_pkcs8_der().expect("PKCS#8").as_bytes())
}

fn header(algorithm: Algorithm, kid: &str) -> Header {
    Header { kid: Some(kid.into()), ..Header::new(algorithm) }
}
