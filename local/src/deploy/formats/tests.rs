//! Wrong values of every kind, and the right ones beside them.

use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;

use super::super::finding::Weight;
use super::*;

const NOW: u64 = 1_790_000_000;

fn told(name: &str, value: &str) -> Option<(Weight, String)> {
    let findings = check(&EnvFile::parse(&format!("{name}='{value}'")), NOW);
    assert!(findings.len() < 2, "{findings:?}");
    let found = findings.into_iter().next()?;
    assert_eq!(found.about, name);
    assert!(value.len() < 6 || !found.text.contains(value), "shows the value: {}", found.text);
    Some((found.weight, found.text))
}

fn refused(name: &str, value: &str, why: &str) {
    let told = told(name, value);
    assert!(
        matches!(&told, Some((Weight::Stop, text)) if text.contains(why)),
        "{name}={value}: expected «{why}», got {told:?}"
    );
}

fn token(claims: &serde_json::Value) -> String {
    jsonwebtoken::encode(&Header::default(), claims, &EncodingKey::from_secret(b"secret")).unwrap()
}

#[test]
fn addresses() {
    refused("SUPABASE_URL", "abcdefghij", "is no URL");
    refused("SUPABASE_URL", "ftp://abc.supabase.co", "no URL of a web server");
    refused(
        "SUPABASE_URL",
        "postgresql://postgres:x@db.abc.supabase.co:5432/postgres",
        "address of the database",
    );
    refused("SUPABASE_URL", "https://supabase.com/dashboard/project/abc", "page of the dashboard");
    refused("SUPABASE_URL", "https://db.abc.supabase.co", "names the database's server");
    refused("SUPABASE_URL", "https://abc.supabase.co/rest/v1", "Leave out the path");
    refused("SUPABASE_URL", "https://user:word@abc.supabase.co", "user name or a password");
    refused("SUPABASE_URL", "https://abc.supabase.co?apikey=1", "Leave out all behind the path");
    refused("UPSTASH_REDIS_REST_URL", "rediss://default:word@eu1.upstash.io:6379", "address for TCP");
    refused("HEARTH_EDGE_URL", "https://edge.example.net/v1/", "ends with /v1");
    refused("SUPABASE_JWT_ISSUER", "supabase", "is no URL");
    assert_eq!(told("SUPABASE_URL", "https://abcdefghijklmnopqrst.supabase.co/"), None);
    assert_eq!(told("UPSTASH_REDIS_REST_URL", "https://eu1-good-1.upstash.io"), None);
    assert_eq!(told("HEARTH_EDGE_URL", "https://edge.example.net"), None);
}

#[test]
fn signing_keys() {
    refused("HEARTH_SIGNING_KEY", &"z".repeat(64), "is not hex");
    refused("HEARTH_SIGNING_KEY", &"0f1e".repeat(8), "too short: 16 bytes");
    refused("HEARTH_SIGNING_KEY", &"ab".repeat(32), "is not random");
    let random = hex::encode(crate::secrets::random_bytes::<32>().unwrap());
    assert_eq!(told("HEARTH_SIGNING_KEY", &random), None);
}

#[test]
fn the_key_that_everybody_may_have() {
    let name = "SUPABASE_PUBLISHABLE_KEY";
    let secrets = crate::secrets::Secrets::generate().unwrap();
    assert_eq!(told(name, &secrets.publishable_key), None);
    refused(name, secrets.secret_key.expose(), "PASSES ROW-LEVEL SECURITY BY");
    refused(name, secrets.service_key.expose(), "PASSES ROW-LEVEL SECURITY BY");
    refused(name, "sb_publishable_abc", "is cut short");
    refused(name, "sesame-sesame-sesame", "no key of Supabase's");
    refused(name, &token(&json!({ "role": "anon", "ref": "abc", "exp": NOW - 1 })), "has expired");
    refused(
        name,
        &token(&json!({ "role": "authenticated", "sub": "x", "exp": NOW + 9 })),
        "token of a person",
    );
    let (weight, text) =
        told(name, &token(&json!({ "role": "anon", "ref": "abc", "exp": NOW + 9 }))).unwrap();
    assert!(weight == Weight::Heed && text.contains("older anon key"), "{text}");
}

#[test]
fn secrets() {
    refused("SUPABASE_JWT_SECRET", "sb_secret_abcdefghijklmnopqrstuvwxyz012345", "is an API key");
    refused("SUPABASE_JWT_SECRET", "too-short-for-hs256", "shorter than 32");
    refused("CRON_SECRET", "guess", "shorter than 16");
    refused("CRON_SECRET", "sesame sesame sesame sesame", "white space");
    refused(
        "HEARTH_EDGE_API_KEY",
        "k\u{e9}k\u{e9}k\u{e9}k\u{e9}k\u{e9}k\u{e9}k\u{e9}k\u{e9}",
        "no HTTP header takes",
    );
    refused("UPSTASH_REDIS_REST_TOKEN", "short", "shorter than 16");
    for placeholder in ["<your key>", "your-token-goes-here", "sb_publishable_…", "changeme-changeme"] {
        refused("CRON_SECRET", placeholder, "placeholder");
    }
    assert_eq!(told("CRON_SECRET", &"0f".repeat(16)), None);
}

#[test]
fn a_pairing() {
    // RFC 8037, appendix A.
    let key = "hearth_edge_service_kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k.\
               9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    assert_eq!(told("HEARTH_EDGE_SERVICE_KEY", key), None);
    for wrong in [&key[..120], &key.replace("9d61", "9d62"), "sesame-sesame-sesame"] {
        refused("HEARTH_EDGE_SERVICE_KEY", wrong, "not a whole key");
    }
    assert_eq!(told("HEARTH_EDGE_ID", "6f2c7e0a-3c1b-4a86-9a55-1c1f0f2f7a10"), None);
    refused("HEARTH_EDGE_ID", "home", "a UUID");
}

#[test]
fn numbers_and_switches() {
    for wrong in ["0", "-1", "8k", "8192.0"] {
        refused("HEARTH_EDGE_CONTEXT", wrong, "number of tokens");
    }
    refused("HEARTH_HOME_HOST", "yes", "neither 0 nor 1");
    assert_eq!(told("HEARTH_EDGE_CONTEXT", "8192"), None);
    assert_eq!(told("HEARTH_HOME_HOST", "0"), None);
}
