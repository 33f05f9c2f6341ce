//! The settings that every host reads from its environment, validated whole before anything starts.

mod edge;

use hearth_clients::{
    Secret,
    llm::ProviderConfig,
    supabase::{SigningKey, SupabaseConfig},
    upstash::UpstashConfig,
};
use hearth_routing::Model;
use url::Url;

/// The name of the provider that the edge daemon is.
pub const EDGE: &str = "edge";
/// The fewest characters of a secret that anybody on the Internet may try to guess.
const LEAST_SECRET: usize = 16;

/// All that the Router needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    pub supabase: SupabaseConfig,
    /// The issuer of users' tokens: the project's own, unless the project is reached by another name than its public one.
    pub issuer: String,
    /// The shared secret of projects that still sign tokens with HS256.
    pub legacy_jwt_secret: Option<Secret>,
    /// Without it turns work, and cannot be resumed on another instance.
    pub upstash: Option<UpstashConfig>,
    /// Redis stands at home: private deltas may be written to it.
    pub redis_at_home: bool,
    /// The key of the functions that write what the server authors.
    pub signing_key: SigningKey,
    /// The daemon.
    pub edge: Option<EdgeConfig>,
    /// What scheduled calls show. Without it there are none.
    pub cron_secret: Option<Secret>,
    /// Routes that only tests call.
    pub test_routes: bool,
}

/// Where the daemon is, and which model it serves where the operator has said.
#[derive(Clone, Debug)]
pub struct EdgeConfig {
    pub provider: ProviderConfig,
    pub model: Option<Model>,
}

/// Everything that is wrong with the settings, at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the configuration is not complete:\n{}", .0.join("\n"))]
pub struct ConfigError(pub Vec<String>);

impl Config {
    /// Reads settings by name. Names and meanings are the same on every host.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader { lookup, wrong: Vec::new() };
        let supabase_url = reader.url("SUPABASE_URL");
        let publishable_key =
            reader.required("SUPABASE_PUBLISHABLE_KEY", "`sb_publishable_…`, or the anon key");
        let signing_key = reader.signing_key();
        let upstash = reader.upstash();
        let edge = reader.edge();
        let legacy_jwt_secret = reader.optional("SUPABASE_JWT_SECRET").map(Secret::new);
        let issuer = reader.optional("SUPABASE_JWT_ISSUER");
        let cron_secret = reader.cron_secret();
        let redis_at_home = reader.flag("HEARTH_HOME_HOST");
        let test_routes = reader.flag("HEARTH_TEST_ROUTES");
        match (supabase_url, publishable_key, signing_key) {
            (Some(url), Some(key), Some(signing_key)) if reader.wrong.is_empty() => Ok(Self {
                issuer: issuer.unwrap_or_else(|| format!("{url}/auth/v1")),
                supabase: SupabaseConfig { url, publishable_key: Secret::new(key) },
                legacy_jwt_secret,
                upstash,
                redis_at_home,
                signing_key,
                edge,
                cron_secret,
                test_routes,
            }),
            _ => Err(ConfigError(reader.wrong)),
        }
    }
}

struct Reader<F> {
    lookup: F,
    wrong: Vec<String>,
}

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    fn optional(&self, name: &str) -> Option<String> {
        (self.lookup)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn required(&mut self, name: &str, meaning: &str) -> Option<String> {
        let value = self.optional(name);
        if value.is_none() {
            self.wrong.push(format!("{name} is missing: {meaning}"));
        }
        value
    }

    fn url(&mut self, name: &str) -> Option<String> {
        let text = self.required(name, "an http or https URL")?;
        self.checked_url(name, &text)
    }

    fn checked_url(&mut self, name: &str, text: &str) -> Option<String> {
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                Some(text.trim_end_matches('/').to_owned())
            }
            _ => {
                self.wrong.push(format!("{name} is not an http or https URL"));
                None
            }
        }
    }

    fn signing_key(&mut self) -> Option<SigningKey> {
        let name = "HEARTH_SIGNING_KEY";
        let text = self.required(name, "32 bytes in hex, the same as in the database")?;
        let key = SigningKey::from_hex(&text);
        if key.is_none() {
            self.wrong.push(format!("{name} is not 32 bytes or more in hex (64 digits)"));
        }
        key
    }

    fn flag(&mut self, name: &str) -> bool {
        match self.optional(name).as_deref() {
            None | Some("0") => false,
            Some("1") => true,
            Some(_) => {
                self.wrong.push(format!("{name} is neither 0 nor 1"));
                false
            }
        }
    }

    fn cron_secret(&mut self) -> Option<Secret> {
        let name = "CRON_SECRET";
        let text = self.optional(name)?;
        if text.len() < LEAST_SECRET {
            self.wrong.push(format!("{name} is shorter than {LEAST_SECRET} characters"));
        }
        Some(Secret::new(text))
    }

    fn upstash(&mut self) -> Option<UpstashConfig> {
        let url = self.optional("UPSTASH_REDIS_REST_URL");
        let token = self.optional("UPSTASH_REDIS_REST_TOKEN");
        match (url, token) {
            (Some(url), Some(token)) => {
                let url = self.checked_url("UPSTASH_REDIS_REST_URL", &url)?;
                Some(UpstashConfig { url, token: Secret::new(token) })
            }
            (None, None) => None,
            (Some(_), None) => self.half("UPSTASH_REDIS_REST_TOKEN", "UPSTASH_REDIS_REST_URL"),
            (None, Some(_)) => self.half("UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"),
        }
    }

    fn half<T>(&mut self, missing: &str, given: &str) -> Option<T> {
        self.wrong.push(format!("{missing} is missing: {given} is set, and needs it"));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    fn read(settings: &[(&str, &str)]) -> Result<Config, super::ConfigError> {
        let settings: Vec<(String, String)> =
            settings.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Config::from_lookup(|name| {
            settings.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        })
    }

    #[test]
    fn every_mistake_is_reported_at_once() {
        let settings = [
            ("SUPABASE_URL", "ftp://x"),
            ("HEARTH_SIGNING_KEY", "short"),
            ("UPSTASH_REDIS_REST_URL", "http://r"),
            ("HEARTH_EDGE_URL", "nonsense"),
            ("CRON_SECRET", "guess"),
            ("HEARTH_HOME_HOST", "yes"),
        ];
        let error = read(&settings).unwrap_err().to_string();
        for name in [
            "SUPABASE_URL",
            "SUPABASE_PUBLISHABLE_KEY",
            "HEARTH_SIGNING_KEY",
            "UPSTASH_REDIS_REST_TOKEN",
            "HEARTH_EDGE_URL",
            "CRON_SECRET",
            "HEARTH_HOME_HOST",
        ] {
            assert!(error.contains(name), "{name} is not in: {error}");
        }
    }

    #[test]
    fn a_configuration_shows_no_secret() {
        let key = "ab".repeat(32);
        let settings = [
            ("SUPABASE_URL", "http://s/"),
            ("SUPABASE_PUBLISHABLE_KEY", "sb_publishable_visible"),
            ("HEARTH_SIGNING_KEY", key.as_str()),
            ("SUPABASE_JWT_SECRET", "sesame"),
            ("UPSTASH_REDIS_REST_URL", "http://r"),
            ("UPSTASH_REDIS_REST_TOKEN", "redistoken"),
        ];
        let config = read(&settings).unwrap();
        assert_eq!(config.issuer, "http://s/auth/v1");
        let shown = format!("{config:?}");
        for secret in [key.as_str(), "sesame", "redistoken"] {
            assert!(!shown.contains(secret));
        }
    }
}
