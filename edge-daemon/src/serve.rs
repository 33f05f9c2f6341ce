//! From start to stop: the port, the engine, the signals, the drain.

use axum::serve::ListenerExt as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::config::Config;
use crate::engine::{End, Engine};
use crate::http;
use crate::keys::live::LiveKeys;
use crate::model::gguf;

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

/// Serves until a signal comes or the engine ends.
pub async fn serve(config: Config) -> Result<(), Stop> {
    let Config { model, id, address, keys, pairings, origins, engine: settings, grace, .. } = config;
    let keys = keys.map(Arc::new);
    let pairings = pairings.map(Arc::new);
    // The file is looked at before the port is open: a wrong path should not look like a server for a moment.
    gguf::check(&model).map_err(|error| Stop::Model(error.to_string()))?;
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Stop::Failed(format!("{address} cannot be listened on: {error}; is another server running there? --port chooses another"))
    })?;
    let address = listener.local_addr().map_err(|error| Stop::Failed(error.to_string()))?;
    let engine = Engine::start(model, settings)
        .map_err(|error| Stop::Failed(format!("no thread for the engine: {error}")))?;
    tracing::info!(%address, model = id, "listening; the model is loading");

    let saving = keys.clone().map(|keys| tokio::spawn(save_usage(keys)));
    let (stopping, mut stop_requested) = watch::channel(false);
    let listener = listener.tap_io(|connection| {
        // A token is small and must not wait for the one after it.
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
    });
    let server = axum::serve(listener, http::router(engine.clone(), id, keys.clone(), pairings, origins))
        .with_graceful_shutdown(async move {
            // An error means that the sender is gone, which is a stop as well.
            let _ = stop_requested.wait_for(|stopping| *stopping).await;
        });
    let mut server = tokio::spawn(server.into_future());

    tokio::select! {
        signal = stop_signal() => {
            signal?;
            tracing::info!(seconds = grace.as_secs(), "stopping: running answers may finish");
        }
        end = engine.ended() => {
            return Err(match end {
                End::NotLoaded(reason) => Stop::Model(reason),
                End::AsTold | End::Crashed => Stop::Failed("the engine thread ended unexpectedly".to_owned()),
            });
        }
        outcome = &mut server => {
            return Err(Stop::Failed(format!("the server ended: {outcome:?}")));
        }
    }
    engine.drain();
    stopping.send_replace(true);
    if timeout(grace, &mut server).await.is_err() {
        tracing::warn!("some answers did not finish in time and are cut off");
        engine.stop();
        // Those callers are told why; one that does not read is not waited for.
        let _ = timeout(Duration::from_millis(500), &mut server).await;
        server.abort();
    }
    if let (Some(keys), Some(saving)) = (keys, saving) {
        saving.abort();
        keys.save();
    }
    engine.stop();
    if timeout(LAST_STEP, engine.ended()).await.is_err() {
        tracing::warn!("the engine did not end in time");
    }
    Ok(())
}

/// Writes down what the keys have used, every now and then.
async fn save_usage(keys: Arc<LiveKeys>) {
    let mut tick = tokio::time::interval(Duration::from_secs(5));
    loop {
        tick.tick().await;
        keys.save();
    }
}

async fn stop_signal() -> Result<(), Stop> {
    let no_signals = |error: std::io::Error| Stop::Failed(format!("signals cannot be received: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
