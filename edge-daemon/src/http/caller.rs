//! Who asks, and what they use up.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::error::ApiError;
use crate::counts::Counts;
use crate::keys::live::LiveKey;
use crate::models::Loaded;

/// The caller of a request.
#[derive(Clone, Debug, Default)]
pub enum Caller {
    /// Whoever reaches the port, where nobody is asked who they are.
    #[default]
    Anyone,
    Key(Arc<LiveKey>),
    /// One of Hearth's functions, for the person behind this id.
    Service(Arc<str>),
}

impl Caller {
    /// Compared by the engine, so that callers take turns.
    pub fn id(&self) -> &str {
        match self {
            Self::Anyone => "",
            Self::Key(key) => key.id(),
            Self::Service(id) => id,
        }
    }
}

/// A caller who may say which models are in memory: anyone where nobody is asked who they are, and holders of a key that was
/// made for it. Hearth's functions have no use for it.
#[derive(Debug)]
pub struct Manager;

impl<S: Send + Sync> FromRequestParts<S> for Manager {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        match parts.extensions.get::<Caller>() {
            Some(Caller::Anyone) => Ok(Self),
            Some(Caller::Key(key)) if key.manages() => Ok(Self),
            _ => Err(ApiError::may_not_manage()),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Caller>().cloned().unwrap_or_default())
    }
}

/// Counts one request: for the metrics, and against its key's quota.
#[derive(Debug)]
pub struct Meter {
    counts: Arc<Counts>,
    caller: Caller,
    asked: Instant,
}

impl Meter {
    pub fn new(model: &Loaded, caller: &Caller) -> Self {
        Self { counts: Arc::clone(&model.counts), caller: caller.clone(), asked: Instant::now() }
    }

    pub fn first_token(&self) {
        self.counts.first_token.add(self.asked.elapsed().as_secs_f64());
    }

    /// The prompt has been read, so many of its tokens from what had been computed before.
    pub fn read(&self, prompt_tokens: u64, cached_tokens: u64) {
        Counts::count(&self.counts.prompt_tokens, prompt_tokens);
        Counts::count(&self.counts.cached_tokens, cached_tokens);
        self.spend(prompt_tokens);
    }

    /// An answer is over; `first` is when it began.
    pub fn wrote(&self, completion_tokens: u64, first: Option<Instant>) {
        Counts::count(&self.counts.completion_tokens, completion_tokens);
        if let Some(first) = first {
            self.counts.wrote(completion_tokens, first.elapsed());
        }
        self.spend(completion_tokens);
    }

    pub fn finished(&self) {
        Counts::count(&self.counts.finished, 1);
    }

    pub fn failed(&self) {
        Counts::count(&self.counts.failed, 1);
    }

    pub fn abandoned(&self) {
        Counts::count(&self.counts.abandoned, 1);
    }

    fn spend(&self, tokens: u64) {
        if let Caller::Key(key) = &self.caller {
            key.spend(tokens);
        }
    }
}
