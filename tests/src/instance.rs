//! An instance of the API of one's own, before the data plane of a house: as a function in the cloud would be.

use hearth_api::{App, Config};

use crate::{
    house::{House, Up},
    proxy::serve,
};

/// Where an instance finds its parts.
#[derive(Clone, Debug)]
pub struct Parts {
    pub supabase: String,
    pub redis: Option<String>,
    pub edge: Option<String>,
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
        Self { supabase: up.url.clone(), redis, edge: Some(up.edge_url.clone()), at_home: true }
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
}

impl Instance {
    pub async fn start(house: &House, parts: Parts) -> Self {
        let keys = std::fs::read(house.home().join("secrets/keys.json")).expect("the house's keys");
        let keys: serde_json::Value = serde_json::from_slice(&keys).expect("JSON");
        let key = |name: &str| keys[name].as_str().unwrap_or_else(|| panic!("no {name}")).to_owned();
        let config = Config::from_lookup(|name| match name {
            "SUPABASE_URL" => Some(parts.supabase.clone()),
            "SUPABASE_PUBLISHABLE_KEY" => Some(key("publishable_key")),
            "SUPABASE_JWT_SECRET" => Some(key("jwt_secret")),
            "HEARTH_SIGNING_KEY" => Some(key("signing_key")),
            "UPSTASH_REDIS_REST_URL" => parts.redis.clone(),
            "UPSTASH_REDIS_REST_TOKEN" => parts.redis.as_ref().map(|_| key("redis_token")),
            "HEARTH_EDGE_URL" => parts.edge.clone(),
            "HEARTH_HOME_HOST" => parts.at_home.then(|| "1".into()),
            // Tokens are issued by the house, whatever stands between.
            "SUPABASE_JWT_ISSUER" => Some(format!("{}/auth/v1", house.up.url)),
            _ => None,
        });
        let app = App::new(config.expect("a configuration")).expect("an instance");
        Self { url: serve(hearth_api::router(app.clone())).await, app }
    }
}
