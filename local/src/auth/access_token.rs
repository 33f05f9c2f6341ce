//! Access tokens: ES256 JWTs with the claims that Supabase Auth gives them.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{Account, AuthError};
use crate::secrets::{Secrets, SecretsError};

/// How long an access token lives, in seconds.
pub(super) const LIFE: u64 = 3600;
/// Clocks differ a little, in seconds.
const LEEWAY: u64 = 5;

pub(super) struct AccessTokens {
    kid: String,
    key: EncodingKey,
    public: JwkSet,
    issuer: String,
}

/// A signed token and when it ends, in seconds since 1970.
pub(super) struct Signed {
    pub token: String,
    pub expires_at: u64,
}

/// Who a verified token is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Bearer {
    pub sub: Uuid,
    pub session_id: Uuid,
}

impl AccessTokens {
    pub(super) fn new(secrets: &Secrets, issuer: String) -> Result<Self, SecretsError> {
        let Some(first) = secrets.jwt_keys.first() else {
            return Err(SecretsError::Key("no key signs".to_owned()));
        };
        let public = serde_json::from_value(secrets.public_jwks())
            .map_err(|error| SecretsError::Key(error.to_string()))?;
        Ok(Self { kid: first.kid().to_owned(), key: first.encoding_key()?, public, issuer })
    }

    pub(super) fn sign(&self, account: &Account, session: Uuid) -> Result<Signed, AuthError> {
        let issued = jsonwebtoken::get_current_timestamp();
        let expires_at = issued + LIFE;
        let claims = json!({
            "iss": self.issuer, "sub": account.id, "aud": "authenticated", "exp": expires_at, "iat": issued,
            "email": account.email, "phone": "",
            "app_metadata": account.app_metadata, "user_metadata": account.user_metadata,
            "role": "authenticated", "aal": "aal1", "amr": [{ "method": "password", "timestamp": issued }],
            "session_id": session, "is_anonymous": false,
        });
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.kid.clone());
        let token = jsonwebtoken::encode(&header, &claims, &self.key)
            .map_err(|error| AuthError::Internal(error.to_string()))?;
        Ok(Signed { token, expires_at })
    }

    /// Accepts what this service signed, with the key that the token names, and nothing else.
    pub(super) fn verify(&self, token: &str) -> Result<Bearer, AuthError> {
        let bad = |error: jsonwebtoken::errors::Error| AuthError::BadJwt(error.to_string());
        let header = jsonwebtoken::decode_header(token).map_err(bad)?;
        let jwk = header.kid.as_deref().and_then(|kid| self.public.find(kid));
        let jwk = jwk.ok_or_else(|| AuthError::BadJwt("unrecognized JWT kid".to_owned()))?;
        let mut wanted = Validation::new(Algorithm::ES256);
        wanted.set_audience(&["authenticated"]);
        wanted.set_issuer(&[&self.issuer]);
        wanted.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        wanted.leeway = LEEWAY;
        wanted.validate_nbf = true;
        let key = DecodingKey::from_jwk(jwk).map_err(bad)?;
        jsonwebtoken::decode::<Bearer>(token, &key, &wanted).map(|data| data.claims).map_err(bad)
    }
}
