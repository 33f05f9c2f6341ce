//! One ES256 key (P-256) that signs access tokens.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::EncodingKey;
use p256::SecretKey;
use p256::pkcs8::EncodePrivateKey as _;
use serde::{Deserialize, Serialize};

use super::{SecretsError, random_bytes};

/// Kept as JWK has it: the private scalar and the public point, base64url.
#[derive(Clone, Serialize, Deserialize)]
pub struct JwtKey {
    kid: String,
    d: String,
    x: String,
    y: String,
}

impl JwtKey {
    pub fn generate() -> Result<Self, SecretsError> {
        // Nearly every 32 bytes are a valid scalar; the loop is for the one in 2^32 that is not.
        let secret = loop {
            if let Ok(secret) = SecretKey::from_slice(&random_bytes::<32>()?) {
                break secret;
            }
        };
        let point = secret.public_key();
        let encoded = p256::elliptic_curve::sec1::ToEncodedPoint::to_encoded_point(&point, false);
        let (Some(x), Some(y)) = (encoded.x(), encoded.y()) else {
            return Err(SecretsError::Key("the public point has no coordinates".to_owned()));
        };
        Ok(Self {
            kid: uuid::Uuid::new_v4().to_string(),
            d: URL_SAFE_NO_PAD.encode(secret.to_bytes()),
            x: URL_SAFE_NO_PAD.encode(x),
            y: URL_SAFE_NO_PAD.encode(y),
        })
    }

    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// For [`jsonwebtoken`], which wants PKCS#8.
    pub fn encoding_key(&self) -> Result<EncodingKey, SecretsError> {
        let key = |message: String| SecretsError::Key(message);
        let scalar = URL_SAFE_NO_PAD.decode(&self.d).map_err(|error| key(error.to_string()))?;
        let secret = SecretKey::from_slice(&scalar).map_err(|error| key(error.to_string()))?;
        let document = secret.to_pkcs8_der().map_err(|error| key(error.to_string()))?;
        Ok(EncodingKey::from_ec_der(document.as_bytes()))
    }

    pub fn public_jwk(&self) -> serde_json::Value {
        serde_json::json!({
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "key_ops": ["verify"], "ext": true,
            "kid": self.kid, "x": self.x, "y": self.y,
        })
    }
}

impl fmt::Debug for JwtKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("JwtKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}
