//! Service tokens: whether one lets its caller in, and if not, by which of the checks.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use hearth_wire::service_token::{Claims, ISSUER, LONGEST_LIFE};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use sha2::{Digest as _, Sha256};

use super::store::PairingFile;

/// Seconds that a caller's clock may be off.
const LEEWAY: u64 = 30;

/// Whose tokens are taken.
#[derive(Debug)]
pub struct Trusted {
    /// This daemon's id.
    id: String,
    /// By id.
    keys: HashMap<String, DecodingKey>,
}

/// The check that a token did not pass. Each follows on `The service token`, and repeats nothing of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("is no JWT: send three parts in base64url, with a header and claims in JSON")]
    NoJwt,
    #[error("is not signed with EdDSA, the one algorithm that is taken")]
    Algorithm,
    #[error("asks by `crit` for extensions, and this server knows none")]
    Extension,
    #[error(
        "names no key (`kid`) that is paired with this server: its pairing was revoked, or is another server's. \
         `hearth-edge pair` makes a new one"
    )]
    UnknownKey,
    #[error("is not signed by the key that it names")]
    Signature,
    #[error("has not the claims that it needs: `iss`, `aud`, `iat` and `exp`, the times in whole seconds")]
    Claims,
    #[error("is not issued (`iss`) by `hearth`")]
    Issuer,
    #[error("is for another server (`aud`): HEARTH_EDGE_ID is not this one's id")]
    Audience,
    #[error("lives longer than {LONGEST_LIFE} s from `iat` to `exp`")]
    TooLong,
    #[error(
        "is from the future (`iat`), by more than the {LEEWAY} s that are allowed for: set the clocks of both machines"
    )]
    Future,
    #[error("has expired (`exp`): make one for each call, and set the clocks of both machines")]
    Expired,
}

impl Trusted {
    pub fn new(file: &PairingFile) -> Self {
        let keys = file.pairings.iter().filter_map(|pairing| Some((pairing.kid.clone(), pairing.key()?)));
        Self { id: file.id.to_string(), keys: keys.collect() }
    }

    pub fn nobody() -> Self {
        Self { id: String::new(), keys: HashMap::new() }
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether this token lets its caller in at `now` (seconds since 1970); an id that is the same for all calls that one
    /// pairing makes for one person, and tells of neither.
    pub fn verify(&self, token: &str, now: u64) -> Result<String, Refusal> {
        let header = jsonwebtoken::decode_header(token).map_err(|error| unreadable(token, error.kind()))?;
        if header.alg != Algorithm::EdDSA {
            return Err(Refusal::Algorithm);
        }
        if header.crit.is_some() {
            return Err(Refusal::Extension);
        }
        let kid = header.kid.unwrap_or_default();
        let key = self.keys.get(&kid).ok_or(Refusal::UnknownKey)?;
        let claims = signed_claims(token, key)?;
        self.check(&claims, now)?;
        Ok(caller_id(&kid, claims.sub.as_deref()))
    }

    fn check(&self, claims: &Claims, now: u64) -> Result<(), Refusal> {
        let Claims { iss, aud, iat, exp, .. } = claims;
        if iss != ISSUER {
            return Err(Refusal::Issuer);
        }
        if *aud != self.id {
            return Err(Refusal::Audience);
        }
        match exp.checked_sub(*iat) {
            None => return Err(Refusal::Claims),
            Some(life) if life > LONGEST_LIFE => return Err(Refusal::TooLong),
            Some(_) => {}
        }
        if *iat > now.saturating_add(LEEWAY) {
            return Err(Refusal::Future);
        }
        if exp.saturating_add(LEEWAY) <= now {
            return Err(Refusal::Expired);
        }
        Ok(())
    }
}

/// An algorithm that the library does not know, such as `none`, is told as one and not as damage.
fn unreadable(token: &str, error: &ErrorKind) -> Refusal {
    let looks_whole = token.split('.').count() == 3;
    match error {
        ErrorKind::Json(error) if looks_whole && error.is_data() => Refusal::Algorithm,
        _ => Refusal::NoJwt,
    }
}

/// What a token says, once its signature is found to be this key's. The claims are looked at by [`Trusted::check`] alone.
fn signed_claims(token: &str, key: &DecodingKey) -> Result<Claims, Refusal> {
    let mut signature = Validation::new(Algorithm::EdDSA);
    signature.validate_exp = false;
    signature.validate_aud = false;
    signature.required_spec_claims.clear();
    jsonwebtoken::decode::<Claims>(token, key, &signature).map(|data| data.claims).map_err(
        |error| match error.kind() {
            ErrorKind::Json(_) => Refusal::Claims,
            _ => Refusal::Signature,
        },
    )
}

/// A digest: what the functions call a person is none of this daemon's business, and must not get into a log by accident.
fn caller_id(kid: &str, sub: Option<&str>) -> String {
    let digest = Sha256::digest(format!("{kid}\n{}", sub.unwrap_or_default()));
    hex::encode(&digest[..16])
}
