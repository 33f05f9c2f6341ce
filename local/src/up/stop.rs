//! The ways of asking `up` to stop.

use tokio::signal::unix::{SignalKind, signal};

/// Done on Ctrl-C, SIGTERM, or when the terminal goes away.
pub async fn asked_to_stop() {
    let wait = |kind: SignalKind| async move {
        match signal(kind) {
            Ok(mut signals) => {
                signals.recv().await;
            }
            Err(error) => {
                tracing::error!(%error, "a signal can't be listened for");
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        () = wait(SignalKind::interrupt()) => {}
        () = wait(SignalKind::terminate()) => {}
        () = wait(SignalKind::hangup()) => {}
    }
}
