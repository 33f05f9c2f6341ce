//! Upstash Redis over its REST protocol (<https://upstash.com/docs/redis/features/restapi>): one POST of a JSON array.
//!
//! Paid by the command, so each call here is exactly one.

use std::time::Duration;

use http::Method;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Secret,
    http::{Http, HttpError, Request},
};

/// The longest that a command may take.
const LIMIT: Duration = Duration::from_secs(2);

/// Where the database is, and its token.
#[derive(Clone, Debug)]
pub struct UpstashConfig {
    /// Without a slash at its end.
    pub url: String,
    pub token: Secret,
}

/// A client of one Redis database.
#[derive(Clone, Debug)]
pub struct Upstash {
    http: Http,
    config: UpstashConfig,
}

/// Why a command has no result.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    /// Redis refused the command, in its own words. Commands are ours, so the words hold no user's text.
    #[error("redis: {0}")]
    Refused(String),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("an answer that cannot be read (status {0})")]
    Unreadable(u16),
}

#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    result: Value,
    #[serde(default)]
    error: Option<String>,
}

impl Upstash {
    pub fn new(http: Http, config: UpstashConfig) -> Self {
        Self { http, config }
    }

    /// Runs one command.
    pub async fn command(&self, command: &[&str]) -> Result<Value, RedisError> {
        let request = Request::new(Method::POST, self.config.url.clone())
            .header("authorization", &format!("Bearer {}", self.config.token.expose()))?
            .json(&command);
        let answer = self.http.call(request, LIMIT).await?;
        let status = answer.status.as_u16();
        let reply: Reply =
            serde_json::from_slice(&answer.body).map_err(|_| RedisError::Unreadable(status))?;
        match reply.error {
            Some(error) => Err(RedisError::Refused(error)),
            None if answer.status.is_success() => Ok(reply.result),
            None => Err(RedisError::Unreadable(status)),
        }
    }

    /// Runs a Lua script on keys and arguments: one command, however much the script does.
    pub async fn eval(&self, script: &str, keys: &[&str], args: &[&str]) -> Result<Value, RedisError> {
        let count = keys.len().to_string();
        let mut command = vec!["EVAL", script, count.as_str()];
        command.extend_from_slice(keys);
        command.extend_from_slice(args);
        self.command(&command).await
    }
}
