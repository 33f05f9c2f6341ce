//! Calls of database functions through PostgREST (<https://docs.postgrest.org/en/stable/references/api/functions.html>).

use std::time::Duration;

use http::Method;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use super::{
    again::{Again, Twice},
    answer::{RpcError, read},
    signature::{Signed, SigningKey},
};
use crate::{
    Secret,
    http::{Http, Request},
    platform,
};

/// The longest that one call may take, its repetitions and the pauses between them included.
const LIMIT: Duration = Duration::from_secs(8);
/// How often a call is made that fails in passing, unless the host allows fewer.
const ATTEMPTS: u32 = 3;

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
    attempts: u32,
}

impl Supabase {
    pub fn new(http: Http, config: SupabaseConfig) -> Self {
        Self { http, config, attempts: ATTEMPTS }
    }

    /// Makes each call so often at most, on a host where calls are counted.
    #[must_use]
    pub fn at_most(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    /// Calls a function of one `jsonb` argument named `p`, as the user whose token it is: row-level security decides.
    ///
    /// For functions that come to the same when they are called twice: those that read, and those that make a row whose id
    /// is given. A call that fails in passing is made again.
    pub async fn call<T: DeserializeOwned>(
        &self,
        token: &Secret,
        function: &str,
        p: &impl Serialize,
    ) -> Result<T, RpcError> {
        self.repeat(function, &json!({ "p": p }), Some(token), Twice::IsOnce).await
    }

    /// As [`Supabase::call`], for functions that change or delete: called twice, the second time would find a newer
    /// revision, or nothing. Such a call is made again only where it certainly had no effect.
    pub async fn change<T: DeserializeOwned>(
        &self,
        token: &Secret,
        function: &str,
        p: &impl Serialize,
    ) -> Result<T, RpcError> {
        self.repeat(function, &json!({ "p": p }), Some(token), Twice::IsTwice).await
    }

    /// Calls a signed function with the publishable key alone: what the server authors does not hang on a user's token.
    pub async fn call_signed<T: DeserializeOwned>(
        &self,
        key: &SigningKey,
        function: &'static str,
        call: &Signed,
    ) -> Result<T, RpcError> {
        let body = call.body(key, function, platform::unix_seconds());
        self.repeat(function, &body, None, Twice::IsOnce).await
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
        self.repeat::<bool>("touch", &json!({}), None, Twice::IsOnce).await.map(drop)
    }

    async fn repeat<T: DeserializeOwned>(
        &self,
        function: &str,
        body: &serde_json::Value,
        token: Option<&Secret>,
        twice: Twice,
    ) -> Result<T, RpcError> {
        let attempts = async {
            let mut again = Again::new(self.attempts, LIMIT);
            loop {
                let error = match self.once(function, body, token).await {
                    Err(error) => error,
                    answered => return answered,
                };
                let RpcError::Away { untouched, retry_after, .. } = &error else { return Err(error) };
                if !untouched && twice == Twice::IsTwice {
                    return Err(error);
                }
                let Some(pause) = again.pause(*retry_after) else { return Err(error) };
                platform::sleep(pause).await;
            }
        };
        platform::timeout(LIMIT, attempts).await.map_err(RpcError::without_answer)?
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
