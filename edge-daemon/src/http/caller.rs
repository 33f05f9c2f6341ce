//! Who asks, and what they use up.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::Daemon;
use super::metrics::Metrics;
use crate::keys::live::LiveKey;

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

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Caller>().cloned().unwrap_or_default())
    }
}

/// Counts one request: for the metrics, and against its key's quota.
#[derive(Debug)]
pub struct Meter {
    metrics: Arc<Metrics>,
    caller: Caller,
    asked: Instant,
}

impl Daemon {
    pub fn meter(&self, caller: &Caller) -> Meter {
        Meter { metrics: Arc::clone(&self.metrics), caller: caller.clone(), asked: Instant::now() }
    }
}

impl Meter {
    pub fn first_token(&self) {
        self.metrics.first_token.add(self.asked.elapsed().as_secs_f64());
    }

    /// The prompt has been read, so many of its tokens from what had been computed before.
    pub fn read(&self, prompt_tokens: u64, cached_tokens: u64) {
        Metrics::count(&self.metrics.prompt_tokens, prompt_tokens);
        Metrics::count(&self.metrics.cached_tokens, cached_tokens);
        self.spend(prompt_tokens);
    }

    /// An answer is over; `first` is when it began.
    pub fn wrote(&self, completion_tokens: u64, first: Option<Instant>) {
        Metrics::count(&self.metrics.completion_tokens, completion_tokens);
        if let Some(first) = first {
            self.metrics.wrote(completion_tokens, first.elapsed());
        }
        self.spend(completion_tokens);
    }

    pub fn finished(&self) {
        Metrics::count(&self.metrics.finished, 1);
    }

    pub fn failed(&self) {
        Metrics::count(&self.metrics.failed, 1);
    }

    pub fn abandoned(&self) {
        Metrics::count(&self.metrics.abandoned, 1);
    }

    fn spend(&self, tokens: u64) {
        if let Caller::Key(key) = &self.caller {
            key.spend(tokens);
        }
    }
}
