//! The ways of asking `up` to stop.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens from now on, so that not even a signal in the first moment is lost; done on Ctrl-C, SIGTERM, or when the
/// terminal goes away.
pub fn asked_to_stop() -> impl Future<Output = ()> + Send {
    let [interrupt, terminate, hangup] =
        [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(listen);
    async move {
        tokio::select! {
            () = heard(interrupt) => {}
            () = heard(terminate) => {}
            () = heard(hangup) => {}
        }
    }
}

fn listen(kind: SignalKind) -> Option<Signal> {
    signal(kind).inspect_err(|error| tracing::error!(%error, "a signal can't be listened for")).ok()
}

async fn heard(signal: Option<Signal>) {
    match signal {
        Some(mut signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}
