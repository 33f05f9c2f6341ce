//! `hearth up`: everything that one machine runs, started side by side, served on one origin until it
//! is asked to stop, and stopped in order.

mod api;
mod children;
mod first_login;
mod options;
mod ready;
mod serve;
mod stop;

use std::sync::Arc;
use std::time::Duration;

pub use first_login::password;
pub use options::{ModelFile, Servers, UpOptions};
pub use ready::{Login, Ready};
pub use stop::asked_to_stop;

use self::children::Started;
use crate::api_key::ApiKeys;
use crate::auth::{Auth, AuthError};
use crate::database::DatabaseError;
use crate::gateway::{self, Services};
use crate::home::HomeError;
use crate::migrate::{MigrateError, Migrated};
use crate::page::{self, PageConfig};
use crate::rest::RestError;
use crate::secrets::{Secrets, SecretsError};
use crate::settings::{Settings, SettingsError};
use crate::supervise::{HomeLock, Lifeline, SuperviseError};

/// For so long answers that are being made may take to be stored when stopping.
const DRAIN: Duration = Duration::from_secs(5);

/// What happens, for the one who draws it.
#[derive(Debug, Clone)]
pub enum Progress {
    /// An earlier run was killed; these children of it were stopped.
    OrphansStopped(Vec<&'static str>),
    /// Work on one of these began: `postgres`, `redis`, `edge`.
    Starting(&'static str),
    /// And is done.
    Started(&'static str),
    /// Also told when nothing was to be done.
    Migrated(Migrated),
    /// The first chat can be sent.
    Ready(Box<Ready>),
    Stopping,
}

/// Told of each step, from any thread.
pub type OnProgress = Arc<dyn Fn(Progress) + Send + Sync>;

/// Why it can't be up; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum UpError {
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    #[error(transparent)]
    Supervise(#[from] SuperviseError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    #[error(transparent)]
    Rest(#[from] RestError),
    #[error("the first login can't be made: {0}")]
    Auth(#[from] AuthError),
    #[error("Redis can't be reached: {0}")]
    Redis(String),
    #[error("port {port} is taken by another program; choose another one with {flag}")]
    PortTaken { port: u16, flag: &'static str },
    #[error("port {port} can't be listened on: {source}; choose another one with {flag}")]
    Port { port: u16, flag: &'static str, source: std::io::Error },
    #[error("the daemon at {url} does not say what it serves: {reason}")]
    Edge { url: String, reason: String },
    #[error(
        "the daemon at {url} asks for a key and does not take what it is shown: set HEARTH_EDGE_API_KEY, or HEARTH_EDGE_ID and \
         HEARTH_EDGE_SERVICE_KEY as `hearth-edge pair` prints them"
    )]
    EdgeCredential { url: String },
    #[error("the API can't be configured: {0}")]
    Api(String),
    #[error("{what}: {source}")]
    File { what: String, source: std::io::Error },
}

/// Runs until `stop` is done. Everything that was started is stopped when this returns.
pub async fn run(
    options: UpOptions,
    progress: OnProgress,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), UpError> {
    let (lifeline, last_child) = Lifeline::new();
    let outcome = run_with(options, progress, stop, lifeline).await;
    last_child.ended().await;
    outcome
}

async fn run_with(
    options: UpOptions,
    progress: OnProgress,
    stop: impl Future<Output = ()> + Send,
    lifeline: Lifeline,
) -> Result<(), UpError> {
    let home = &options.home;
    home.prepare()?;
    let _lock = HomeLock::take(home)?;
    let settings = Settings::load(&home.settings_file())?;
    let secrets = Secrets::load_or_create(&home.keys_file())?;
    let origin = serve::listen(options.port(&settings))?;

    let mut stop = std::pin::pin!(stop);
    let starting = children::start(&options, &settings, &secrets, &lifeline, &progress, &origin.url);
    let started = tokio::select! {
        started = starting => started?,
        () = &mut stop => return Ok(()),
    };
    let api = api::app(&secrets, &origin.url, &started.model)?;
    let (router, ready) = compose(&started, &secrets, &origin.url, &api).await?;
    let server = origin.serve(router);
    ready.save(&home.up_file()).map_err(|source| file(home.up_file().display().to_string(), source))?;
    progress(Progress::Ready(Box::new(ready)));

    stop.await;
    progress(Progress::Stopping);
    let _ = std::fs::remove_file(home.up_file());
    // While all of it still runs: what answers have said so far is stored, and their streams end by themselves.
    api.drain(DRAIN).await;
    server.stop().await;
    started.stop().await;
    Ok(())
}

/// The services behind one router, and what the person at the terminal must know.
async fn compose(
    started: &Started,
    secrets: &Secrets,
    url: &str,
    api: &hearth_api::App,
) -> Result<(axum::Router, Ready), UpError> {
    let auth: &Auth = &started.auth;
    let keys = ApiKeys::new(secrets);
    let services = Services {
        auth: auth.router(keys.clone()),
        rest: started.rest.router(),
        redis: started.redis.router(),
        api: hearth_api::router(api.clone()),
        page: page::router(PageConfig { publishable_key: secrets.publishable_key.clone() }),
    };
    let login = first_login::make(auth).await?;
    let ready = Ready::new(secrets, url, &started.model, login);
    Ok((gateway::router(services, keys), ready))
}

fn file(what: String, source: std::io::Error) -> UpError {
    UpError::File { what, source }
}
