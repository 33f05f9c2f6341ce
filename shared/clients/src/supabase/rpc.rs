//! Calls of database functions through PostgREST (<https://docs.postgrest.org/en/stable/references/api/functions.html>).

use std::time::Duration;

use http::Method;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use super::{
    answer::{RpcError, read},
    signature::{Signed, SigningKey},
};
use crate::{
    Secret,
    http::{Http, Request},
    platform,
};

/// The longest that one call may take, its one repetition included.
const LIMIT: Duration = Duration::from_secs(8);
/// How long to wait before the one repetition of a call that never reached the database.
const PAUSE: Duration = Duration::from_millis(150);

/// Where the project is, and the key that everybody may know.
#[derive(Clone, Debug)]
pub struct SupabaseConfig {
    /// The project's URL, without a slash at its end.
    pub url: String,
    /// `sb_publishable_…`, or the older anon key.
    pub publishable_key: Secret,
}

/// A client of one Supabase project.
#[derive(Clone, Debug)]
pub struct Supabase {
    http: Http,
    config: SupabaseConfig,
}

impl Supabase {
    pub fn new(http: Http, config: SupabaseConfig) -> Self {
        Self { http, config }
    }

    /// Calls a function of one `jsonb` argument named `p`, as the user whose token it is: row-level security decides.
    ///
    /// Each function of ours is idempotent or changes nothing when its transaction fails, so a call that could not be
    /// answered is tried once more.
    pub async fn call<T: DeserializeOwned>(
        &self,
        token: &Secret,
        function: &str,
        p: &impl Serialize,
    ) -> Result<T, RpcError> {
        let body = json!({ "p": p });
        self.twice(function, &body, Some(token)).await
    }

    /// Calls a signed function with the publishable key alone: what the server authors does not hang on a user's token.
    pub async fn call_signed<T: DeserializeOwned>(
        &self,
        key: &SigningKey,
        function: &'static str,
        call: &Signed,
    ) -> Result<T, RpcError> {
        let body = call.body(key, function, platform::unix_seconds());
        self.twice(function, &body, None).await
    }

    /// Whether the project answers.
    pub async fn ping(&self) -> Result<(), RpcError> {
        let request = Request::new(Method::GET, format!("{}/auth/v1/health", self.config.url))
            .header("apikey", self.config.publishable_key.expose())?;
        let answer = self.http.call(request, Duration::from_secs(3)).await?;
        read(&answer).map(|_: serde_json::Value| ())
    }

    /// Has the database itself answer, so that the project counts as used.
    pub async fn touch(&self) -> Result<(), RpcError> {
        self.twice::<bool>("touch", &json!({}), None).await.map(drop)
    }

    async fn twice<T: DeserializeOwned>(
        &self,
        function: &str,
        body: &serde_json::Value,
        token: Option<&Secret>,
    ) -> Result<T, RpcError> {
        let attempts = async {
            match self.once(function, body, token).await {
                Err(error) if error.is_passing() => {
                    platform::sleep(PAUSE).await;
                    self.once(function, body, token).await
                }
                other => other,
            }
        };
        platform::timeout(LIMIT, attempts).await.map_err(|elapsed| RpcError::Away(elapsed.to_string()))?
    }

    async fn once<T: DeserializeOwned>(
        &self,
        function: &str,
        body: &serde_json::Value,
        token: Option<&Secret>,
    ) -> Result<T, RpcError> {
        let mut request = Request::new(Method::POST, format!("{}/rest/v1/rpc/{function}", self.config.url))
            .header("apikey", self.config.publishable_key.expose())?
            .json(body);
        if let Some(token) = token {
            request = request.header("authorization", &format!("Bearer {}", token.expose()))?;
        }
        read(&self.http.call(request, LIMIT).await?)
    }
}
