//! Verification of users' tokens (RFC 7519), as Supabase Auth issues them.

use hearth_clients::{Secret, http::Http, platform};
use hearth_domain::{Code, Problem, UserId};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    keys::{Key, Keys, NoKeys},
    verified::{Remembered, Verified},
};
use crate::config::Config;

/// Seconds that clocks may be apart.
const LEEWAY: u64 = 30;
/// Bytes that a token may have; Supabase's have about one thousand.
const MAX_TOKEN: usize = 8 * 1024;

/// Verifies tokens against the project's keys.
pub struct Verifier {
    keys: Keys,
    remembered: Remembered,
    legacy: Option<DecodingKey>,
    issuer: String,
}

/// Why a token does not count.
#[derive(Debug, PartialEq, Eq)]
pub enum Rejection {
    Malformed,
    /// The algorithm is not the one that the key is for.
    Algorithm,
    UnknownKey,
    /// Signature, time, audience or issuer: whichever it was.
    Invalid,
    /// A valid token, but not a signed-in person's.
    NotAUser,
    /// The keys cannot be fetched, and none is known.
    NoKeys,
}

#[derive(Deserialize)]
struct Claims {
    exp: u64,
    sub: Option<Uuid>,
    role: Option<String>,
}

impl Verifier {
    pub fn new(http: Http, config: &Config) -> Self {
        let legacy = config.legacy_jwt_secret.as_ref();
        Self {
            keys: Keys::new(http, config.supabase.url.clone()),
            remembered: Remembered::default(),
            legacy: legacy.map(|secret: &Secret| DecodingKey::from_secret(secret.expose().as_bytes())),
            issuer: config.issuer.clone(),
        }
    }

    /// The user whose token this is. Makes no call once the keys are known.
    pub async fn verify(&self, token: &str) -> Result<UserId, Rejection> {
        if token.len() > MAX_TOKEN {
            return Err(Rejection::Malformed);
        }
        let now = platform::unix_seconds();
        // Read before the key is: a set that changes meanwhile must not vouch for what the old one verified.
        let keys = self.keys.generation();
        if let Some(user) = self.remembered.get(token, keys, now) {
            // Keys that are due are fetched all the same, so that a revoked one stops counting.
            if !self.keys.are_due() {
                return Ok(user);
            }
        }
        let header = decode_header(token).map_err(|_| Rejection::Malformed)?;
        let key = self.key(header.alg, header.kid.as_deref()).await?;
        if key.algorithm != header.alg {
            return Err(Rejection::Algorithm);
        }
        let data = decode::<Claims>(token, &key.decoding, &self.validation(key.algorithm))
            .map_err(|_| Rejection::Invalid)?;
        match data.claims {
            Claims { sub: Some(user), role: Some(role), exp } if role == "authenticated" => {
                let user = UserId(user);
                let verified = Verified { user, expires: exp.saturating_add(LEEWAY), keys };
                self.remembered.put(token, verified, now);
                Ok(user)
            }
            _ => Err(Rejection::NotAUser),
        }
    }

    /// The key for a token's header. HS256 is for the shared secret alone, never for a key of the public set.
    async fn key(&self, algorithm: Algorithm, kid: Option<&str>) -> Result<Key, Rejection> {
        if algorithm == Algorithm::HS256 {
            let decoding = self.legacy.clone().ok_or(Rejection::Algorithm)?;
            return Ok(Key { algorithm, decoding });
        }
        let kid = kid.ok_or(Rejection::UnknownKey)?;
        match self.keys.get(kid).await {
            Ok(key) => key.ok_or(Rejection::UnknownKey),
            Err(NoKeys) => Err(Rejection::NoKeys),
        }
    }

    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_audience(&["authenticated"]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        validation
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::NoKeys => Code::AuthUnavailable
                .with("Tokens cannot be checked now, since sign-in does not answer. Try again shortly.")
                .retry_after(2),
            Rejection::NotAUser => Code::InvalidCredential
                .with("This key stands for a program, not for a person. Sign in and send the access token."),
            _ => Code::InvalidCredential
                .with("The token is not valid, or no longer. Refresh it, or sign in again."),
        }
    }
}
