//! Every check that a token has to pass, by a token that fails it alone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use hearth_wire::service_token::{KeySetting, pkcs8};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};

use super::*;
use crate::pairing::store::{NewPairing, Pairing};

const NOW: u64 = 1_800_000_000;

/// A daemon, and what the functions that it is paired with have.
struct House {
    trusted: Trusted,
    pairing: Pairing,
    key: EncodingKey,
    id: String,
}

impl House {
    fn new() -> Self {
        let mut file = PairingFile { id: uuid::Uuid::new_v4(), pairings: Vec::new() };
        let NewPairing { pairing, service_key } = file.add("hearth").unwrap();
        let seed = hex::decode(KeySetting::parse(&service_key).unwrap().seed).unwrap();
        let key = EncodingKey::from_ed_der(&pkcs8(seed.try_into().unwrap()));
        Self { trusted: Trusted::new(&file), pairing, key, id: file.id.to_string() }
    }

    fn claims(&self) -> Value {
        json!({"iss": "hearth", "aud": self.id, "iat": NOW, "exp": NOW + 60})
    }

    fn header(&self) -> Header {
        Header { kid: Some(self.pairing.kid.clone()), ..Header::new(Algorithm::EdDSA) }
    }

    fn signed(&self, claims: &Value) -> String {
        jsonwebtoken::encode(&self.header(), claims, &self.key).unwrap()
    }

    fn token(&self) -> String {
        self.signed(&self.claims())
    }

    /// What comes of a token that says this as well, or instead.
    fn with(&self, other: &Value) -> Result<String, Refusal> {
        let mut claims = self.claims();
        claims.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
        self.trusted.verify(&self.signed(&claims), NOW)
    }
}

/// A token as it is put together by hand.
fn by_hand(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| BASE64URL.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

#[test]
fn a_token_of_the_pairing_is_taken() {
    let house = House::new();
    assert!(house.trusted.verify(&house.token(), NOW).is_ok());
}

#[test]
fn people_are_told_apart_and_their_ids_are_not_kept() {
    let (house, other) = (House::new(), House::new());
    let caller = |house: &House, sub: &str| house.with(&json!({"sub": sub})).unwrap();
    assert_eq!(caller(&house, "ada@example.com"), caller(&house, "ada@example.com"));
    assert_ne!(caller(&house, "ada@example.com"), caller(&house, "eve@example.com"));
    assert_ne!(caller(&house, "ada@example.com"), caller(&other, "ada@example.com"));
    assert_ne!(caller(&house, "ada@example.com"), house.with(&json!({})).unwrap());
    assert!(!caller(&house, "ada@example.com").contains("ada"));
}

#[test]
fn claims_that_are_wrong_are_told_by_their_name() {
    let house = House::new();
    for (other, refusal) in [
        (json!({"aud": uuid::Uuid::new_v4()}), Refusal::Audience),
        (json!({"aud": ""}), Refusal::Audience),
        (json!({"aud": [house.id]}), Refusal::Claims),
        (json!({"iss": "somebody"}), Refusal::Issuer),
        (json!({"exp": NOW + 61}), Refusal::TooLong),
        (json!({"exp": u64::MAX}), Refusal::TooLong),
        (json!({"iat": 0}), Refusal::TooLong),
        (json!({"iat": NOW + 61, "exp": NOW + 60}), Refusal::Claims),
        (json!({"iat": NOW + 31, "exp": NOW + 60}), Refusal::Future),
        (json!({"iat": u64::MAX, "exp": u64::MAX}), Refusal::Future),
        (json!({"iat": NOW - 90, "exp": NOW - 30}), Refusal::Expired),
        (json!({"iat": 0, "exp": 1}), Refusal::Expired),
        (json!({"iat": "soon"}), Refusal::Claims),
        (json!({"iat": -1}), Refusal::Claims),
        (json!({"exp": null}), Refusal::Claims),
        (json!({"sub": 7}), Refusal::Claims),
    ] {
        assert_eq!(house.with(&other), Err(refusal), "{other}");
    }
    for name in ["iss", "aud", "iat", "exp"] {
        let mut claims = house.claims();
        claims.as_object_mut().unwrap().remove(name);
        assert_eq!(house.trusted.verify(&house.signed(&claims), NOW), Err(Refusal::Claims), "{name}");
    }
}

#[test]
fn a_clock_may_be_off_by_half_a_minute() {
    let house = House::new();
    assert!(house.with(&json!({"iat": NOW + 30, "exp": NOW + 90})).is_ok());
    assert!(house.with(&json!({"iat": NOW - 89, "exp": NOW - 29})).is_ok());
}

#[test]
fn only_the_key_that_is_named_signs_for_itself() {
    let (house, other) = (House::new(), House::new());
    let forged = jsonwebtoken::encode(&house.header(), &house.claims(), &other.key).unwrap();
    assert_eq!(house.trusted.verify(&forged, NOW), Err(Refusal::Signature));
    let foreign = jsonwebtoken::encode(&other.header(), &house.claims(), &other.key).unwrap();
    assert_eq!(house.trusted.verify(&foreign, NOW), Err(Refusal::UnknownKey));
    let nameless = jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &house.claims(), &house.key).unwrap();
    assert_eq!(house.trusted.verify(&nameless, NOW), Err(Refusal::UnknownKey));
    assert_eq!(Trusted::nobody().verify(&house.token(), NOW), Err(Refusal::UnknownKey));
}

#[test]
fn a_changed_token_is_not_taken() {
    let house = House::new();
    let token = house.token();
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let later =
        BASE64URL.encode(json!({"iss": "hearth", "aud": house.id, "iat": NOW, "exp": NOW + 59}).to_string());
    for changed in [
        format!("{header}.{later}.{signature}"),
        format!("{header}.{claims}.{}", &signature[..80]),
        format!("{header}.{claims}."),
        format!("{header}.{claims}.!!!"),
        format!("{header}.{claims}.{}", BASE64URL.encode([0; 64])),
    ] {
        assert_eq!(house.trusted.verify(&changed, NOW), Err(Refusal::Signature), "{changed}");
    }
}

#[test]
fn no_other_algorithm_is_taken() {
    let house = House::new();
    let kid = &house.pairing.kid;
    // What everybody may know, as if it were a shared secret.
    let public = BASE64URL.decode(&house.pairing.public_key).unwrap();
    for secret in [public, house.pairing.public_key.clone().into_bytes()] {
        let header = Header { kid: Some(kid.clone()), ..Header::new(Algorithm::HS256) };
        let forged =
            jsonwebtoken::encode(&header, &house.claims(), &EncodingKey::from_secret(&secret)).unwrap();
        assert_eq!(house.trusted.verify(&forged, NOW), Err(Refusal::Algorithm));
    }
    let signature = house.token().rsplit('.').next().unwrap().to_owned();
    for alg in ["none", "None", "NONE", "", "HS256", "RS256", "ES256", "eddsa"] {
        for signature in ["", &signature] {
            let forged = by_hand(&json!({"alg": alg, "kid": kid}), &house.claims(), signature);
            assert_eq!(house.trusted.verify(&forged, NOW), Err(Refusal::Algorithm), "{alg}");
        }
    }
    assert_eq!(
        house.trusted.verify(&by_hand(&json!({"kid": kid}), &house.claims(), ""), NOW),
        Err(Refusal::Algorithm)
    );
}

#[test]
fn a_key_in_the_token_itself_is_not_looked_at() {
    let (house, other) = (House::new(), House::new());
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": other.pairing.public_key});
    let header = json!({"alg": "EdDSA", "kid": house.pairing.kid, "jwk": jwk});
    let message = by_hand(&header, &house.claims(), "");
    let message = message.trim_end_matches('.');
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &other.key, Algorithm::EdDSA).unwrap();
    assert_eq!(house.trusted.verify(&format!("{message}.{signature}"), NOW), Err(Refusal::Signature));
}

#[test]
fn an_extension_that_must_be_understood_is_refused() {
    let house = House::new();
    let header = Header { crit: Some(vec!["b64".to_owned()]), ..house.header() };
    let token = jsonwebtoken::encode(&header, &house.claims(), &house.key).unwrap();
    assert_eq!(house.trusted.verify(&token, NOW), Err(Refusal::Extension));
}

#[test]
fn garbage_is_no_token() {
    let house = House::new();
    let long = "a.".repeat(4000);
    for garbage in ["", ".", "..", "a.b", "a.b.c", "eyJ.eyJ.eyJ", "....", "é.ü.ö", "127.0.0.1", &long] {
        assert_eq!(house.trusted.verify(garbage, NOW), Err(Refusal::NoJwt), "{garbage}");
    }
}

#[test]
fn a_refusal_repeats_nothing_of_the_token() {
    let house = House::new();
    let told = house.with(&json!({"aud": "sesame-sesame"})).unwrap_err().to_string();
    assert!(told.contains("`aud`") && !told.contains("sesame") && !told.contains(&house.id), "{told}");
}
