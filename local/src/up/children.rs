//! PostgreSQL with its migrations, Redis, and the daemon, each started while the others start.

use hearth_clients::{llm::Credential, platform};
use http::StatusCode;
use serde::Deserialize;

use super::serve::taken_or;
use super::{OnProgress, Progress, UpError, UpOptions};
use crate::auth::Auth;
use crate::database::Database;
use crate::migrate::migrate;
use crate::redis::Redis;
use crate::rest::Rest;
use crate::secrets::Secrets;
use crate::settings::Settings;
use crate::supervise::{Child, EdgeDaemon, Lifeline, PostgresServer, RedisServer, free_port, stop_orphans};

/// Everything that runs beside the router. Those of someone else have no child here.
pub(super) struct Started {
    pub auth: Auth,
    pub rest: Rest,
    pub redis: Redis,
    pub model: Model,
    postgres: Option<Child>,
    redis_server: Option<Child>,
    edge: Option<Child>,
}

/// What answers.
pub(super) struct Model {
    pub url: String,
    pub name: Option<String>,
    pub context: Option<u32>,
}

/// What every start is given.
struct Start<'a> {
    options: &'a UpOptions,
    settings: &'a Settings,
    secrets: &'a Secrets,
    lifeline: &'a Lifeline,
    progress: &'a OnProgress,
}

pub(super) async fn start(
    options: &UpOptions,
    settings: &Settings,
    secrets: &Secrets,
    lifeline: &Lifeline,
    progress: &OnProgress,
    url: &str,
) -> Result<Started, UpError> {
    let orphans = stop_orphans(&options.home).await;
    if !orphans.is_empty() {
        progress(Progress::OrphansStopped(orphans));
    }
    let start = Start { options, settings, secrets, lifeline, progress };
    let (data, (redis_server, redis), (edge, model)) =
        tokio::try_join!(start.data_plane(url), start.redis(), start.edge())?;
    let (postgres, auth, rest) = data;
    Ok(Started { auth, rest, redis, model, postgres, redis_server, edge })
}

impl Start<'_> {
    async fn data_plane(&self, url: &str) -> Result<(Option<Child>, Auth, Rest), UpError> {
        (self.progress)(Progress::Starting("postgres"));
        let (child, database) = if let Some(address) = &self.options.servers.database_url {
            (None, Database::external(address, self.secrets.database_password.clone())?)
        } else {
            let server = PostgresServer::new(&self.options.home, self.settings, self.lifeline)?;
            (Some(server.start().await?), server.database())
        };
        (self.progress)(Progress::Started("postgres"));
        let migrated = migrate(&database, self.secrets).await?;
        (self.progress)(Progress::Migrated(migrated));
        let rest = Rest::start(&database, self.secrets).await?;
        let auth = Auth::new(&database, self.secrets, url)?;
        Ok((child, auth, rest))
    }

    async fn redis(&self) -> Result<(Option<Child>, Redis), UpError> {
        (self.progress)(Progress::Starting("redis"));
        let (child, address) = if let Some(address) = &self.options.servers.redis_url {
            (None, address.clone())
        } else {
            let server = RedisServer::new(&self.options.home, self.settings, self.lifeline)?;
            (Some(server.start().await?), server.url())
        };
        let redis = Redis::connect(&address, self.secrets)
            .await
            .map_err(|error| UpError::Redis(error.to_string()))?;
        (self.progress)(Progress::Started("redis"));
        Ok((child, redis))
    }

    async fn edge(&self) -> Result<(Option<Child>, Model), UpError> {
        let http =
            reqwest::Client::builder().no_proxy().build().map_err(|error| UpError::Api(error.to_string()))?;
        if let Some(url) = &self.options.servers.edge_url {
            let shown = &self.options.servers.edge_credential;
            return Ok((None, served(&http, url.clone(), shown).await?));
        }
        let wanted = self.options.edge_port(self.settings);
        let Some(model) = self.options.model.clone() else {
            let url = format!("http://127.0.0.1:{wanted}");
            return Ok((None, Model { url, name: None, context: None }));
        };
        (self.progress)(Progress::Starting("edge"));
        let port = free_port(wanted).map_err(|source| taken_or(source, wanted, "--edge-port"))?;
        let daemon = EdgeDaemon {
            home: self.options.home.clone(),
            lifeline: self.lifeline.clone(),
            model: model.path,
            alias: model.alias,
            context: model.context,
            port,
        };
        let child = daemon.start()?;
        daemon.ready(&child, &http).await?;
        let model = served(&http, daemon.url(), &Credential::None).await?;
        (self.progress)(Progress::Started("edge"));
        Ok((Some(child), model))
    }
}

impl Started {
    /// The daemon first, the database last: who writes stops before what is written to.
    pub(super) async fn stop(self) {
        if let Some(edge) = self.edge {
            edge.stop().await;
        }
        self.auth.close().await;
        self.rest.close().await;
        drop(self.redis);
        let stop = |child: Option<Child>| async {
            if let Some(child) = child {
                child.stop().await;
            }
        };
        tokio::join!(stop(self.redis_server), stop(self.postgres));
    }
}

/// `GET /v1/models` of the daemon.
#[derive(Deserialize)]
struct Models {
    data: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    #[serde(default)]
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    n_ctx: Option<u32>,
}

async fn served(http: &reqwest::Client, url: String, shown: &Credential) -> Result<Model, UpError> {
    let mut request = http.get(format!("{url}/v1/models"));
    if let Some(token) = shown.bearer(None, platform::unix_seconds()) {
        request = request.bearer_auth(token.expose());
    }
    let away = |reason: String| UpError::Edge { url: url.clone(), reason };
    let answer = request.send().await.map_err(|error| away(error.to_string()))?;
    if answer.status() == StatusCode::UNAUTHORIZED {
        return Err(UpError::EdgeCredential { url });
    }
    let models = async { answer.error_for_status()?.json::<Models>().await };
    let models = models.await.map_err(|error| away(error.to_string()))?;
    let first = models.data.into_iter().next();
    let context = first.as_ref().and_then(|entry| entry.meta.as_ref()?.n_ctx);
    Ok(Model { url, name: first.map(|entry| entry.id), context })
}
