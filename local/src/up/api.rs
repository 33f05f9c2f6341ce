//! The API's configuration on one machine: the same names as on every host, with values from here.

use super::UpError;
use super::children::Model;
use crate::secrets::Secrets;

pub(super) fn app(secrets: &Secrets, url: &str, model: &Model) -> Result<hearth_api::App, UpError> {
    let lookup = |name: &str| match name {
        "SUPABASE_URL" => Some(url.to_owned()),
        "SUPABASE_PUBLISHABLE_KEY" => Some(secrets.publishable_key.clone()),
        "SUPABASE_JWT_SECRET" => Some(secrets.jwt_secret.expose().to_owned()),
        "UPSTASH_REDIS_REST_URL" => Some(format!("{url}/redis")),
        "UPSTASH_REDIS_REST_TOKEN" => Some(secrets.redis_token.expose().to_owned()),
        "HEARTH_SIGNING_KEY" => Some(secrets.signing_key.expose().to_owned()),
        "HEARTH_EDGE_URL" => Some(model.url.clone()),
        "HEARTH_EDGE_MODEL" => model.name.clone(),
        "HEARTH_EDGE_CONTEXT" => model.context.map(|tokens| tokens.to_string()),
        "HEARTH_HOME_HOST" => Some("1".to_owned()),
        other => std::env::var(other).ok(),
    };
    let config = hearth_api::Config::from_lookup(lookup).map_err(|error| UpError::Api(error.to_string()))?;
    let host = hearth_api::Host {
        sockets: Some(std::sync::Arc::new(hearth_api::socket::AxumSockets)),
        ..hearth_api::Host::default()
    };
    hearth_api::App::on(host, config).map_err(|error| UpError::Api(error.to_string()))
}
