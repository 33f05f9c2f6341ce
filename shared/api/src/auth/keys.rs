//! The project's public keys, fetched once and kept.
//!
//! A key that is not known yet is looked up again, but at most once in [`COOL_DOWN`], whoever asks: a loop of tokens with
//! made-up key ids costs the project nothing. While the project's keys cannot be fetched, known keys go on to count.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use hearth_clients::{http::Http, platform, supabase::fetch_jwks};
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet},
};

/// Seconds between two fetches that an unknown key asks for.
const COOL_DOWN: u64 = 30;
/// Seconds between two fetches while there is no key at all.
const FIRST_COOL_DOWN: u64 = 2;
/// Seconds after which known keys are fetched anew, so that a revoked one stops counting.
const REFRESH: u64 = 600;

/// A key, and the one algorithm that it is for.
#[derive(Clone)]
pub struct Key {
    pub algorithm: Algorithm,
    pub decoding: DecodingKey,
}

/// The known keys.
pub struct Keys {
    http: Http,
    url: String,
    known: RwLock<Known>,
    /// Held while fetching, so that many callers at once make one fetch.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    by_kid: HashMap<String, Key>,
    tried_at: Option<u64>,
    /// The set as it was fetched, by which a change is seen even where a key id stays.
    text: Vec<u8>,
    generation: u64,
}

/// There are no keys, and none can be fetched.
pub struct NoKeys;

impl Keys {
    pub fn new(http: Http, url: String) -> Self {
        Self { http, url, known: RwLock::default(), fetching: tokio::sync::Mutex::default() }
    }

    /// The key of this id, fetched if it may be.
    pub async fn get(&self, kid: &str) -> Result<Option<Key>, NoKeys> {
        if let Some(key) = self.cached(kid)
            && !self.is_due(REFRESH)
        {
            return Ok(Some(key));
        }
        self.fetch_if_due(kid).await;
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if known.by_kid.is_empty() { Err(NoKeys) } else { Ok(known.by_kid.get(kid).cloned()) }
    }

    /// A number that is another one whenever the set of keys is.
    pub fn generation(&self) -> u64 {
        self.known.read().unwrap_or_else(PoisonError::into_inner).generation
    }

    /// Whether known keys are old enough to be fetched anew. Without a key there is nothing to renew.
    pub fn are_due(&self) -> bool {
        let has_keys = !self.known.read().unwrap_or_else(PoisonError::into_inner).by_kid.is_empty();
        has_keys && self.is_due(REFRESH)
    }

    fn cached(&self, kid: &str) -> Option<Key> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).by_kid.get(kid).cloned()
    }

    fn is_due(&self, after: u64) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.tried_at.is_none_or(|at| platform::unix_seconds().saturating_sub(at) >= after)
    }

    async fn fetch_if_due(&self, kid: &str) {
        let _one = if platform::REQUESTS_MEET { Some(self.fetching.lock().await) } else { None };
        let has_keys = !self.known.read().unwrap_or_else(PoisonError::into_inner).by_kid.is_empty();
        let wait = match (self.cached(kid), has_keys) {
            (Some(_), _) => REFRESH,
            (None, true) => COOL_DOWN,
            (None, false) => FIRST_COOL_DOWN,
        };
        if !self.is_due(wait) {
            return;
        }
        let fetched = fetch_jwks(&self.http, &self.url).await;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.tried_at = Some(platform::unix_seconds());
        match fetched {
            Ok(set) => {
                let text = serde_json::to_vec(&set).unwrap_or_default();
                known.generation += u64::from(text != known.text);
                known.text = text;
                known.by_kid = usable(&set);
            }
            Err(error) => tracing::warn!(%error, "sign-in keys cannot be fetched; known ones go on to count"),
        }
    }
}

/// The public keys of a set, by id. Symmetric ones do not belong into a public set and are passed over.
fn usable(set: &JwkSet) -> HashMap<String, Key> {
    set.keys
        .iter()
        .filter_map(|jwk| {
            let key = Key { algorithm: algorithm(jwk)?, decoding: DecodingKey::from_jwk(jwk).ok()? };
            Some((jwk.common.key_id.clone()?, key))
        })
        .collect()
}

/// The algorithm that a key is for: by its kind alone, so that a token cannot choose another.
fn algorithm(jwk: &Jwk) -> Option<Algorithm> {
    match &jwk.algorithm {
        AlgorithmParameters::EllipticCurve(params) => match params.curve {
            EllipticCurve::P256 => Some(Algorithm::ES256),
            EllipticCurve::P384 => Some(Algorithm::ES384),
            _ => None,
        },
        AlgorithmParameters::RSA(_) => Some(Algorithm::RS256),
        AlgorithmParameters::OctetKeyPair(params) if params.curve == EllipticCurve::Ed25519 => {
            Some(Algorithm::EdDSA)
        }
        _ => None,
    }
}
