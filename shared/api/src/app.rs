//! What the handlers share: the clients, the keys that tokens are verified with, and the turns that run here.

use std::{sync::Arc, time::Duration};

use hearth_clients::{
    Secret,
    http::{Http, HttpError},
    llm::{Local, Provider},
    platform,
    supabase::{SigningKey, Supabase},
    upstash::Upstash,
};
use hearth_domain::{Code, Problem};

use crate::{
    auth::Verifier,
    config::Config,
    host::Host,
    routes::health::Pulse,
    turn::{Journal, Live},
};

/// One instance of the platform.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts, as handlers reach them.
pub struct Parts {
    pub(crate) supabase: Supabase,
    pub(crate) signing_key: SigningKey,
    pub(crate) verifier: Verifier,
    pub(crate) journal: Option<Journal>,
    pub(crate) edge: Option<Edge>,
    pub(crate) live: Live,
    pub(crate) pulse: Pulse,
    pub(crate) host: Host,
    pub(crate) cron_secret: Option<Secret>,
    pub(crate) test_routes: bool,
}

/// The daemon, and its models as far as they are known.
pub(crate) struct Edge {
    pub provider: Provider<Local>,
    pub models: crate::models::Models,
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Builds the clients, for a process of one's own. Fetches nothing: the first request that needs a key fetches it.
    pub fn new(config: Config) -> Result<Self, HttpError> {
        Self::on(Host::default(), config)
    }

    /// As [`App::new`], on a host with abilities of its own.
    pub fn on(host: Host, config: Config) -> Result<Self, HttpError> {
        let http = Http::new()?;
        let verifier = Verifier::new(http.clone(), &config);
        let redis = config.upstash.map(|upstash| Upstash::new(http.clone(), upstash));
        let edge = config.edge.map(|edge| Edge {
            provider: Provider::new(http.clone(), edge.provider),
            models: crate::models::Models::new(edge.model),
        });
        // Where calls are counted, a failed one is made once more; elsewhere twice.
        let attempts = if host.subrequests.is_some() { 2 } else { 3 };
        Ok(Self(Arc::new(Parts {
            supabase: Supabase::new(http, config.supabase).at_most(attempts),
            signing_key: config.signing_key,
            verifier,
            journal: redis.map(|redis| Journal::new(redis, config.redis_at_home)),
            edge,
            live: Live::default(),
            pulse: Pulse::default(),
            host,
            cron_secret: config.cron_secret,
            test_routes: config.test_routes,
        })))
    }

    /// Ends every turn that runs here as `interrupted`, keeping what was said so far; waits for that, but no longer than
    /// `limit`. For a host that is about to stop.
    pub async fn drain(&self, limit: Duration) {
        self.live.interrupt_all();
        if platform::timeout(limit, self.live.wait_until_empty()).await.is_err() {
            tracing::warn!(turns = self.live.len(), "stopped before every turn was closed");
        }
    }
}

impl Parts {
    /// The daemon, or the problem that there is none.
    pub(crate) fn edge(&self) -> Result<&Edge, Problem> {
        self.edge.as_ref().ok_or_else(|| {
            Code::NoProvider.with("No model is set up: give HEARTH_EDGE_URL and start the edge daemon.")
        })
    }
}
