//! `GET /v1/health`.

use std::sync::{PoisonError, RwLock};

use axum::{Json, extract::State};
use futures_util::future::join3;
use hearth_clients::platform;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{App, auth::Caller};

/// Seconds that a look at the dependencies is good for.
const FRESH: u64 = 15;

/// How the platform stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok` or `degraded`.
    status: &'static str,
    /// The state of each dependency; for signed-in callers.
    #[serde(skip_serializing_if = "Option::is_none")]
    dependencies: Option<Dependencies>,
}

/// Each dependency: `up`, `down` or `absent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Dependencies {
    database: &'static str,
    redis: &'static str,
    edge: &'static str,
}

/// The last look at the dependencies.
#[derive(Default)]
pub struct Pulse(RwLock<Option<(u64, Dependencies)>>);

/// Whether the platform works
///
/// The state of each dependency is for signed-in callers. Looked at every 15 seconds at most.
#[utoipa::path(get, path = "/v1/health", tag = "health", responses((status = 200, body = Health)))]
pub async fn get(State(app): State<App>, caller: Option<Known>) -> Json<Health> {
    let dependencies = look(&app).await;
    let down = [dependencies.database, dependencies.redis, dependencies.edge].contains(&"down");
    let status = if down { "degraded" } else { "ok" };
    Json(Health { status, dependencies: caller.map(|_| dependencies) })
}

/// A caller who is signed in. Whoever is not may ask as well, and learns less.
pub struct Known;

impl axum::extract::OptionalFromRequestParts<App> for Known {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut http::request::Parts,
        app: &App,
    ) -> Result<Option<Self>, Self::Rejection> {
        use axum::extract::FromRequestParts;
        Ok(Caller::from_request_parts(parts, app).await.ok().map(|_| Self))
    }
}

async fn look(app: &App) -> Dependencies {
    let now = platform::unix_seconds();
    let last = *app.pulse.0.read().unwrap_or_else(PoisonError::into_inner);
    if let Some((at, dependencies)) = last
        && now.saturating_sub(at) < FRESH
    {
        return dependencies;
    }
    let state = |up: bool| if up { "up" } else { "down" };
    let redis = async {
        match &app.journal {
            Some(journal) => state(journal.ping().await.is_ok()),
            None => "absent",
        }
    };
    let edge = async {
        match &app.edge {
            Some(edge) => state(edge.provider.models().await.is_ok()),
            None => "absent",
        }
    };
    let (database, redis, edge) = join3(app.supabase.ping(), redis, edge).await;
    let dependencies = Dependencies { database: state(database.is_ok()), redis, edge };
    *app.pulse.0.write().unwrap_or_else(PoisonError::into_inner) = Some((now, dependencies));
    dependencies
}
