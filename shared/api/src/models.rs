//! The daemon's models: what the operator said, or else what the daemon says.

use std::sync::{PoisonError, RwLock};

use hearth_clients::{
    llm::{Local, Provider, ProviderError},
    platform,
};
use hearth_routing::{Catalogue, Locality, Model, Provider as Entry};
use hearth_wire::ModelList;

/// Seconds that a list of models is good for.
const FRESH: u64 = 60;
/// The context that is assumed where a server does not say.
const ASSUMED_CONTEXT: u32 = 4096;

/// What is known of the daemon's models.
pub struct Models {
    known: RwLock<Known>,
}

struct Known {
    models: Vec<Model>,
    /// The operator named the model: then a turn never waits for the daemon's list.
    configured: bool,
    read_at: Option<u64>,
}

impl Models {
    pub fn new(configured: Option<Model>) -> Self {
        let known = Known {
            configured: configured.is_some(),
            models: configured.into_iter().collect(),
            read_at: None,
        };
        Self { known: RwLock::new(known) }
    }

    /// The catalogue for a decision. Asks the daemon only where nothing at all is known, or was known long ago.
    pub async fn catalogue(&self, provider: &Provider<Local>) -> Catalogue {
        if self.must_ask()
            && let Err(error) = self.refresh(provider).await
        {
            tracing::warn!(%error, "the daemon's models cannot be listed");
        }
        let models = self.known.read().unwrap_or_else(PoisonError::into_inner).models.clone();
        let entry = Entry { name: provider.name().into(), locality: Locality::Local, models };
        Catalogue { providers: vec![entry] }
    }

    /// Asks the daemon for its list.
    pub async fn refresh(&self, provider: &Provider<Local>) -> Result<ModelList, ProviderError> {
        let list = provider.models().await?;
        let models = list.data.iter().map(model).collect();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.models = models;
        known.read_at = Some(platform::unix_seconds());
        Ok(list)
    }

    fn must_ask(&self) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let now = platform::unix_seconds();
        !known.configured && known.read_at.is_none_or(|at| now.saturating_sub(at) >= FRESH)
    }
}

fn model(listed: &hearth_wire::Model) -> Model {
    let context = listed.meta.map(|meta| meta.n_ctx).filter(|tokens| *tokens > 0);
    let context = context.and_then(|tokens| u32::try_from(tokens).ok()).unwrap_or(ASSUMED_CONTEXT);
    Model { id: listed.id.clone(), context }
}
