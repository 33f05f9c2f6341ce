//! What each setting has to look like, whichever host reads it. `hearth_api::Config` refuses the worst of this when a host
//! starts; here it is told before, and with what to do.

use std::collections::BTreeSet;

use hearth_api::SETTINGS;
use hearth_clients::llm::ServiceKey;
use url::Url;
use uuid::Uuid;

use super::api_key::ApiKey;
use super::env_file::EnvFile;
use super::finding::Finding;

/// Bytes of a key for HMAC-SHA256.
const SIGNING_KEY: usize = 32;
/// Random bytes repeat themselves, but not so much: 32 of them have 30 different ones on average.
const LEAST_VARIETY: usize = 16;
/// The fewest characters of a secret that anybody on the Internet may try to guess.
const LEAST_SECRET: usize = 16;
/// What RFC 7518 (3.2) asks of a secret for HS256.
const LEAST_JWT_SECRET: usize = 32;

/// `now` in seconds since 1970.
pub fn check(file: &EnvFile, now: u64) -> Vec<Finding> {
    let mut findings = Vec::new();
    for setting in SETTINGS {
        let Some(value) = file.get(setting.name) else { continue };
        let wrong = if is_placeholder(value) {
            Some("is a placeholder. Put the real value there".to_owned())
        } else if !is_header_safe(value) && setting.secret {
            Some(
                "holds white space or characters that no HTTP header takes. Copy it anew, in one line"
                    .to_owned(),
            )
        } else {
            look(setting.name, value)
        };
        match wrong {
            Some(text) => findings.push(Finding::stop(setting.name, text)),
            None if setting.name == "SUPABASE_PUBLISHABLE_KEY" => findings.extend(publishable(value, now)),
            None => {}
        }
    }
    findings
}

fn look(name: &str, value: &str) -> Option<String> {
    match name {
        "SUPABASE_URL" => project(value),
        "SUPABASE_JWT_ISSUER" => address(value).err(),
        "UPSTASH_REDIS_REST_URL" => redis(value),
        "HEARTH_EDGE_URL" => daemon(value),
        "HEARTH_SIGNING_KEY" => signing_key(value),
        "SUPABASE_JWT_SECRET" => jwt_secret(value),
        "HEARTH_EDGE_ID" if Uuid::parse_str(value).is_err() => {
            Some("is not an id, which is a UUID. `hearth-edge pair list` shows it".to_owned())
        }
        "HEARTH_EDGE_SERVICE_KEY" => service_key(value),
        "HEARTH_EDGE_CONTEXT" => match value.parse::<u32>() {
            Ok(tokens) if tokens > 0 => None,
            _ => Some("is not a number of tokens, such as 8192".to_owned()),
        },
        "CRON_SECRET" | "HEARTH_EDGE_API_KEY" | "UPSTASH_REDIS_REST_TOKEN" => short(value, LEAST_SECRET),
        "HEARTH_HOME_HOST" | "HEARTH_TEST_ROUTES" if !matches!(value, "0" | "1") => {
            Some("is neither 0 nor 1".to_owned())
        }
        _ => None,
    }
}

fn is_placeholder(value: &str) -> bool {
    let small = value.to_lowercase();
    small.starts_with('<')
        || small.starts_with("your")
        || ["…", "...", "changeme", "change-me", "xxxxx", "placeholder"]
            .iter()
            .any(|word| small.contains(word))
}

fn is_header_safe(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_graphic())
}

fn short(value: &str, least: usize) -> Option<String> {
    (value.len() < least)
        .then(|| format!("is shorter than {least} characters. Make one: openssl rand -hex 32"))
}

/// An address without anything that has no place in one of ours.
pub(super) fn address(value: &str) -> Result<Url, String> {
    let url = Url::parse(value).map_err(|_| "is no URL. It begins with https://".to_owned())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("is no URL of a web server. It begins with https://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "carries a user name or a password. Take it out: keys have settings of their own".to_owned()
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has a ? or a # in it. Leave out all behind the path".to_owned());
    }
    Ok(url)
}

fn project(value: &str) -> Option<String> {
    if value.starts_with("postgres") {
        return Some(
            "is the address of the database. Take the project's URL: https://<ref>.supabase.co".to_owned(),
        );
    }
    let url = match address(value) {
        Ok(url) => url,
        Err(wrong) => return Some(wrong),
    };
    let host = url.host_str().unwrap_or_default();
    if matches!(host, "supabase.com" | "www.supabase.com" | "app.supabase.com") {
        return Some(
            "is a page of the dashboard. Take the project's URL: https://<ref>.supabase.co".to_owned(),
        );
    }
    if host.starts_with("db.") && host.ends_with(".supabase.co") {
        return Some("names the database's server. Leave out `db.`".to_owned());
    }
    (url.path() != "/")
        .then(|| "goes on behind the host. Leave out the path: clients add /rest/v1 and /auth/v1".to_owned())
}

fn redis(value: &str) -> Option<String> {
    if value.starts_with("redis://") || value.starts_with("rediss://") {
        return Some(
            "is the address for TCP. Take the one for HTTPS, below REST API in Upstash's console".to_owned(),
        );
    }
    address(value).err()
}

fn daemon(value: &str) -> Option<String> {
    match address(value) {
        Ok(url) if url.path().trim_end_matches('/').ends_with("/v1") => {
            Some("ends with /v1. Leave that out: clients add it".to_owned())
        }
        Ok(_) => None,
        Err(wrong) => Some(wrong),
    }
}

fn service_key(value: &str) -> Option<String> {
    // Which daemon it is for, another setting says.
    ServiceKey::parse(value, Uuid::nil()).is_none().then(|| {
        "is not a whole key as `hearth-edge pair` prints it. Copy it anew, or make another pairing".to_owned()
    })
}

fn signing_key(value: &str) -> Option<String> {
    let again = "Make one: openssl rand -hex 32, and give it to the database too: docs/deploy/supabase.md";
    let Ok(bytes) = hex::decode(value) else {
        return Some(format!("is not hex: 64 digits, 0-9 and a-f. {again}"));
    };
    if bytes.len() < SIGNING_KEY {
        return Some(format!(
            "is too short: {} bytes, and {SIGNING_KEY} are needed (64 digits). {again}",
            bytes.len()
        ));
    }
    let variety = bytes.iter().collect::<BTreeSet<_>>().len();
    (variety < LEAST_VARIETY).then(|| format!("is not random: its bytes repeat. {again}"))
}

fn jwt_secret(value: &str) -> Option<String> {
    if ApiKey::read(value) != ApiKey::Other {
        return Some(
            "is an API key. The secret that signs them is in Project Settings, JWT Keys, Legacy JWT Secret; \
             a project with asymmetric signing keys needs none here"
                .to_owned(),
        );
    }
    (value.len() < LEAST_JWT_SECRET).then(|| {
        format!("is shorter than {LEAST_JWT_SECRET} characters: no project's secret is. Copy it anew")
    })
}

fn publishable(value: &str, now: u64) -> Vec<Finding> {
    let name = "SUPABASE_PUBLISHABLE_KEY";
    let claims = match ApiKey::read(value) {
        ApiKey::Publishable if value.len() > 30 => return Vec::new(),
        ApiKey::Publishable => return vec![Finding::stop(name, "is cut short. Copy it anew")],
        key if key.is_powerful() => {
            return vec![Finding::stop(
                name,
                "IS A KEY THAT PASSES ROW-LEVEL SECURITY BY, and this is where the publishable one belongs. Put that one \
                 here, and give the other a successor, since it was where it should never be: docs/deploy/rotation.md",
            )];
        }
        ApiKey::Jwt(claims) => claims,
        _ => {
            return vec![Finding::stop(
                name,
                "is no key of Supabase's: those begin with sb_publishable_ or, the older ones, with eyJ",
            )];
        }
    };
    if claims.role != "anon" {
        return vec![Finding::stop(name, "is the token of a person, not a key. Take the publishable key")];
    }
    if claims.exp.is_some_and(|exp| exp <= now) {
        return vec![Finding::stop(
            name,
            "has expired. Take the publishable key (sb_publishable_…) in its place",
        )];
    }
    vec![Finding::heed(
        name,
        "is the older anon key, which Supabase retires at the end of 2026. Take the publishable key (sb_publishable_…) in its place",
    )]
}

#[cfg(test)]
mod tests;
