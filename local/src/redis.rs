//! `/redis`: the Upstash REST protocol over a real Redis. Commands come as JSON arrays or as paths,
//! and their replies go back as JSON. One connection serves every caller, so what would change its
//! state, or hold it up, is refused.

mod answer;
mod command;
mod path;
mod reply;
mod scripts;

use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::{ConnectionLike as _, ConnectionManager, ConnectionManagerConfig};
use ::redis::{Pipeline, RedisError, Value};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use subtle::ConstantTimeEq as _;

use self::command::Command;
use self::scripts::Scripts;
use crate::secrets::{Secret, Secrets};

/// As large as Upstash takes them.
const LARGEST_BODY: usize = 10 * 1024 * 1024;

/// The service; clones share its connection.
#[derive(Clone)]
pub struct Redis {
    connection: ConnectionManager,
    token: Secret,
    scripts: Arc<Scripts>,
}

impl Redis {
    pub async fn connect(url: &str, secrets: &Secrets) -> Result<Self, RedisError> {
        let client = ::redis::Client::open(url)?;
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(Duration::from_secs(10)))
            .set_connection_timeout(Some(Duration::from_secs(2)))
            .set_number_of_retries(2)
            .set_min_delay(Duration::from_millis(50))
            .set_max_delay(Duration::from_millis(500));
        let connection = client.get_connection_manager_with_config(config).await?;
        Ok(Self { connection, token: secrets.redis_token.clone(), scripts: Arc::default() })
    }

    /// The routes below `/redis`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/", post(answer::command).get(answer::path))
            .route("/pipeline", post(answer::pipeline))
            .route("/multi-exec", post(answer::multi_exec))
            .route("/{*path}", get(answer::path).post(answer::path).put(answer::path).head(answer::path))
            .layer(DefaultBodyLimit::max(LARGEST_BODY))
            .with_state(self.clone())
    }

    fn knows(&self, token: &str) -> bool {
        self.token.expose().as_bytes().ct_eq(token.as_bytes()).into()
    }

    /// Runs commands one after the other with nothing of another caller's in between; one that fails
    /// does not keep the next from running.
    async fn run(&self, commands: &[Command]) -> Result<Vec<Value>, RedisError> {
        let mut connection = self.connection.clone();
        let mut pipeline = Pipeline::with_capacity(commands.len());
        for command in commands {
            pipeline.add_command(command.to_redis());
        }
        connection.req_packed_commands(&pipeline, 0, commands.len()).await
    }
}
