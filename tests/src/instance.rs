//! An instance of the API of one's own, before the data plane of a house: as a function in the cloud would be.

use hearth_api::{App, Config, Host, socket::AxumSockets};

use crate::{
    house::{House, Up},
    proxy::serve,
};

/// The secret of scheduled calls, in every instance of the tests.
pub const CRON_SECRET: &str = "a secret of the tests";

/// Where an instance finds its parts.
#[derive(Clone, Debug)]
pub struct Parts {
    pub supabase: String,
    pub redis: Option<String>,
    pub edge: Option<String>,
    /// What the daemon is shown, where it asks: settings, as `hearth-edge pair` prints them.
    pub shown: Vec<(&'static str, String)>,
    /// Whether Redis counts as standing at home.
    pub at_home: bool,
}

/// A running instance.
pub struct Instance {
    pub url: String,
    pub app: App,
}

impl Parts {
    /// The house's own.
    pub fn of(up: &Up) -> Self {
        let redis = Some(format!("{}/redis", up.url));
        Self {
            supabase: up.url.clone(),
            redis,
            edge: Some(up.edge_url.clone()),
            shown: Vec::new(),
            at_home: true,
        }
    }

    #[must_use]
    pub fn supabase(self, url: &str) -> Self {
        Self { supabase: url.into(), ..self }
    }

    #[must_use]
    pub fn redis(self, url: Option<String>) -> Self {
        Self { redis: url, ..self }
    }

    #[must_use]
    pub fn edge(self, url: &str) -> Self {
        Self { edge: Some(url.into()), ..self }
    }

    #[must_use]
    pub fn shown(self, shown: Vec<(&'static str, String)>) -> Self {
        Self { shown, ..self }
    }
}

impl Parts {
    /// The settings of a function that stands before these parts.
    pub fn settings(&self, house: &House) -> Vec<(&'static str, String)> {
        let keys = std::fs::read(house.home().join("secrets/keys.json")).expect("the house's keys");
        let keys: serde_json::Value = serde_json::from_slice(&keys).expect("JSON");
        let key = |name: &str| keys[name].as_str().unwrap_or_else(|| panic!("no {name}")).to_owned();
        let mut settings = vec![
            ("SUPABASE_URL", self.supabase.clone()),
            ("SUPABASE_PUBLISHABLE_KEY", key("publishable_key")),
            ("SUPABASE_JWT_SECRET", key("jwt_secret")),
            ("HEARTH_SIGNING_KEY", key("signing_key")),
            // Tokens are issued by the house, whatever stands between.
            ("SUPABASE_JWT_ISSUER", format!("{}/auth/v1", house.up.url)),
            ("CRON_SECRET", CRON_SECRET.to_owned()),
            ("HEARTH_TEST_ROUTES", "1".to_owned()),
        ];
        if let Some(redis) = &self.redis {
            settings.push(("UPSTASH_REDIS_REST_URL", redis.clone()));
            settings.push(("UPSTASH_REDIS_REST_TOKEN", key("redis_token")));
        }
        settings.extend(self.edge.clone().map(|edge| ("HEARTH_EDGE_URL", edge)));
        settings.extend(self.shown.clone());
        settings.extend(self.at_home.then(|| ("HEARTH_HOME_HOST", "1".to_owned())));
        settings
    }
}

impl Instance {
    pub async fn start(house: &House, parts: Parts) -> Self {
        let settings = parts.settings(house);
        let config = Config::from_lookup(|name| {
            settings.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
        });
        let host = Host { sockets: Some(std::sync::Arc::new(AxumSockets)), ..Host::default() };
        let app = App::on(host, config.expect("a configuration")).expect("an instance");
        Self { url: serve(hearth_api::router(app.clone())).await, app }
    }
}
