//! `/rest/v1`: PostgREST's protocol, spoken by postrust over the real PostgreSQL. What it answers
//! differently from PostgREST, and our clients meet, is mended in [`mend`] and nowhere else.

mod mend;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::any;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use postrust_core::{AppConfig, SchemaCache};
use postrust_server::AppState;
use sqlx::postgres::PgPoolOptions;

use crate::database::{Database, Role};
use crate::secrets::Secrets;

const SCHEMAS: [&str; 1] = ["public"];
/// As on Supabase: types and functions of extensions live there.
const SEARCH_PATH: [&str; 2] = ["public", "extensions"];
const LARGEST_BODY: usize = 8 * 1024 * 1024;

/// The REST service and its view of the schema.
#[derive(Clone)]
pub struct Rest {
    state: Arc<AppState>,
}

#[derive(Debug, thiserror::Error)]
pub enum RestError {
    #[error("the schema can't be read from PostgreSQL: {0}")]
    Schema(String),
    #[error("the REST server does not take the signing keys: {0}")]
    Keys(String),
}

impl Rest {
    /// Reads the schema as it is now: start it after the migrations.
    pub async fn start(database: &Database, secrets: &Secrets) -> Result<Self, RestError> {
        let config = config(secrets);
        let pool = PgPoolOptions::new()
            .max_connections(config.db_pool_size)
            .acquire_timeout(Duration::from_secs(config.db_pool_timeout))
            .idle_timeout(Duration::from_secs(120))
            .connect_lazy_with(database.options(Role::Authenticator));
        let schema =
            SchemaCache::load_with_search_path(&pool, &config.db_schemas, &config.db_extra_search_path)
                .await
                .map_err(|error| RestError::Schema(error.to_string()))?;
        let state =
            AppState::new(pool, schema, config).map_err(|error| RestError::Keys(error.to_string()))?;
        Ok(Self { state: Arc::new(state) })
    }

    /// Reads the schema again, after it was changed.
    pub async fn reload(&self) -> Result<(), RestError> {
        self.state.reload_schema().await.map_err(|error| RestError::Schema(error.to_string()))
    }

    /// The routes below `/rest/v1`; the `apikey` is checked in front of them.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/", any(answer))
            .route("/{*path}", any(answer))
            .with_state(self.state.clone())
            .layer(from_fn(mend::mend))
    }

    pub async fn close(&self) {
        self.state.pool.close().await;
    }
}

async fn answer(State(state): State<Arc<AppState>>, request: Request) -> Response {
    // Large, and moved around by every layer in front of it.
    Box::pin(postrust_server::handle_request(State(state), request)).await
}

fn config(secrets: &Secrets) -> AppConfig {
    let mut config = AppConfig::default();
    config.db_schemas = SCHEMAS.map(str::to_owned).to_vec();
    config.db_extra_search_path = SEARCH_PATH.map(str::to_owned).to_vec();
    config.db_anon_role = Some("anon".to_owned());
    config.db_pool_size = 8;
    config.db_pool_timeout = 10;
    config.max_body_size = LARGEST_BODY;
    config.jwt_secret = Some(verification_keys(secrets).to_string());
    config.compat_mode = true;
    config.db_errors_verbatim = vec!["*".to_owned()];
    config
}

/// Public keys of the tokens that `/auth/v1` signs, and the legacy secret, each for its own algorithm.
fn verification_keys(secrets: &Secrets) -> serde_json::Value {
    let mut keys: Vec<_> = secrets.jwt_keys.iter().map(crate::secrets::JwtKey::public_jwk).collect();
    keys.push(serde_json::json!({
        "kty": "oct", "alg": "HS256", "use": "sig", "key_ops": ["verify"],
        "k": URL_SAFE_NO_PAD.encode(secrets.jwt_secret.expose()),
    }));
    serde_json::json!({ "keys": keys })
}
