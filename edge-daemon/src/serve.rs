//! From start to stop: the port, the models, the signals, the drain.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::announce::{Announcement, Manners};
use crate::config::Config;
use crate::http;
use crate::keys::live::LiveKeys;
use crate::listen;
use crate::models::{Broken, Models};

/// Why the daemon ended without being told to.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    #[error("{0}")]
    Failed(String),
    #[error("{0}")]
    Model(String),
}

impl Stop {
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Failed(_) => ExitCode::from(1),
            Self::Model(_) => ExitCode::from(3),
        }
    }
}

/// A step of the engine may take this long; the thread is not waited for longer.
const LAST_STEP: Duration = Duration::from_secs(5);

/// Serves until a signal comes or a model breaks without which it should not go on.
pub async fn serve(config: Config) -> Result<(), Stop> {
    // Before anything is said or loaded: a stop that comes early is a stop like any.
    let mut signals = StopSignals::receive()?;
    let Config { models: configured, address, keys, pairings, tls, announce, origins, grace, .. } = config;
    let keys = keys.map(Arc::new);
    let pairings = pairings.map(Arc::new);
    let models = Models::new(configured.catalogue, configured.limit);
    // The files are looked at before the port is open: a wrong path should not look like a server for a moment.
    let looking = models.clone();
    tokio::select! {
        sound = tokio::task::spawn_blocking(move || looking.check_pinned()) => {
            sound.map_err(|error| Stop::Failed(error.to_string()))?.map_err(Stop::Model)?;
        }
        // A disk may take its time, or hang.
        () = signals.stop() => return Ok(()),
    }
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Stop::Failed(format!("{address} cannot be listened on: {error}; is another server running there? --port chooses another"))
    })?;
    let address = listener.local_addr().map_err(|error| Stop::Failed(error.to_string()))?;
    models.start();
    tracing::info!(%address, memory_mb = configured.limit / 1_000_000, "listening");

    let manners = Manners { tls: tls.is_some(), keys: keys.is_some() || pairings.is_some() };
    let announcement = announce.and_then(|name| announced(&name, address, manners));
    let saving = keys.clone().map(|keys| tokio::spawn(save_usage(keys)));
    let (stopping, mut stop_requested) = watch::channel(false);
    let stop = async move {
        // An error means that the sender is gone, which is a stop as well.
        let _ = stop_requested.wait_for(|stopping| *stopping).await;
    };
    let routes = http::router(models.clone(), keys.clone(), pairings, origins);
    let server = listen::serve(listener, tls, routes, stop);
    let mut server = server.map_err(|error| Stop::Failed(format!("TLS cannot be spoken: {error}")))?;

    tokio::select! {
        () = signals.stop() => {
            tracing::info!(seconds = grace.as_secs(), "stopping: running answers may finish");
            if let Some(announcement) = &announcement {
                announcement.withdraw();
            }
        }
        broken = models.broken() => {
            models.drain();
            models.stop();
            if let Some(keys) = &keys {
                keys.save();
            }
            // What computes must not outlive the process's own end.
            let _ = timeout(LAST_STEP, models.ended()).await;
            return Err(match broken {
                Broken::NotLoaded(reason) => Stop::Model(reason),
                Broken::Crashed(reason) => Stop::Failed(reason),
            });
        }
        outcome = &mut server => {
            return Err(Stop::Failed(format!("the server ended: {outcome:?}")));
        }
    }
    models.drain();
    stopping.send_replace(true);
    if timeout(grace, &mut server).await.is_err() {
        tracing::warn!("some answers did not finish in time and are cut off");
        models.stop();
        // Those callers are told why; one that does not read is not waited for.
        let _ = timeout(Duration::from_millis(500), &mut server).await;
        server.abort();
    }
    if let (Some(keys), Some(saving)) = (keys, saving) {
        saving.abort();
        keys.save();
    }
    models.stop();
    if timeout(LAST_STEP, models.ended()).await.is_err() {
        tracing::warn!("an engine did not end in time");
    }
    Ok(())
}

/// Announces the daemon. It serves all the same where that does not go: addresses are known in other ways, too.
fn announced(name: &str, address: SocketAddr, manners: Manners) -> Option<Announcement> {
    let announcement = Announcement::start(name, address, manners);
    announcement
        .inspect_err(
            |error| tracing::error!(%error, "the daemon could not be announced; it serves all the same"),
        )
        .ok()
}

/// Writes down what the keys have used, every now and then.
async fn save_usage(keys: Arc<LiveKeys>) {
    let mut tick = tokio::time::interval(Duration::from_secs(5));
    loop {
        tick.tick().await;
        keys.save();
    }
}

/// SIGTERM and SIGINT, which no longer end the process by themselves.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn receive() -> Result<Self, Stop> {
        let receive =
            |kind| signal(kind).map_err(|error| Stop::Failed(format!("signals cannot be received: {error}")));
        Ok(Self {
            terminate: receive(SignalKind::terminate())?,
            interrupt: receive(SignalKind::interrupt())?,
        })
    }

    /// Waits for one of them, also for one that has come already.
    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
