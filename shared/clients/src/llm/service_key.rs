//! The key that a pairing with a daemon gave us, and the tokens that it signs.

use hearth_domain::UserId;
use hearth_wire::service_token::{Claims, ISSUER, KeySetting, LONGEST_LIFE, pkcs8};
use hmac::{Hmac, Mac};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk, jwk::ThumbprintHash};
use sha2::Sha256;
use uuid::Uuid;

use crate::Secret;

/// The private key of a pairing, and the id of the daemon that holds the public one.
#[derive(Clone, Debug)]
pub struct ServiceKey {
    daemon: Uuid,
    kid: String,
    key: EncodingKey,
}

impl ServiceKey {
    /// Reads what `hearth-edge pair` printed. None where it is no such key, or not the whole of one.
    pub fn parse(text: &str, daemon: Uuid) -> Option<Self> {
        let KeySetting { kid, seed } = KeySetting::parse(text)?;
        let seed: [u8; 32] = hex::decode(seed).ok()?.try_into().ok()?;
        let key = EncodingKey::from_ed_der(&pkcs8(seed));
        let public = Jwk::from_encoding_key(&key, Algorithm::EdDSA).ok()?;
        let named = public.thumbprint(ThumbprintHash::SHA256).ok()?;
        (named == kid).then(|| Self { daemon, kid: kid.to_owned(), key })
    }

    /// A token for a call that is made at `now` (seconds since 1970). Made anew for each: there is nothing to keep, and
    /// nothing to find.
    pub fn token(&self, user: Option<UserId>, now: u64) -> Secret {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.kid.clone());
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: self.daemon.to_string(),
            iat: now,
            exp: now + LONGEST_LIFE,
            sub: user.map(|user| self.pseudonym(user)),
        };
        // A key that was parsed signs, and the claims are text and numbers: the error cannot occur.
        Secret::new(jsonwebtoken::encode(&header, &claims, &self.key).unwrap_or_default())
    }

    /// The daemon has to tell users apart, not to know them: without our key nobody can say whose this is.
    fn pseudonym(&self, user: UserId) -> String {
        // HMAC takes keys of any length; the constructor's error cannot occur.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.key.as_bytes()) else { return String::new() };
        mac.update(b"sub:");
        mac.update(user.0.as_bytes());
        hex::encode(&mac.finalize().into_bytes()[..16])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::{DecodingKey, Validation};

    /// RFC 8037, appendix A: the private key in hex, the thumbprint, the public key.
    const SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    const KID: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
    const PUBLIC: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn parse(kid: &str, seed: &str) -> Option<ServiceKey> {
        ServiceKey::parse(&KeySetting { kid, seed }.to_text(), Uuid::max())
    }

    fn read(token: &Secret) -> (Header, Claims) {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.validate_exp = false;
        validation.set_audience(&[Uuid::max()]);
        let key = DecodingKey::from_ed_components(PUBLIC).unwrap();
        let read = jsonwebtoken::decode::<Claims>(token.expose(), &key, &validation).unwrap();
        (read.header, read.claims)
    }

    #[test]
    fn a_key_is_taken_whole_or_not_at_all() {
        assert!(parse(KID, SEED).is_some());
        let (other, cut) = (SEED.replace('9', "8"), &SEED[..62]);
        for (kid, seed) in [(KID, &*other), (KID, cut), ("other", SEED), (KID, ""), ("", SEED)] {
            assert!(parse(kid, seed).is_none(), "{kid} {seed}");
        }
        assert!(ServiceKey::parse(SEED, Uuid::max()).is_none());
    }

    #[test]
    fn a_token_is_for_one_daemon_and_one_minute() {
        let (header, claims) = read(&parse(KID, SEED).unwrap().token(None, 1_000));
        assert_eq!((header.alg, header.kid.as_deref()), (Algorithm::EdDSA, Some(KID)));
        assert_eq!((claims.iss.as_str(), claims.aud), ("hearth", Uuid::max().to_string()));
        assert_eq!((claims.iat, claims.exp, claims.sub), (1_000, 1_060, None));
    }

    #[test]
    fn users_are_told_apart_and_not_named() {
        let key = parse(KID, SEED).unwrap();
        let (ada, eve) = (UserId::generate(), UserId::generate());
        let sub = |user| read(&key.token(Some(user), 1)).1.sub.unwrap();
        assert_eq!(sub(ada), sub(ada));
        assert_ne!(sub(ada), sub(eve));
        assert!(!sub(ada).contains(&ada.0.simple().to_string()));
    }

    #[test]
    fn a_key_does_not_show_itself() {
        assert!(!format!("{:?}", parse(KID, SEED).unwrap()).contains(&SEED[..8]));
    }
}
